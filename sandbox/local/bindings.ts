/** The sandbox as a bindings file for the shipped plan: hosts, references to credentials, folders, and nothing else. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Sandbox } from './sandbox.js';
import type { TargetEnvironment } from './target.js';

/** @returns the path of the bindings file */
export async function writeBindings(sandbox: Pick<Sandbox, 'home' | 'target'>): Promise<string> {
  const { target, home } = sandbox;
  const { staging, production } = target.environments;
  const evidence = join(home, 'evidence');
  await mkdir(evidence, { recursive: true, mode: 0o700 });
  const bindings = {
    surefoot: 1,
    hosts: { ...hostsOf('staging', staging), ...hostsOf('production', production), announcements: '' },
    credentials: {
      'staging-database': `file:${staging.database.passwordFile}`,
      'staging-test': `file:${staging.testUser.passwordFile}`,
      'production-database': `file:${production.database.passwordFile}`,
      'production-test': `file:${production.testUser.passwordFile}`,
    },
    folders: {
      repository: target.repository,
      scripts: target.operationsFolder,
      'staging-application': staging.backendFolder,
      'staging-tools': target.binFolder,
      'production-application': production.backendFolder,
      'production-tools': target.binFolder,
      evidence,
    },
  };
  const file = join(home, 'bindings.yaml');
  await writeFile(file, stringify(bindings), { mode: 0o600 });
  return file;
}

function hostsOf(name: string, { url, database }: TargetEnvironment): Record<string, string> {
  const { host, port, user } = database;
  return {
    [`${name}-api`]: url,
    [`${name}-server`]: 'local:',
    [`${name}-database`]: `postgresql://${user}@${host}:${port}/${database.name}`,
  };
}

/** The sandbox as a bindings file for the shipped plan: hosts, references to credentials, folders, and nothing else. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Sandbox } from './sandbox.js';
import { ensureSecret } from './secrets.js';
import type { TargetEnvironment } from './target.js';
import { targetLayout } from './target-layout.js';

/**
 * @param announcements the URL of what plays Slack and PagerDuty; without it those are off
 * @returns the path of the bindings file
 */
export async function writeBindings(
  sandbox: Pick<Sandbox, 'home' | 'target' | 'temporal'>,
  announcements = '',
): Promise<string> {
  const { target, home } = sandbox;
  const token = await ensureSecret(targetLayout(home).secrets, 'announcements');
  const { staging, production } = target.environments;
  const evidence = join(home, 'evidence');
  await mkdir(evidence, { recursive: true, mode: 0o700 });
  const bindings = {
    surefoot: 1,
    hosts: {
      backups: `file:${join(home, 'backups')}`,
      // One server has both databases, and is named for trial restores.
      'scratch-database': scratchOf(staging),
      ...hostsOf('staging', staging),
      ...hostsOf('production', production),
      slack: announcements,
      pagerduty: announcements,
      'temporal-ui': sandbox.temporal.uiUrl,
    },
    credentials: {
      'staging-database': `file:${staging.database.passwordFile}`,
      'scratch-database': `file:${staging.database.passwordFile}`,
      'staging-test': `file:${staging.testUser.passwordFile}`,
      'production-database': `file:${production.database.passwordFile}`,
      'production-test': `file:${production.testUser.passwordFile}`,
      slack: `file:${token}`,
      'devops-on-call': `file:${token}`,
      'dba-on-call': `file:${token}`,
    },
    folders: {
      repository: target.repository,
      scripts: target.operationsFolder,
      'test-reports': targetLayout(home).testReports,
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

const scratchOf = ({ database: { user, host, port } }: TargetEnvironment) =>
  `postgresql://${user}@${host}:${port}/postgres`;

function hostsOf(name: string, { url, database }: TargetEnvironment): Record<string, string> {
  const { host, port, user } = database;
  return {
    [`${name}-api`]: url,
    [`${name}-server`]: 'local:',
    [`${name}-database`]: `postgresql://${user}@${host}:${port}/${database.name}`,
  };
}

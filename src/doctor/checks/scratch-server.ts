/** The server for trial restores: reachable, with the right to make databases, and new enough. Only looked at. */
import { serverVersion, withDatabase } from '../../adapters/postgres/postgres.js';
import type { DumpBackup } from '../../contract/plan/backup.js';
import type { Environment } from '../../contract/plan/environment.js';
import { databaseOf, dumpOf, environmentsOf } from '../../contract/plan/parts.js';
import type { Check, CheckContext, CheckResult } from './check.js';
import { isSecretMissing, messageInOneLine, stepsOf } from './databases.js';

export function scratchChecks({ plan }: CheckContext): Check[] {
  const dump = dumpOf(plan);
  if (!dump) return [];
  const { environments } = plan;
  const { backup: step } = stepsOf(environments.staging ?? environments.production);
  return [{ id: 'scratch-server', step, run: () => tryScratch(dump, environmentsOf({ environments })) }];
}

async function tryScratch({ scratch }: DumpBackup, environments: Environment[]): Promise<CheckResult[]> {
  const where = `the scratch server ${scratch.host}:${scratch.port}`;
  let found: { may: boolean; version: number };
  try {
    found = await withDatabase(
      scratch,
      async (client) => {
        const { rows } = await client.query<{ may: boolean }>(
          'select rolcreatedb or rolsuper as may from pg_roles where rolname = current_user',
        );
        return { may: rows[0]?.may === true, version: await serverVersion(client) };
      },
      { session: true },
    );
  } catch (error) {
    if (isSecretMissing(error)) throw error;
    const advice = 'Check `backup.scratch`: host, user, password, and the way to it from this machine.';
    return [{ name: 'scratch-server', ok: false, text: messageInOneLine(error), advice }];
  }
  const { may, version } = found;
  const findings: CheckResult[] = [
    {
      name: 'createdb',
      ok: may,
      text: may ? `${scratch.user} may create databases on ${where}` : `no CREATEDB for ${scratch.user} on ${where}`,
      ...(!may && {
        advice: `ALTER ROLE ${scratch.user} CREATEDB there, or name another server in \`backup.scratch\`.`,
      }),
    },
  ];
  for (const environment of environments) {
    const own = await withDatabase(databaseOf(environment), serverVersion).catch(() => undefined);
    if (own === undefined || own <= version) continue;
    const text = `${where} has PostgreSQL ${version}, older than ${environment.name}'s ${own}: its dumps may not be restored there`;
    const advice = 'Name a server of at least that version in `backup.scratch`.';
    findings.push({
      name: `${environment.name}-scratch-version`,
      step: stepsOf(environment).backup,
      ok: false,
      text,
      advice,
    });
  }
  return findings;
}

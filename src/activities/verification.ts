/** Production's real state, by the database and the application themselves rather than by what steps have reported. */
import { healthPlace } from '../adapters/application/health-reading.js';
import { storedRevisions } from '../adapters/migration/revision-table.js';
import { hasTable, isUsable, readIndexes } from '../adapters/postgres/catalogue.js';
import { type DatabaseClient, withDatabase } from '../adapters/postgres/postgres.js';
import { countRowsOf, countValuesOf } from '../adapters/postgres/row-counts.js';
import type { VerificationActivities } from '../contract/activities/postgres.js';
import type { IndexExpectations } from '../contract/plan/migration.js';
import { databaseOf } from '../contract/plan/parts.js';
import { type Fact, failures, passed, unknownFact } from '../domain/evidence.js';
import { type RevisionTable, UnreadableRevision } from '../domain/migration/migration-tool.js';
import { migrationTool } from '../domain/migration/migration-tools.js';
import { spellingAdvice } from '../domain/release-spelling.js';
import { withHeartbeat } from './commands/heartbeat.js';
import { askTable, theRevision } from './migration/revisions.js';
import { askRelease, commitFacts, type RunningRelease } from './running-release.js';

const TIMEOUT = 10_000;

type Expected = Parameters<VerificationActivities['verifyState']>[0]['expected'];

/**
 * Facts: `version`, `commit`, `revision`, `indexes`, each when it is expected to be something.
 * @param options.answer longest time for an answer of the health check, milliseconds
 */
export function createVerificationActivities({ answer = TIMEOUT } = {}): VerificationActivities {
  return {
    verifyState: ({ environment, healthPath, expected }) =>
      withHeartbeat(async (signal) => {
        const facts: Fact[] = [];
        if (expected.version !== undefined) {
          const running = await askRelease(healthPlace(environment, healthPath), answer, signal, [expected.version]);
          facts.push(...versionFacts(running, expected.version), ...commitFacts(running.commits, expected.commit));
        }
        const { revision, indexes } = expected;
        if (revision !== undefined || indexes !== undefined) {
          await withDatabase(databaseOf(environment), async (client) => {
            if (revision !== undefined) facts.push(await revisionFact(client, { ...expected, revision }));
            if (indexes !== undefined) facts.push(await indexesFact(client, indexes));
          });
        }
        const told = facts.map((fact) => fact.text);
        if (expected.version !== undefined && !facts.some(({ name }) => name === 'version')) told.unshift(UNTOLD);
        const report = { summary: told.join('; '), facts, evidence: [] };
        return passed(report) ? report : { ...report, summary: failures(report) };
      }),

    countStored: ({ environment, drops }) =>
      withHeartbeat((signal) =>
        withDatabase(databaseOf(environment), (client) => countEach(client, drops), { signal }),
      ),

    storedRevision: (asked) =>
      withHeartbeat((signal) =>
        withDatabase(
          databaseOf(asked.environment),
          async (client) => theRevision((await askTable(asked, client)) ?? { found: [] }),
          { signal },
        ),
      ),
  };
}

async function countEach(
  client: DatabaseClient,
  { tables, columns }: Parameters<VerificationActivities['countStored']>[0]['drops'],
): Promise<Record<string, number>> {
  const stored: Record<string, number> = {};
  for (const table of tables) stored[table] = await countRowsOf(client, table);
  for (const { table, column } of columns) stored[`${table}.${column}`] = await countValuesOf(client, table, column);
  return stored;
}

const UNTOLD = 'the health check answers, and tells no version (health.version: none)';

/** None where, by the plan, nothing tells. */
function versionFacts(running: RunningRelease, version: string): Fact[] {
  const name = 'version';
  if ('untold' in running) return [];
  if ('problem' in running) return [unknownFact(name, `which version runs is not known: ${running.problem}`)];
  const said = 'version' in running ? `answers with version ${running.version}` : 'does not answer with that';
  const advice = 'version' in running ? spellingAdvice(running.version, version) : '';
  const text = `the health check ${said}, expected ${version}${advice}`;
  return [{ name, ok: 'version' in running && running.version === version, text }];
}

async function revisionFact(
  client: DatabaseClient,
  { revision, tool: name = '', reported }: Expected & { revision: string | null },
): Promise<Fact> {
  const tool = migrationTool(name);
  const found = await foundRevisions(client, tool.table, reported);
  if ('problem' in found) return unknownFact('revision', `the revision of the database is not known: ${found.problem}`);
  const at = found.revisions.join(', ') || 'no revision';
  const ok = found.revisions.length <= 1 && tool.same(found.revisions[0] ?? null, revision);
  return { name: 'revision', ok, text: `the database is at ${at}, expected ${revision ?? 'no revision'}` };
}

async function foundRevisions(
  client: DatabaseClient,
  table: RevisionTable | undefined,
  reported: string | null | undefined,
): Promise<{ revisions: string[] } | { problem: string }> {
  if (reported !== undefined) return { revisions: reported === null ? [] : [reported] };
  if (!table) return { problem: 'nobody has asked the migration tool' };
  try {
    return { revisions: (await storedRevisions(client, table)) ?? [] };
  } catch (error) {
    if (!(error instanceof UnreadableRevision)) throw error;
    return { problem: error.message };
  }
}

async function indexesFact(
  client: DatabaseClient,
  { present, expectations }: { present: boolean; expectations: IndexExpectations },
): Promise<Fact> {
  const { table, expected } = expectations;
  // A downgrade takes a table that the migration has made with it.
  if (!present && !(await hasTable(client, table))) {
    return { name: 'indexes', ok: true, text: `indexes of this deployment: none is left, nor their table ${table}` };
  }
  const found = await readIndexes(client, table);
  const states = expected.map(({ name }) => ({ name, index: found.find((index) => index.name === name) }));
  const wrong = states.filter(({ index }) => (present ? !index || !isUsable(index) : index !== undefined));
  const ok = wrong.length === 0;
  const names = wrong.map(
    ({ name, index }) => `${name} ${index ? (isUsable(index) ? 'is still there' : 'is invalid') : 'is missing'}`,
  );
  const good = present ? 'all are there and valid' : 'none is left';
  return { name: 'indexes', ok, text: `indexes of this deployment: ${ok ? good : names.join(', ')}` };
}

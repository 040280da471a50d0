/** What is asked of the databases: the review after an hour, numbers of rows (checklist 4.2). */
import { type Blocked, readLocks, type SlowStatement, slowStatements } from '../adapters/database-catalogue.js';
import { storeEvidence } from '../adapters/evidence-store.js';
import { countRowsOf, withDatabase } from '../adapters/postgres.js';
import type { DatabaseActivities } from '../contract/activities.js';
import { formatDuration } from '../domain/duration.js';
import { type Fact, unknownFact } from '../domain/evidence.js';
import { attended } from './attendance.js';
import { evidencePath } from './recorded-commands.js';

/** Checklist 4.2: a statement is slow when it takes longer on average, milliseconds. */
const SLOW = 1_000;
/** A session that has waited longer for a lock is blocked; shorter waits are everyday life. Milliseconds. */
const BLOCKED_FOR = 1_000;

/** Facts: `reviewDatabase` establishes `slow-queries` and `locks`. */
export function createDatabaseActivities(): DatabaseActivities {
  return {
    reviewDatabase: ({ key, evidence, environment }) =>
      attended(() =>
        withDatabase(environment.database, async (client) => {
          const slow = await slowStatements(client, SLOW);
          const locks = await readLocks(client);
          const facts = [slowFact(slow), locksFact(locks)];
          const content = `${JSON.stringify({ slow, locks }, undefined, 2)}\n`;
          const path = evidencePath(key, 'database-review.json');
          const reference = await storeEvidence(evidence, { title: 'Review of the database', path, content });
          const report = { summary: '', facts, evidence: [reference] };
          return { ...report, summary: facts.map((fact) => fact.text).join('; ') };
        }),
      ),

    countRows: ({ environment, table }) =>
      attended(() => withDatabase(environment.database, (client) => countRowsOf(client, table))),
  };
}

function slowFact(slow: SlowStatement[] | undefined): Fact {
  const name = 'slow-queries';
  if (slow === undefined) {
    const text = 'slow queries are unknown: the extension pg_stat_statements is not installed in this database';
    return unknownFact(name, text);
  }
  const texts = slow.map(
    ({ query, calls, mean }) => `${short(query)} (${calls} calls, ${formatDuration(mean)} on average)`,
  );
  const text = texts.length === 0 ? 'no query takes longer than 1 s on average' : `slow: ${texts.join('; ')}`;
  return { name, ok: slow.length === 0, text };
}

const short = (query: string) => query.replaceAll(/\s+/g, ' ').trim().slice(0, 120);

function locksFact({ blocked, deadlocks, since }: { blocked: Blocked[]; deadlocks: number; since: Date | null }): Fact {
  const long = blocked.filter(({ age }) => age > BLOCKED_FOR);
  const counted = `${deadlocks} deadlocks counted since ${since?.toISOString() ?? 'the database was made'}`;
  const who = long.map(({ pid, by, age }) => `${pid} by ${by.join(' and ')} for ${formatDuration(age)}`).join(', ');
  return { name: 'locks', ok: long.length === 0, text: `${who ? `blocked: ${who}` : 'nobody is blocked'}; ${counted}` };
}

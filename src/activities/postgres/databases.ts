/** What is asked of the databases: the review after an hour, numbers of rows (checklist 4.2). */

import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { type Locks, readLocks, type SlowStatements, slowStatements } from '../../adapters/postgres/catalogue.js';
import { withDatabase } from '../../adapters/postgres/postgres.js';
import { quotableStatement } from '../../adapters/postgres/quotable.js';
import { countRowsOf } from '../../adapters/postgres/row-counts.js';
import { inWords, type Untold } from '../../adapters/postgres/statement-statistics.js';
import type { DatabaseActivities } from '../../contract/activities/postgres.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, unknownFact } from '../../domain/evidence.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

/** Checklist 4.2: a statement is slow when it takes longer on average, milliseconds. */
const SLOW = 1_000;
/** A session that has waited longer for a lock is blocked; shorter waits are everyday life. Milliseconds. */
const BLOCKED_FOR = 1_000;

/** Facts: `reviewDatabase` establishes `slow-queries` and `locks`. */
export function createDatabaseActivities(): DatabaseActivities {
  return {
    reviewDatabase: ({ key, evidence, environment }) =>
      withHeartbeat(() =>
        withDatabase(databaseOf(environment), async (client) => {
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
      withHeartbeat((signal) =>
        withDatabase(databaseOf(environment), (client) => countRowsOf(client, table), { signal }),
      ),
  };
}

function slowFact(seen: SlowStatements | Untold): Fact {
  const name = 'slow-queries';
  if ('unknown' in seen) return unknownFact(name, `slow queries are unknown: ${inWords(seen)}`);
  const texts = seen.slow.map(
    ({ query, calls, mean }) => `${short(query)} (${calls} calls, ${formatDuration(mean)} on average)`,
  );
  const since = seen.since ? ` since ${seen.since.toISOString()}` : '';
  const text = texts.length === 0 ? `no query takes longer than 1 s on average${since}` : `slow: ${texts.join('; ')}`;
  return { name, ok: texts.length === 0, text };
}

const short = (query: string) => quotableStatement(query).replaceAll(/\s+/g, ' ').trim().slice(0, 120);

function locksFact({ blocked, deadlocks, since }: Locks): Fact {
  const name = 'locks';
  const counted =
    deadlocks === undefined
      ? 'deadlocks are not counted (track_counts is off)'
      : `${deadlocks} deadlocks counted since ${since?.toISOString() ?? 'the database was made'}`;
  const named = ({ pid, by, age }: Locks['blocked'][number]) =>
    `${pid} by ${by.join(' and ')}${age === null ? '' : ` for ${formatDuration(age)}`}`;
  const long = blocked.filter(({ age }) => age !== null && age > BLOCKED_FOR);
  if (long.length > 0) return { name, ok: false, text: `blocked: ${long.map(named).join(', ')}; ${counted}` };
  const unknown = blocked.filter(({ age }) => age === null);
  if (unknown.length === 0) return { name, ok: true, text: `nobody is blocked; ${counted}` };
  const why = 'for how long is hidden without pg_read_all_stats: grant it';
  return unknownFact(name, `blocked: ${unknown.map(named).join(', ')}, ${why}; ${counted}`);
}

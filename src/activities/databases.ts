/** What is asked of the databases: backups, indexes, the review after an hour (checklist 1.1, 1.3, 3.1, 3.5, 4.2). */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type Blocked,
  type IndexState,
  isUsable,
  readIndexes,
  readLocks,
  type SlowStatement,
  slowStatements,
} from '../adapters/database-catalogue.js';
import { dumpDatabase, findDumpTools, readWhole } from '../adapters/dump.js';
import { evidenceFile, referTo, storeEvidence } from '../adapters/evidence-store.js';
import { countRowsOf, serverVersion, withDatabase } from '../adapters/postgres.js';
import { describePlan, explain, usesIndex } from '../adapters/query-plans.js';
import type { DatabaseActivities } from '../contract/activities.js';
import type { IndexExpectations } from '../contract/plan.js';
import { formatDuration } from '../domain/duration.js';
import { type Fact, failures, passed } from '../domain/evidence.js';
import { attended } from './attendance.js';
import { evidencePath } from './recorded-commands.js';

/** Checklist 4.2: a statement is slow when it takes longer on average, milliseconds. */
const SLOW = 1_000;
/** A session that has waited longer for a lock is blocked; shorter waits are everyday life. Milliseconds. */
const BLOCKED_FOR = 1_000;

/**
 * Facts: `backUpDatabase` establishes `created`, `size`, `readable`, `stored`; `checkIndexes` `all-present`, `valid`,
 * `columns`, `total` (when the plan states it) and `plans`; `reviewDatabase` `slow-queries`, `index-use`, `locks`.
 */
export function createDatabaseActivities(): DatabaseActivities {
  return {
    backUpDatabase: (input) => attended((signal) => backUp(input, signal)),

    checkIndexes: ({ key, evidence, environment, indexes }) =>
      attended(() =>
        withDatabase(environment.database, async (client) => {
          const present = await readIndexes(client, indexes.table);
          const plans = [];
          for (const query of indexes.queries) {
            const { chosen, usable } = await explain(client, query.sql);
            const leading = indexes.expected.find((index) => index.name === query.uses)?.columns[0];
            plans.push({ ...query, canUse: usesIndex(usable, query.uses, leading), chosen, usable });
          }
          const facts = [...indexFacts(present, indexes), plansFact(plans)];
          const content = `${JSON.stringify({ indexes: present, plans }, undefined, 2)}\n`;
          const path = evidencePath(key, 'indexes.json');
          const reference = await storeEvidence(evidence, { title: 'Indexes and query plans', path, content });
          const report = { summary: '', facts, evidence: [reference] };
          const good = `${indexes.expected.length} indexes are valid on ${indexes.table}, and its queries can use them`;
          return { ...report, summary: passed(report) ? good : failures(report) };
        }),
      ),

    reviewDatabase: ({ key, evidence, environment, indexes }) =>
      attended(() =>
        withDatabase(environment.database, async (client) => {
          const present = await readIndexes(client, indexes.table);
          const slow = await slowStatements(client, SLOW);
          const locks = await readLocks(client);
          const facts = [slowFact(slow), useFact(present, indexes), locksFact(locks)];
          const content = `${JSON.stringify({ slow, indexes: present, locks }, undefined, 2)}\n`;
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

async function backUp(
  { key, evidence, environment }: Parameters<DatabaseActivities['backUpDatabase']>[0],
  signal: AbortSignal,
): ReturnType<DatabaseActivities['backUpDatabase']> {
  const { database } = environment;
  const tools = await findDumpTools(await withDatabase(database, serverVersion), environment.tools);
  const path = evidencePath(key, `${environment.name}.dump`);
  const file = evidenceFile(evidence, path);
  await clearInterrupted(file);
  const temporary = `${file}.${randomUUID()}.part`;
  const begun = performance.now();
  try {
    await dumpDatabase(tools, { database, file: temporary, signal });
    const took = formatDuration(performance.now() - begun);
    const whole = await readWhole(tools, temporary, signal);
    const before = await referTo(evidence, '', `${path}${temporary.slice(file.length)}`);
    const facts: Fact[] = [
      { name: 'created', ok: true, text: `${database.name} dumped in ${took} by ${tools.version}` },
      { name: 'size', ok: before.bytes > 0, text: `${before.bytes} bytes` },
      { name: 'readable', ok: whole.readable, text: whole.text },
    ];
    if (!whole.readable) {
      facts.push({ name: 'stored', ok: false, text: 'an unreadable dump is not stored' });
      return { summary: whole.text, facts, evidence: [], bytes: before.bytes, sha256: before.sha256 };
    }
    await rename(temporary, file);
    const stored = await referTo(evidence, `Dump of ${database.name}`, path);
    const same = stored.sha256 === before.sha256;
    const text = same
      ? `stored as ${path}, sha256 ${stored.sha256}`
      : 'the stored dump differs from the one that was read';
    facts.push({ name: 'stored', ok: same, text });
    const summary = `${database.name}: ${stored.bytes} bytes, read whole, ${text}`;
    return { summary, facts, evidence: [stored], bytes: stored.bytes, sha256: stored.sha256 };
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes what an attempt that was killed has left: half a dump is of no use to anybody. */
async function clearInterrupted(file: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const left = (await readdir(folder)).filter(
    (name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.part'),
  );
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}

function indexFacts(present: IndexState[], { table, total, expected }: IndexExpectations): Fact[] {
  const found = expected.flatMap((index) => present.find(({ name }) => name === index.name) ?? []);
  const missing = expected.filter((index) => !present.some(({ name }) => name === index.name)).map(({ name }) => name);
  const invalid = found.filter((index) => !isUsable(index)).map(({ name }) => name);
  const wrong = found.flatMap(({ name, columns }) => {
    const wanted = expected.find((index) => index.name === name)?.columns ?? [];
    return same(columns, wanted) ? [] : [`${name} has (${columns.join(', ')}) instead of (${wanted.join(', ')})`];
  });
  // What is not there can't be valid or have the right columns either.
  const absent = missing.length > 0 ? `; missing: ${missing.join(', ')}` : '';
  const facts: Fact[] = [
    {
      name: 'all-present',
      ok: missing.length === 0,
      text: `${found.length} of ${expected.length} indexes are on ${table}${absent}`,
    },
    {
      name: 'valid',
      ok: invalid.length === 0 && missing.length === 0,
      text: invalid.length > 0 ? `invalid: ${invalid.join(', ')}${absent}` : `those present are valid${absent}`,
    },
    {
      name: 'columns',
      ok: wrong.length === 0 && missing.length === 0,
      text: wrong.length > 0 ? `${wrong.join('; ')}${absent}` : `columns and their order are right${absent}`,
    },
  ];
  if (total === undefined) return facts;
  const text = `${present.length} indexes on ${table}, expected ${total}`;
  return [...facts, { name: 'total', ok: present.length === total, text }];
}

/** pg_get_indexdef quotes names that need it; the plan does not. */
const same = (columns: string[], wanted: string[]) =>
  columns.length === wanted.length &&
  columns.every((column, position) => column === wanted[position] || column === `"${wanted[position]}"`);

function plansFact(
  plans: { name: string; uses: string; canUse: boolean; chosen: Parameters<typeof describePlan>[0] }[],
): Fact {
  const texts = plans.map(
    ({ name, uses, canUse, chosen }) =>
      `${name}: ${canUse ? 'can use' : 'cannot use'} ${uses}; chosen: ${describePlan(chosen)}`,
  );
  const text = texts.join('; ') || 'the plan names no queries';
  return { name: 'plans', ok: plans.length > 0 && plans.every(({ canUse }) => canUse), text };
}

function slowFact(slow: SlowStatement[] | undefined): Fact {
  const name = 'slow-queries';
  if (slow === undefined) {
    const text = 'slow queries are unknown: the extension pg_stat_statements is not installed in this database';
    return { name, ok: false, text };
  }
  const texts = slow.map(
    ({ query, calls, mean }) => `${short(query)} (${calls} calls, ${formatDuration(mean)} on average)`,
  );
  const text = texts.length === 0 ? 'no query takes longer than 1 s on average' : `slow: ${texts.join('; ')}`;
  return { name, ok: slow.length === 0, text };
}

const short = (query: string) => query.replaceAll(/\s+/g, ' ').trim().slice(0, 120);

/** The indexes that the plan's queries are for must have been scanned; without queries, every expected one. */
function useFact(present: IndexState[], { expected, queries }: IndexExpectations): Fact {
  const names = queries.length > 0 ? queries.map(({ uses }) => uses) : expected.map(({ name }) => name);
  const scans = [...new Set(names)].map((name) => ({
    name,
    scans: present.find((index) => index.name === name)?.scans,
  }));
  const text = scans.map((index) => `${index.name}: ${index.scans ?? 'missing'}`).join(', ');
  return { name: 'index-use', ok: scans.every((index) => (index.scans ?? 0) > 0), text: `scans so far: ${text}` };
}

function locksFact({ blocked, deadlocks, since }: { blocked: Blocked[]; deadlocks: number; since: Date | null }): Fact {
  const long = blocked.filter(({ age }) => age > BLOCKED_FOR);
  const counted = `${deadlocks} deadlocks counted since ${since?.toISOString() ?? 'the database was made'}`;
  const who = long.map(({ pid, by, age }) => `${pid} by ${by.join(' and ')} for ${formatDuration(age)}`).join(', ');
  return { name: 'locks', ok: long.length === 0, text: `${who ? `blocked: ${who}` : 'nobody is blocked'}; ${counted}` };
}

/** Whether the indexes are what the plan says, what its queries can do with them, and whether production uses them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../../adapters/deadline.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { type IndexState, isUsable, readIndexes, readIndexUse } from '../../adapters/postgres/catalogue.js';
import { withDatabase } from '../../adapters/postgres/postgres.js';
import { describePlans, explainQuery, type PlansByMode, usesIndex } from '../../adapters/postgres/query-plans.js';
import type { IndexActivities, IndexUse } from '../../contract/activities/postgres.js';
import type { IndexExpectations, PlannedQuery } from '../../contract/plan/migration.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { type Fact, failures, passed, unknownFact } from '../../domain/evidence.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

/** PostgreSQL counts a scan when the session next reports: within a second in a busy one, within ten in an idle one. */
const COUNTED_WITHIN = 12_000;
const LOOK_EVERY = 250;

/**
 * Facts: `checkIndexes` establishes `all-present`, `valid`, `columns`, `total` (when the plan states it) and `plans`;
 * `checkIndexUse` `used`.
 * @param countedWithin how long a scan that is not counted yet is waited for, milliseconds
 */
export function createIndexActivities(countedWithin = COUNTED_WITHIN): IndexActivities {
  return {
    checkIndexes: ({ key, evidence, environment, indexes }) =>
      withHeartbeat(() =>
        withDatabase(databaseOf(environment), async (client) => {
          const present = await readIndexes(client, indexes.table);
          const plans: ExplainedQuery[] = [];
          for (const query of indexes.queries) {
            plans.push(judgePlans(query, { indexes, present }, await explainQuery(client, query)));
          }
          const facts = [...indexFacts(present, indexes), plansFact(plans)];
          const content = `${JSON.stringify({ indexes: present, plans }, undefined, 2)}\n`;
          const path = evidencePath(key, 'indexes.json');
          const reference = await storeEvidence(evidence, { title: 'Indexes and query plans', path, content });
          const report = { summary: '', facts, evidence: [reference] };
          const good = `${indexes.expected.length} indexes are valid on ${indexes.table}, and its queries can use them`;
          // The last of all: nothing of what was done here may pass for use by the application.
          const use = await readIndexUse(client, indexes.table);
          return { ...report, summary: passed(report) ? good : failures(report), use };
        }),
      ),

    checkIndexUse: ({ key, evidence, environment, indexes, baseline, advisory }) =>
      withHeartbeat((signal) =>
        withDatabase(
          databaseOf(environment),
          async (client) => {
            const until = new Deadline(countedWithin);
            let use = await readIndexUse(client, indexes.table);
            let judged = judgeUse(indexes, baseline, use);
            while (judged.mayCome && !until.passed) {
              await sleep(LOOK_EVERY, undefined, { signal });
              use = await readIndexUse(client, indexes.table);
              judged = judgeUse(indexes, baseline, use);
            }
            const fact: Fact = { ...judged.fact, ...(advisory && !judged.fact.ok ? { advisory } : {}) };
            // Another try is on its way: what it stores must not be written over.
            signal.throwIfAborted();
            const content = `${JSON.stringify({ baseline, now: use }, undefined, 2)}\n`;
            const path = evidencePath(key, 'index-use.json');
            const reference = await storeEvidence(evidence, { title: 'Scans of the indexes', path, content });
            return { summary: fact.text, facts: [fact], evidence: [reference] };
          },
          { signal },
        ),
      ),
  };
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

interface ExplainedQuery extends PlannedQuery {
  plans: PlansByMode;
  /** Under which plans the index is of no use. */
  uselessFor: string[];
}

function judgePlans(
  query: PlannedQuery,
  { indexes, present }: { indexes: IndexExpectations; present: IndexState[] },
  plans: PlansByMode,
): ExplainedQuery {
  const leading = indexes.expected.find((index) => index.name === query.uses)?.columns[0];
  const names = [query.uses, ...(present.find(({ name }) => name === query.uses)?.partitions ?? [])];
  const useless = (mode: keyof PlansByMode) => plans[mode] && !usesIndex(plans[mode].usable, names, leading);
  return { ...query, plans, uselessFor: (['custom', 'generic'] as const).filter(useless) };
}

function plansFact(queries: ExplainedQuery[]): Fact {
  const texts = queries.map(({ name, uses, uselessFor, plans }) => {
    const which = plans.generic && uselessFor.length > 0 ? ` in its ${uselessFor.join(' and ')} plan` : '';
    return `${name}: ${uselessFor.length === 0 ? 'can use' : 'cannot use'} ${uses}${which}; chosen: ${describePlans(plans)}`;
  });
  const text = texts.join('; ') || 'the plan names no queries';
  return { name: 'plans', ok: queries.length > 0 && queries.every(({ uselessFor }) => uselessFor.length === 0), text };
}

/** The indexes that the plan's queries are for must have been scanned since; without queries, every expected one. */
function judgeUse(
  { expected, queries }: IndexExpectations,
  baseline: IndexUse | undefined,
  now: IndexUse,
): { fact: Fact; mayCome: boolean } {
  const unknown = (text: string) => ({ fact: unknownFact('used', `not known: ${text}`), mayCome: false });
  if (!baseline) return unknown('the scans were not counted right after the deploy');
  const uncounted = baseline.uncounted ?? now.uncounted;
  if (uncounted !== undefined) return unknown(`the server counts no scans: ${uncounted}`);
  const names = [...new Set(queries.length > 0 ? queries.map(({ uses }) => uses) : expected.map(({ name }) => name))];
  const scans = names.map((name) => ({ name, before: baseline.scans[name] ?? 0, now: now.scans[name] }));
  if (
    now.reset !== baseline.reset ||
    scans.some((index) => (index.now ?? 0) < index.before && index.now !== undefined)
  ) {
    return unknown(`the server's statistics were reset after the deploy (${now.reset ?? 'it was restarted'})`);
  }
  const missing = scans.filter((index) => index.now === undefined).map(({ name }) => name);
  const unused = scans.filter((index) => index.now === index.before).map(({ name }) => name);
  const counts = scans.map(
    (index) => `${index.name}: ${index.now === undefined ? 'missing' : index.now - index.before}`,
  );
  const ok = missing.length === 0 && unused.length === 0;
  const what = ok ? '' : `${[...missing, ...unused].join(', ')} not used; `;
  const text = `${what}scans since the deploy: ${counts.join(', ')}`;
  return { fact: { name: 'used', ok, text }, mayCome: missing.length === 0 && !ok };
}

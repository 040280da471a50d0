/** Checks of the team's own that any worker can make: requests, queries, metrics. */
import { createHash } from 'node:crypto';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { MetricReaders } from '../../adapters/metrics/metric-sources.js';
import { countRowsIn, readValue } from '../../adapters/postgres/own-queries.js';
import type { OwnCheckActivities } from '../../contract/activities/own-checks.js';
import { ownFacts } from '../../contract/own-steps.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, type StepReport, unknownFact } from '../../domain/evidence.js';
import { isNumber, judgeChange, judgeValue, type Read, valueText } from '../../domain/expectations.js';
import { makeChecks } from '../application/endpoints.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';
import { lookAtMetric } from './one-value.js';

type Input<A extends keyof OwnCheckActivities> = Parameters<OwnCheckActivities[A]>[0];

/** @param readers to be closed after the worker has stopped */
export function createOwnCheckActivities(readers = new MetricReaders()): OwnCheckActivities {
  return {
    checkRequest: ({ asks, timeout, ...asked }) =>
      withHeartbeat(async (signal) => {
        const { request } = asks;
        const late = AbortSignal.timeout(timeout);
        try {
          const limited = AbortSignal.any([signal, late]);
          const report = await makeChecks({ ...asked, checks: [request], signal: limited });
          const facts = report.facts.map((fact) => ({ ...fact, name: fact.name.replace(`${request.id}.`, '') }));
          return { ...report, summary: textOf(facts), facts };
        } catch (error) {
          if (signal.aborted || !late.aborted) throw error;
          const text = `${request.title}: not known within ${formatDuration(timeout)}`;
          return { summary: text, facts: ownFacts(asks).map((name) => unknownFact(name, text)), evidence: [] };
        }
      }),

    checkQuery: (input) =>
      withHeartbeat(async (signal) => {
        const { asks, before } = input;
        const { query, expect } = asks;
        const limits = { limit: input.timeout, signal };
        const database = databaseOf(input.environment);
        if ('rows' in expect) {
          const rows = await countRowsIn(database, query, limits);
          return reportOf(input, [{ name: 'rows', ...judgeValue(rows, expect.rows, 'the number of rows') }], { rows });
        }
        const read = await readValue(database, query, limits);
        if ('value' in expect) {
          const fact = { name: 'value', ...judgeValue(read, expect.value, 'the value') };
          return reportOf(input, [fact], { value: comparable(read) });
        }
        const now = comparable(read);
        return reportOf(input, [{ name: 'before', ...judgeChange(before, now, expect.before) }], { before, now });
      }),

    readBefore: (input) =>
      withHeartbeat(async (signal) => {
        const database = databaseOf(input.environment);
        const read = await readValue(database, input.asks.query, { limit: input.timeout, signal });
        const before = comparable(read);
        const fact =
          'unknown' in read
            ? unknownFact('read', read.unknown)
            : { name: 'read', ok: true, text: `${valueText(read.value)} before the deploy` };
        return { ...(await reportOf(input, [fact], { before })), before };
      }),

    checkMetric: (input) =>
      withHeartbeat(async (signal) => {
        const { asks, clock, timeout } = input;
        const { fact, sample } = await lookAtMetric(readers, asks, { clock, timeout, signal });
        return reportOf(input, [fact], { metric: asks.metric.name, sample });
      }),
  };
}

/** Numbers as they are, text by its hash: what is compared with later stays in the history. */
function comparable(read: Read): Read {
  if ('unknown' in read || isNumber(read.value) || /^(true|false)$/.test(read.value)) return read;
  return { value: `sha256:${createHash('sha256').update(read.value).digest('hex')}` };
}

const textOf = (facts: Fact[]): string => facts.map(({ text }) => text).join('; ');

async function reportOf(
  { key, evidence, asks }: Input<'checkQuery'> | Input<'readBefore'> | Input<'checkMetric'>,
  facts: Fact[],
  seen: object,
): Promise<StepReport> {
  const query = asks.kind === 'sql' ? { query: asks.query } : {};
  const content = `${JSON.stringify({ ...query, ...seen, facts }, undefined, 2)}\n`;
  const reference = await storeEvidence(evidence, {
    title: asks.kind === 'sql' ? 'The query and what it gave' : 'The value of the metric',
    path: evidencePath(key, `${asks.kind}.json`),
    content,
  });
  return { summary: textOf(facts), facts, evidence: [reference] };
}

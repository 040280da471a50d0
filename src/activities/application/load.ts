import {
  countedLatencies,
  type LoadRun,
  type LoadSummary,
  runClosedLoop,
  summarize,
} from '../../adapters/application/load-generator.js';
import { logIn } from '../../adapters/application/login.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import type { LoadActivities } from '../../contract/activities/application.js';
import type { LoadLimits, LoadTest } from '../../contract/plan/application.js';
import { type Fact, unknownFact } from '../../domain/evidence.js';
import { percentileInterval } from '../../domain/statistics.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { watchMemory } from './memory.js';

/** @param options `state`: the folder for the records of steps, as for the commands */
export function createLoadActivities(options: { state: string }): LoadActivities {
  return {
    /** Facts: `success-rate`, `p95`, `p99`, `timeouts`, `memory`. */
    async runLoadTest({ key, evidence, environment, test, limits, healthPath, logs }) {
      let finished = 0;
      return withHeartbeat(
        async (signal) => {
          const login = await logIn(environment, signal);
          if ('refused' in login) return refused(login.refused);
          const memory = await watchMemory({ ...options, key, evidence, environment, healthPath, logs, signal });
          const run = await runClosedLoop({
            url: environment.api + test.path,
            headers: login.headers,
            requests: test.requests,
            concurrency: test.concurrency,
            timeout: test.timeout,
            signal,
            progress: (count) => {
              finished = count;
            },
          });
          const summary = summarize(run, test.timeout);
          const reference = await storeEvidence(evidence, {
            title: `${test.title}: every request`,
            path: `load/${key.step}-${key.generation}.jsonl`,
            content: lines(test, run, summary),
          });
          const remembered = await memory.judge();
          return {
            summary: summaryText(test, summary),
            facts: [...judge({ test, limits, run, summary }), remembered.fact],
            evidence: [reference, ...remembered.evidence],
          };
        },
        () => `${finished} of ${test.requests} requests`,
      );
    },
  };
}

const FACTS = ['success-rate', 'p95', 'p99', 'timeouts', 'memory'];

const refused = (reason: string) => ({
  summary: `Login failed: ${reason}`,
  facts: FACTS.map((name) => unknownFact(name, `not measured (login failed: ${reason})`)),
  evidence: [],
});

interface Measured {
  test: LoadTest;
  limits: LoadLimits;
  run: LoadRun;
  summary: LoadSummary;
}

/** Strictly above the success rate and strictly below the latencies, as checklist 1.5 says. */
function judge(measured: Measured): Fact[] {
  const { test, limits, summary } = measured;
  const { success, succeeded, requests, timeouts } = summary;
  const range = `95 % interval ${percent(success.lower)} to ${percent(success.upper)}`;
  return [
    {
      name: 'success-rate',
      ok: requests === test.requests && success.share * 100 > limits.successRate,
      text: `${percent(success.share)} succeeded (${succeeded} of ${requests}, ${range}), limit ${limits.successRate} %${others(summary)}`,
    },
    latency(measured, 95),
    latency(measured, 99),
    {
      name: 'timeouts',
      ok: timeouts <= limits.timeouts,
      text: `${timeouts} time-outs of ${requests} requests, allowed ${limits.timeouts}`,
    },
  ];
}

function latency({ test, limits, run, summary }: Measured, q: 95 | 99): Fact {
  const name = `p${q}` as const;
  const { lower, upper } = percentileInterval(countedLatencies(run, test.timeout), q);
  const from = lower === undefined ? 'nothing' : `${lower.toFixed(1)} ms`;
  const to = upper === undefined ? `unknown: ${summary.requests} requests are too few` : `${upper.toFixed(1)} ms`;
  return {
    name,
    ok: summary[name] < limits[name],
    text: `P${q} ${summary[name].toFixed(1)} ms (95 % interval ${from} to ${to}), limit ${limits[name]} ms`,
  };
}

const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

/** What came instead of success, most frequent first. */
function others({ outcomes }: LoadSummary): string {
  const failed = Object.entries(outcomes)
    .filter(([outcome]) => outcome !== '200')
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${count} × ${outcome}`);
  return failed.length > 0 ? `; ${failed.join(', ')}` : '';
}

function summaryText({ requests, concurrency }: LoadTest, summary: LoadSummary): string {
  const { p50, p95, p99, throughput, success } = summary;
  const times = `P50 ${p50.toFixed(1)}, P95 ${p95.toFixed(1)}, P99 ${p99.toFixed(1)} ms`;
  return `${requests} requests by ${concurrency} workers: ${percent(success.share)} succeeded, ${times}, ${throughput.toFixed(0)} answers/s`;
}

/** First line: the test and its summary. Then one line for each request: [offset ms, latency ms, outcome]. */
function lines(test: LoadTest, run: LoadRun, summary: LoadSummary): string {
  const round = (milliseconds: number) => Math.round(milliseconds * 1_000) / 1_000;
  const samples = run.samples.map(({ offset, latency, outcome }) =>
    JSON.stringify([round(offset), round(latency), outcome]),
  );
  const columns = ['offset ms', 'latency ms', 'outcome'];
  return `${[JSON.stringify({ test, elapsed: round(run.elapsed), summary, columns }), ...samples].join('\n')}\n`;
}

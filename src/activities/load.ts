import { storeEvidence } from '../adapters/evidence-store.js';
import { type LoadRun, type LoadSummary, runClosedLoop, summarize } from '../adapters/load-generator.js';
import { logIn } from '../adapters/login.js';
import type { LoadActivities } from '../contract/activities.js';
import type { LoadLimits, LoadTest } from '../contract/plan.js';
import type { Fact } from '../domain/evidence.js';
import { whileAlive } from './alive.js';

export function createLoadActivities(): LoadActivities {
  return {
    /** Facts: `success-rate`, `p95`, `p99`, `timeouts`. */
    async runLoadTest({ key, evidence, environment, test, limits }) {
      let finished = 0;
      return whileAlive(
        async (signal) => {
          const login = await logIn(environment, signal);
          if ('refused' in login) return refused(login.refused);
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
          return { summary: inWords(test, summary), facts: judge(test, limits, summary), evidence: [reference] };
        },
        () => `${finished} of ${test.requests} requests`,
      );
    },
  };
}

const FACTS = ['success-rate', 'p95', 'p99', 'timeouts'];

const refused = (reason: string) => ({
  summary: `Login failed: ${reason}`,
  facts: FACTS.map((name): Fact => ({ name, ok: false, text: `not measured (login failed: ${reason})` })),
  evidence: [],
});

/** Strictly above the success rate and strictly below the latencies, as checklist 1.5 says. */
function judge(test: LoadTest, limits: LoadLimits, summary: LoadSummary): Fact[] {
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  const { success, succeeded, requests, timeouts } = summary;
  const latency = (name: 'p95' | 'p99'): Fact => ({
    name,
    ok: summary[name] < limits[name],
    text: `${name.toUpperCase()} ${summary[name].toFixed(1)} ms, limit ${limits[name]} ms`,
  });
  const range = `95 % interval ${percent(success.lower)} to ${percent(success.upper)}`;
  return [
    {
      name: 'success-rate',
      ok: requests === test.requests && success.share * 100 > limits.successRate,
      text: `${percent(success.share)} succeeded (${succeeded} of ${requests}, ${range}), limit ${limits.successRate} %${others(summary)}`,
    },
    latency('p95'),
    latency('p99'),
    {
      name: 'timeouts',
      ok: timeouts <= limits.timeouts,
      text: `${timeouts} time-outs of ${requests} requests, allowed ${limits.timeouts}`,
    },
  ];
}

/** What came instead of success, most frequent first. */
function others({ outcomes }: LoadSummary): string {
  const failed = Object.entries(outcomes)
    .filter(([outcome]) => !/^[23]\d\d$/.test(outcome))
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${count} × ${outcome}`);
  return failed.length > 0 ? `; ${failed.join(', ')}` : '';
}

function inWords({ requests, concurrency }: LoadTest, summary: LoadSummary): string {
  const { p50, p95, p99, throughput, success } = summary;
  const times = `P50 ${p50.toFixed(1)}, P95 ${p95.toFixed(1)}, P99 ${p99.toFixed(1)} ms`;
  return `${requests} requests by ${concurrency} workers: ${(success.share * 100).toFixed(2)} % succeeded, ${times}, ${throughput.toFixed(0)} answers/s`;
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

/**
 * Load on one URL, with every sample kept. Two modes:
 *
 * - closed loop ({@link runClosedLoop}): C workers, each with its own connection, send N requests; a worker sends its
 *   next request when the last one is answered. This is what the checklist's load tests do, and what `wrk` and `hey` do.
 * - open loop ({@link runOpenLoop}): requests start at a fixed rate whatever the answers do, as real users would, and
 *   latency counts from the intended start, so that a stalled server cannot hide its stall (coordinated omission).
 */
import { Client, Pool } from 'undici';
import { percentiles, wilsonInterval } from '../../domain/statistics.js';
import { connectionOptions, type RequestOutcome, Requests } from './requests.js';

/** One request of a load test. */
export interface LoadSample {
  /** When it started, milliseconds since the test began. */
  offset: number;
  /** Until the last byte of the answer, or until it failed; the time-out's own value for a time-out. Milliseconds. */
  latency: number;
  outcome: RequestOutcome;
}

export interface ClosedLoop {
  url: string;
  headers?: Record<string, string>;
  requests: number;
  concurrency: number;
  /** Time after which a request counts as timed out, milliseconds. */
  timeout: number;
  /** Stops at once and rejects with its reason. */
  signal?: AbortSignal;
  /** Called with the number of finished requests, for each. */
  progress?: (finished: number) => void;
}

export interface LoadRun {
  /** In the order in which the requests finished. */
  samples: LoadSample[];
  /** Wall time of the whole, milliseconds. */
  elapsed: number;
}

/** @throws the signal's reason when it is aborted; a failing server is data, not an error */
export async function runClosedLoop(load: ClosedLoop): Promise<LoadRun> {
  load.signal?.throwIfAborted();
  const { origin, pathname, search } = new URL(load.url);
  const clients = Array.from(
    { length: Math.min(load.concurrency, load.requests) },
    () => new Client(origin, connectionOptions(load.timeout)),
  );
  // Destroying a client fails what it has in flight, which ends its worker.
  const stop = () => clients.forEach((client) => void client.destroy());
  load.signal?.addEventListener('abort', stop, { once: true });
  const requests = new Requests(load.timeout);
  const request = { path: pathname + search, method: 'GET', headers: load.headers ?? {} } as const;
  try {
    const run = await sendAll(load, clients, (client, done) => requests.send(client, request, done));
    load.signal?.throwIfAborted();
    return run;
  } finally {
    load.signal?.removeEventListener('abort', stop);
    requests.close();
    await Promise.all(clients.map((client) => client.destroy()));
  }
}

type Send = (client: Client, done: (outcome: RequestOutcome, milliseconds: number) => void) => void;

/** Each client sends its next request when its last one has ended, until all have been sent or the load is stopped. */
function sendAll(load: ClosedLoop, clients: Client[], send: Send): Promise<LoadRun> {
  // Columns, made into samples at the end: objects that pile up during the run keep the garbage collector busy.
  const offsets = new Float64Array(load.requests);
  const latencies = new Float64Array(load.requests);
  const outcomes: RequestOutcome[] = [];
  const start = performance.now();
  let sent = 0;
  let working = clients.length;
  return new Promise((resolve) => {
    const next = (client: Client) => {
      if (sent === load.requests || load.signal?.aborted) {
        working -= 1;
        if (working > 0) return;
        const elapsed = performance.now() - start;
        const sample = (outcome: RequestOutcome, n: number): LoadSample => ({
          offset: offsets[n] ?? 0,
          latency: latencies[n] ?? 0,
          outcome,
        });
        resolve({ samples: outcomes.map(sample), elapsed });
        return;
      }
      sent += 1;
      const offset = performance.now() - start;
      send(client, (outcome, latency) => {
        offsets[outcomes.length] = offset;
        latencies[outcomes.length] = latency;
        outcomes.push(outcome);
        load.progress?.(outcomes.length);
        next(client);
      });
    };
    clients.forEach(next);
  });
}

/** What a load test came to. Times in milliseconds, shares between 0 and 1. */
export interface LoadSummary {
  requests: number;
  succeeded: number;
  /** Share of successes with its 95 % Wilson interval. */
  success: { share: number; lower: number; upper: number };
  timeouts: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
  /** Answers a second over the whole run. */
  throughput: number;
  /** How often each outcome came: `{"200": 98, "timeout": 2}`. */
  outcomes: Record<string, number>;
}

/** What is asked for is there: a redirect, an empty 204 or a page in its place is another answer. */
export const isSuccess = (outcome: RequestOutcome): boolean => outcome === 200;

/** Whatever it was: `500`, `200 text/html`. */
const isAnswer = (outcome: RequestOutcome): boolean => typeof outcome === 'number' || /^\d/.test(outcome);

/**
 * The latencies that percentiles count, milliseconds. A request without an answer (time-out, refused or broken
 * connection) has the time-out's, since a dead server must not look fast; an answer that is an error (500) its own.
 */
export const countedLatencies = ({ samples }: LoadRun, timeout: number): number[] =>
  samples.map(({ latency, outcome }) => (isAnswer(outcome) ? latency : timeout));

/** Sums a run up. Every request counts: those without an answer are in the denominator of the success share. */
export function summarize(run: LoadRun, timeout: number): LoadSummary {
  const { samples, elapsed } = run;
  const latencies = countedLatencies(run, timeout);
  const [p50, p95, p99, max] = percentiles(latencies, [50, 95, 99, 100]) as [number, number, number, number];
  const outcomes: Record<string, number> = {};
  for (const { outcome } of samples) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const succeeded = samples.filter(({ outcome }) => isSuccess(outcome)).length;
  const answered = samples.filter(({ outcome }) => isAnswer(outcome)).length;
  return {
    requests: samples.length,
    succeeded,
    success: wilsonInterval(succeeded, samples.length),
    timeouts: outcomes.timeout ?? 0,
    p50,
    p95,
    p99,
    max,
    throughput: elapsed > 0 ? answered / (elapsed / 1_000) : 0,
    outcomes,
  };
}

export interface OpenLoop {
  url: string;
  /** Asked anew for each request when it is a function: a token can be renewed. */
  headers?: Record<string, string> | (() => Record<string, string>);
  ratePerSecond: number;
  /** Ends the traffic. */
  signal: AbortSignal;
  /** Requests that would exceed this are dropped and counted. Default 64. */
  maxInFlight?: number;
  /** Milliseconds, default 30 s. */
  timeout?: number;
}

/** Live figures of open-loop traffic. */
export interface OpenLoopCounters {
  /** Requests sent. */
  sent: number;
  succeeded: number;
  /** Other answers than 200, time-outs, and connections that failed. */
  failed: number;
  /** Requests not sent because too many were in flight. */
  dropped: number;
  inFlight: number;
  outcomes: Record<string, number>;
  /** Latencies from the intended start of the last 1,000 requests, milliseconds. */
  latencies: number[];
}

/**
 * Keeps traffic on a URL until the signal is aborted. A server that refuses, fails or stalls changes the counters only.
 * @returns counters that go on counting, and a promise for the end
 */
export function runOpenLoop(load: OpenLoop): { counters: OpenLoopCounters; done: Promise<OpenLoopCounters> } {
  const { maxInFlight = 64, timeout = 30_000 } = load;
  const { origin, pathname, search } = new URL(load.url);
  const pool = new Pool(origin, { ...connectionOptions(timeout), connections: maxInFlight });
  const requests = new Requests(timeout);
  const counters: OpenLoopCounters = {
    sent: 0,
    succeeded: 0,
    failed: 0,
    dropped: 0,
    inFlight: 0,
    outcomes: {},
    latencies: [],
  };
  const send = (intended: number) => {
    counters.sent += 1;
    counters.inFlight += 1;
    const headers = typeof load.headers === 'function' ? load.headers() : (load.headers ?? {});
    requests.send(pool, { path: pathname + search, method: 'GET', headers }, (outcome) => {
      counters.inFlight -= 1;
      if (load.signal.aborted) return;
      counters[isSuccess(outcome) ? 'succeeded' : 'failed'] += 1;
      counters.outcomes[outcome] = (counters.outcomes[outcome] ?? 0) + 1;
      counters.latencies.push(outcome === 'timeout' ? timeout : performance.now() - intended);
      if (counters.latencies.length > 1_000) counters.latencies.shift();
    });
  };
  const interval = 1_000 / load.ratePerSecond;
  let next = performance.now();
  const timer = setInterval(
    () => {
      const now = performance.now();
      // After a stall of this very process (a sleeping laptop) there is nothing to catch up with.
      if (now - next > 5_000) next = now;
      for (; next <= now; next += interval) {
        if (counters.inFlight < maxInFlight) send(next);
        else counters.dropped += 1;
      }
    },
    Math.min(Math.max(interval / 2, 1), 50),
  );
  const done = new Promise<OpenLoopCounters>((resolve) => {
    const stop = () => {
      clearInterval(timer);
      requests.close();
      void pool.destroy().then(() => resolve(counters));
    };
    if (load.signal.aborted) stop();
    else load.signal.addEventListener('abort', stop, { once: true });
  });
  return { counters, done };
}

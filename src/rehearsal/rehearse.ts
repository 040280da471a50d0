/** Rehearsals: one local Temporal server in virtual time, and scenarios run on it, several at once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientOptions, Connection } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, Runtime, type WorkerOptions } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../contract/names.js';
import { projectFolder } from '../local/folders.js';
import { choosePorts } from '../local/ports.js';
import { startTemporalServer } from '../local/temporal.js';
import { virtualTimeInterceptors } from '../local/time-skipping.js';
import type { FinishedRun } from './finished.js';
import { type RehearsalHost, runScenario } from './rehearse-one.js';
import { type RehearsalResult, resultOf } from './result.js';
import type { Scenario } from './scenario/scenario.js';
import { createSimulatedActivities } from './simulated/activities.js';
import type { Rehearsed } from './simulated/performing.js';
import { RehearsalWorker, type RehearsalWorkerOptions } from './worker.js';

export interface RehearseOptions {
  /** How many run at once. */
  jobs: number;
  signal?: AbortSignal;
  progress?: (text: string) => void;
  /** Called when the server is up, before anything runs. */
  onStart?: () => void;
  /** Called with each result, as soon as it is known. */
  onResult?: (result: RehearsalResult) => void;
  /** The workflow bundle; the shipped one when absent. */
  bundle?: string;
  /** How payloads are encrypted, with the bundle for that; a rehearsal keeps no secret: in clear when absent. */
  encryption?: {
    client: Pick<ClientOptions, 'dataConverter' | 'interceptors'>;
    worker: Pick<WorkerOptions, 'dataConverter' | 'interceptors'>;
  };
  /** Who hears how the workflows stand, as they go on. */
  sinks?: RehearsalWorkerOptions['sinks'];
}

export interface Rehearsals {
  results: RehearsalResult[];
  runs: FinishedRun[];
  address: string;
  uiUrl: string;
  /** Ends the server and everything else; idempotent. */
  stop(): Promise<void>;
}

const SHIPPED_BUNDLE = join(projectFolder(), 'dist', 'workflow-bundle.js');

/** @throws SandboxError when there is no server; RehearsalStuck. What was started is stopped then. */
export async function rehearse(scenarios: readonly Scenario[], options: RehearseOptions): Promise<Rehearsals> {
  const closers: (() => Promise<void>)[] = [];
  const stop = async () => {
    while (closers.length > 0) await closers.pop()?.();
  };
  try {
    const startWorkers = await open(options, closers);
    const { workers, host, address } = await startWorkers(Math.min(options.jobs, scenarios.length));
    options.onStart?.();
    const waiting = [...scenarios.entries()];
    const runs: FinishedRun[] = [];
    const results: RehearsalResult[] = [];
    const work = async (worker: RehearsalWorker) => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, scenario] = next;
        options.signal?.throwIfAborted();
        const one = await runScenario(host, worker, scenario);
        const result = resultOf(one);
        runs[index] = one;
        results[index] = result;
        options.onResult?.(result);
      }
    };
    await Promise.all(workers.map(work));
    return { results, runs, address, uiUrl: host.uiUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function open(
  { signal, progress, bundle = SHIPPED_BUNDLE, encryption, sinks }: RehearseOptions,
  closers: (() => Promise<void>)[],
) {
  quiet();
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-rehearsal-'));
  closers.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  const server = await startTemporalServer({
    folder,
    ports,
    virtualTime: true,
    searchAttributes: SEARCH_ATTRIBUTES,
    log: progress,
    signal,
  });
  closers.push(() => server.stop());
  const { address, uiUrl, namespace } = server;
  const connection = await Connection.connect({ address, interceptors: virtualTimeInterceptors() });
  closers.push(() => connection.close());
  const worlds = new Map<string, Rehearsed>();
  const activities = createSimulatedActivities((workflowId) => worldOf(worlds, workflowId));
  const client = new Client({ connection, namespace, ...encryption?.client });
  const host: RehearsalHost = { client, worlds, uiUrl, namespace, signal };
  const serving = { address, activities, bundle, encryption: encryption?.worker, sinks };
  return async (count: number) => {
    const workers = await Promise.all(
      Array.from({ length: Math.max(count, 1) }, (_, index) =>
        RehearsalWorker.start({ ...serving, taskQueue: `rehearsal-${index + 1}` }),
      ),
    );
    closers.push(async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
    });
    return { workers, host, address };
  };
}

/** A watch's or a rollback's workflow is named after its deployment. */
function worldOf(worlds: Map<string, Rehearsed>, workflowId: string): Rehearsed {
  const [prefix, name] = workflowId.split('/');
  const found = worlds.get(`${prefix}/${name}`);
  if (!found) throw new Error(`${workflowId} is no rehearsal of this process`);
  return found;
}

let isQuiet = false;

/** Failures are part of a rehearsal: the SDK's own log of them helps nobody. */
function quiet(): void {
  if (isQuiet) return;
  isQuiet = true;
  try {
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
    });
  } catch {
    // Somebody else in this process has installed one.
  }
}

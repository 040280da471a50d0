/** The demo: sandbox, worker, traffic and people, and one deployment in virtual time from the first box to the last. */

import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startAnnouncementReceiver } from '../../sandbox/local/announcements.js';
import { writeBindings } from '../../sandbox/local/bindings.js';
import { type Sandbox, startSandbox } from '../../sandbox/local/sandbox.js';
import { type DeployInput, type DeployResult, startAttributes } from '../contract/deployment.js';
import { progressQuery, statusQuery } from '../contract/messages.js';
import { deployWorkflowId, SEARCH_ATTRIBUTES, TASK_QUEUE } from '../contract/names.js';
import { needed } from '../contract/plan/parts.js';
import { withProgress } from '../contract/progress.js';
import type { Ledger } from '../domain/ledger/ledger.js';
import { clientEncryption } from '../encryption/data-converter.js';
import { projectFolder } from '../local/folders.js';
import { choosePorts } from '../local/ports.js';
import { virtualTimeInterceptors } from '../local/time-skipping.js';
import { newDeploymentId } from '../plan/deployment-id.js';
import { type LoadedPlan, loadPlan } from '../plan/load.js';
import { serveDemoConsole } from './console.js';
import { type DemoFault, readFault } from './fault.js';
import { askPeople, type PeopleAsked } from './people-asked.js';
import { type ProductionState, readProduction } from './production.js';
import { superviseWorker } from './supervisor.js';
import { startTraffic } from './traffic.js';

export const SHIPPED_PLAN = join(projectFolder(), 'plans', 'eduautismo-performance.yaml');

export interface DemoOptions {
  home?: string;
  reset: boolean;
  fault?: string;
  /** Whether people sign off in the console; stand-ins do so otherwise. */
  ask?: boolean;
  signal: AbortSignal;
  /** One short sentence for each thing that happens. */
  progress: (text: string) => void;
  /** The ledger, some times a second. */
  onLedger: (ledger: Ledger, links: DemoLinks) => void;
}

/** Places for a browser. */
export interface DemoLinks {
  /** Signs it in, too: as secret as what it shows. */
  webUi: string;
  console: string;
}

export interface DemoRun {
  result: DeployResult;
  runId: string;
  workflowId: string;
  historyEvents: number;
  wallSeconds: number;
  production: ProductionState;
  /** IDs of the load tests' steps. */
  loadTests: string[];
  uiUrl: string;
  consoleUrl: string;
  /** The same page, for a browser that has not signed in: as secret as what it shows. */
  signIn: string;
  address: string;
  namespace: string;
  home: string;
  /** Stops everything that the demo started. */
  stop(): Promise<void>;
}

/** How often the ledger is asked for, milliseconds. */
const LOOK = 300;

/** @throws SandboxError, PlanError, CliError; what was started is stopped then */
export async function runDemo(options: DemoOptions): Promise<DemoRun> {
  const shipped = loadPlan(SHIPPED_PLAN);
  const fault = options.fault === undefined ? undefined : readFault(options.fault, shipped.resolved);
  const sandbox = await startSandbox({
    home: options.home,
    reset: options.reset,
    virtualTime: true,
    searchAttributes: SEARCH_ATTRIBUTES,
    progress: options.progress,
    signal: options.signal,
  });
  const stopped = new AbortController();
  const closers: (() => Promise<void>)[] = [() => sandbox.stop()];
  const stop = async () => {
    stopped.abort();
    while (closers.length > 0) await closers.pop()?.();
  };
  try {
    return { ...(await deploy(sandbox, { ...options, fault, closers, stopped: stopped.signal })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Run = Omit<DemoOptions, 'fault'> & { fault?: DemoFault; closers: (() => Promise<void>)[]; stopped: AbortSignal };

async function deploy(sandbox: Sandbox, run: Run): Promise<Omit<DemoRun, 'stop'>> {
  const { address, namespace, uiUrl } = sandbox.temporal;
  run.closers.push(withKeys(sandbox.payloadKeys));
  const receiver = await startAnnouncementReceiver(sandbox.home);
  run.closers.push(() => receiver.stop());
  const bindings = await writeBindings(sandbox, receiver.url);
  const plan = loadPlan(SHIPPED_PLAN, { bindings });
  const { staging, production } = sandbox.target.environments;
  const clientTools = dirname(sandbox.postgres.binaries.pgDump);
  const ports = await choosePorts(sandbox.home, ['identityProvider', 'console'], { console: 8080 });
  const asked = run.ask ? await askPeople(sandbox, { plan: plan.resolved, ports }) : undefined;
  if (asked) run.closers.push(async () => asked.stop());
  const worker = superviseWorker(
    {
      address,
      namespace,
      state: join(sandbox.home, 'worker'),
      plan: SHIPPED_PLAN,
      bindings,
      policy: asked?.policy,
      tools: [sandbox.target.binFolder, clientTools],
      fault: run.fault && {
        ...run.fault,
        environmentFolders: { staging: staging.folder, production: production.folder },
      },
    },
    { environment: { ...process.env, SUREFOOT_PG_BIN: clientTools }, home: sandbox.home, onDeath: run.progress },
  );
  run.closers.push(() => worker.stop());
  await startTraffic(plan.resolved, run.stopped);

  const connection = await Connection.connect({ address, interceptors: virtualTimeInterceptors() });
  run.closers.push(() => connection.close());
  const client = new Client({ connection, namespace, ...clientEncryption('throw') });
  const began = performance.now();
  const connected = { client, connection, address, namespace, uiUrl };
  const console = await serveDemoConsole(connected, { sandbox, port: ports.console, signIn: asked?.signIn });
  run.closers.push(async () => console.stop());
  const handle = await startInVirtualTime(client, plan, asked);
  const link = `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(handle.workflowId)}/${handle.firstExecutionRunId}`;
  const signIn = sandbox.webUi.signIn(link);
  run.progress(`the deployment has started: ${signIn}`);
  run.progress(`the console is at ${console.url}`);

  const result = await followToEnd(client, handle, { ...run, links: { webUi: signIn, console: console.url } });
  const wallSeconds = (performance.now() - began) / 1_000;
  const { historyLength } = await handle.describe();
  const expected = needed(plan.resolved.indexes).expected.map((index) => index.name);
  return {
    result,
    runId: handle.firstExecutionRunId,
    workflowId: handle.workflowId,
    historyEvents: historyLength,
    wallSeconds,
    production: await readProduction(production, expected),
    loadTests: plan.resolved.loadTests.map(({ id }) => id),
    uiUrl: link,
    consoleUrl: console.url,
    signIn,
    address,
    namespace,
    home: sandbox.home,
  };
}

/** This process and all that it starts have these keys, unless it has some of its own. @returns what takes them away */
function withKeys(keys: string): () => Promise<void> {
  if (process.env.SUREFOOT_PAYLOAD_KEYS !== undefined) return async () => {};
  process.env.SUREFOOT_PAYLOAD_KEYS = keys;
  return async () => {
    delete process.env.SUREFOOT_PAYLOAD_KEYS;
  };
}

async function startInVirtualTime(client: Client, { resolved, digest }: LoadedPlan, asked?: PeopleAsked) {
  const deployment = newDeploymentId(resolved.service);
  const startedBy = asked?.starter ?? 'demo';
  const input: DeployInput = { deployment, plan: resolved, digest, startedBy, clock: 'virtual' };
  if (asked) input.envelope = await asked.sealedStart(input);
  return await client.workflow.start('DeployWorkflow', {
    workflowId: deployWorkflowId(resolved.service),
    taskQueue: TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    memo: { deployment, digest, clock: input.clock },
    staticSummary: `${resolved.title}: ${resolved.release.previous} → ${resolved.release.target} (demo in virtual time)`,
    typedSearchAttributes: startAttributes(input),
  });
}

/** Waits for the end, and looks at the ledger meanwhile. A worker that is being replaced just answers later. */
async function followToEnd(
  client: Client,
  handle: Awaited<ReturnType<typeof startInVirtualTime>>,
  run: Run & { links: DemoLinks },
): Promise<DeployResult> {
  const ended = handle.result() as Promise<DeployResult>;
  const look = async () => {
    const ledger = await handle.query(statusQuery);
    return withProgress(ledger, (workflowId) => client.workflow.getHandle(workflowId).query(progressQuery));
  };
  const { links } = run;
  let over = false;
  const settled = ended.then(
    () => undefined,
    () => undefined,
  );
  void settled.then(() => {
    over = true;
  });
  const aborted = new Promise<never>((_, reject) => {
    run.signal.addEventListener('abort', () => reject(run.signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  while (!over && !run.signal.aborted) {
    await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, LOOK))]);
    if (over) break;
    const ledger = await Promise.race([look().catch(() => undefined), settled, aborted]);
    if (ledger) run.onLedger(ledger, links);
  }
  run.signal.throwIfAborted();
  const result = await ended;
  run.onLedger(result, links);
  return result;
}

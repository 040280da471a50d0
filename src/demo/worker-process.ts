/** The demo's worker, a process of its own: it may be killed at any time, and the demo starts it again. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { clientEncryption } from '../encryption/data-converter.js';
import { setFault } from '../local/faults.js';
import { loadPlan } from '../plan/load.js';
import { loadPolicy } from '../policy/policy.js';
import { runWorker } from '../worker.js';
import { type DemoFault, faultParameters } from './fault.js';
import { standInPeople } from './stand-ins.js';

/** What the demo tells its worker, as JSON in the only argument. */
export interface DemoWorkerInput {
  address: string;
  namespace: string;
  state: string;
  plan: string;
  bindings: string;
  tools: string[];
  /** The policy's file, where people sign off. */
  policy?: string;
  fault?: DemoFault & { environmentFolders: Record<'staging' | 'production', string> };
}

/** How long the application takes to notice a fault file, and a little more, milliseconds. */
const NOTICED = 400;

/** Switches the fault on before the first activity of the place that was asked for. */
function faultAt(
  fault: NonNullable<DemoWorkerInput['fault']>,
  begin: () => Promise<void>,
): ActivityInterceptorsFactory {
  let begun: Promise<void> | undefined;
  return () => ({
    inbound: {
      async execute(input, next) {
        const [argument] = input.args as [{ monitor?: string; key?: { step: string } } | undefined];
        if (argument?.monitor === fault.at || argument?.key?.step === fault.at) {
          begun ??= begin();
          await begun;
        }
        return next(input);
      },
    },
  });
}

const input = JSON.parse(process.argv[2] ?? '{}') as DemoWorkerInput;

/** A demo that was killed takes its worker with it: how often the worker looks, milliseconds. */
const LOOK_FOR_PARENT = 2_000;
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, LOOK_FOR_PARENT).unref();
const { resolved } = loadPlan(input.plan, { bindings: input.bindings });
const client = new Client({
  connection: await Connection.connect({ address: input.address }),
  namespace: input.namespace,
  ...clientEncryption('throw'),
});
const { fault } = input;
const interceptors = fault && [
  faultAt(fault, async () => {
    const environment = fault.at === resolved.soak?.id || fault.at.startsWith('staging') ? 'staging' : 'production';
    await setFault(fault.environmentFolders[environment], fault.name, faultParameters(fault.name, resolved));
    await pause(NOTICED);
  }),
];
await runWorker({
  connection: { address: input.address },
  namespace: input.namespace,
  state: input.state,
  allowVirtualTime: true,
  releasesItself: true,
  tools: input.tools,
  policy: input.policy === undefined ? undefined : loadPolicy(input.policy),
  answer: standInPeople(client, resolved, { asksPeople: input.policy !== undefined }),
  activityInterceptors: interceptors,
  logLevel: 'warn',
});

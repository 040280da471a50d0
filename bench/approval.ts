/**
 * From the last sign-off, as its sender gives it, to the beginning of the next step's activity, against a bare workflow
 * of the same shape in the same run: an update that is accepted, and the activity that it lets begin. Exit 1 when the
 * bound is missed.
 *
 * Worker, client and server are real, in real time; activities are answered at once.
 *
 *   npm run bench:approval [-- --rounds N --json]
 */
import { setTimeout as pause } from 'node:timers/promises';
import { decideUpdate, statusQuery } from '../src/contract/messages.js';
import type { Ledger } from '../src/domain/ledger/ledger.js';
import { bareSignOff } from './bare-workflows.js';
import { warnOfLoad } from './machine.js';
import { flag, measurePairs, rowOf, tell } from './pairs.js';
import { benchPlan } from './plan.js';
import { deploy, onServer, startBare, withWorkers } from './stage.js';
import type { WorldCall } from './world.js';

const AT_MOST = 1.3;

/** Each person with the role that they are needed for. */
const SIGNERS = [
  { who: 'ana.souza', role: 'tech-lead' },
  { who: 'carla.mendes', role: 'backend-team' },
  { who: 'diego.alves', role: 'devops' },
  { who: 'fabio.nunes', role: 'qa' },
  { who: 'gabriela.dias', role: 'product-owner' },
];

type Signer = (typeof SIGNERS)[number];

let stepBegins = (_at: number): void => {};
let asked = (): void => {};

function perform({ activity, input, answer }: WorldCall): unknown {
  const { key } = input as { key?: { step: string } };
  if (key) stepBegins(performance.now());
  const result = answer();
  // The question is open as soon as the proposal has been sealed.
  if (activity === 'sealProposal') asked();
  return result;
}

const bare = { sample: async () => true, command: async () => {}, next: async () => stepBegins(performance.now()) };

/** Milliseconds from here to the next step's activity. */
async function untilNextStep(signOff: () => Promise<unknown>): Promise<number> {
  const begun = new Promise<number>((resolve) => {
    stepBegins = resolve;
  });
  const from = performance.now();
  const [at] = await Promise.all([begun, signOff()]);
  return at - from;
}

/** What is to be signed, as soon as it is asked for. */
async function digestAsked(look: () => Promise<Ledger>): Promise<string> {
  for (;;) {
    const { questions } = await look();
    const open = questions.find(({ kind }) => kind === 'approvals');
    if (open?.digest) return open.digest;
    await pause(20);
  }
}

async function measure(): Promise<number> {
  warnOfLoad();
  const rounds = flag('rounds', 21);
  return await onServer(async (at) =>
    withWorkers(at, { bare, perform, breaks: false }, async () => {
      const [last, ...first] = SIGNERS as [Signer, ...Signer[]];
      const pairs = await measurePairs(rounds, {
        async ours(round) {
          const sealed = new Promise<void>((resolve) => {
            asked = resolve;
          });
          const handle = await deploy(at, benchPlan(`bench-${round}`));
          await sealed;
          const digest = await digestAsked(() => handle.query(statusQuery));
          const sign = (signer: Signer) =>
            handle.executeUpdate(decideUpdate, { args: [{ kind: 'approve', ...signer, digest }] });
          for (const signer of first) await sign(signer);
          const took = await untilNextStep(() => sign(last));
          await handle.terminate();
          return took;
        },
        async bare() {
          const handle = await startBare(at.client, 'bareApproval', SIGNERS.length);
          const sign = (role: string) => handle.executeUpdate(bareSignOff, { args: [role] });
          for (const { role } of first) await sign(role);
          const took = await untilNextStep(() => sign(last.role));
          await handle.result();
          return took;
        },
      });
      return tell([rowOf('last sign-off → next step', pairs, AT_MOST)]);
    }),
  );
}

process.exitCode = await measure();

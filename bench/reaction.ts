/**
 * From the sample that breaks a rule to the beginning of the first command of the rollback, against a bare workflow of
 * the same shape in the same run; and the same while the evidence store does not answer. Exit 1 when a bound is missed.
 *
 * Worker and server are real, in real time; activities are answered at once, so that what is measured is what Surefoot
 * puts between the two, not how fast a target is. The clock starts when the sample has been taken: what a tick adds
 * before is the plan's.
 *
 *   npm run bench:reaction [-- --rounds N --json]
 */
import { Context } from '@temporalio/activity';
import { warnOfLoad } from './machine.js';
import { flag, measurePairs, rowOf, tell } from './pairs.js';
import { benchPlan, unsigned } from './plan.js';
import { bareRunner, deploy, onServer, startBare, withWorkers } from './stage.js';
import type { WorldCall } from './world.js';

const AT_MOST = 1.5;
/** Of the watch, milliseconds. */
const TICK = 500;

/** When the rule was broken, and when the first command began, by who was asked. */
const moments = { broken: 0, commanded: (_at: number) => {} };
let isHanging = false;

/** A store that takes connections and never answers. */
const never = (): Promise<never> => Context.current().cancelled;

function perform({ activity, input, workflowId, answer }: WorldCall): unknown {
  if (activity === 'sealSeries' && isHanging) return never();
  const { key } = input as { key?: { step: string } };
  if (key?.step.startsWith('rollback-')) moments.commanded(performance.now());
  const result = answer();
  if (activity === 'sampleMetrics' && workflowId.endsWith('/watch-5m')) moments.broken = performance.now();
  return result;
}

const bare = {
  sample: async () => {
    moments.broken = performance.now();
    return true;
  },
  command: async () => moments.commanded(performance.now()),
  next: async () => {},
};

/** Milliseconds from the breach to the first command of what this starts. */
async function reactionOf(start: () => Promise<{ result(): Promise<unknown> }>): Promise<number> {
  const commanded = new Promise<number>((resolve) => {
    moments.commanded = resolve;
  });
  const handle = await start();
  const took = (await commanded) - moments.broken;
  await handle.result();
  return took;
}

function planOf(service: string) {
  const plan = unsigned(benchPlan(service));
  return { ...plan, watches: plan.watches.map((watch) => ({ ...watch, tick: TICK })) };
}

async function measure(): Promise<number> {
  warnOfLoad();
  const rounds = flag('rounds', 21);
  return await onServer(async (at) =>
    withWorkers(at, { bare, perform, breaks: true }, async () => {
      const measured = async (what: string) => {
        const pairs = await measurePairs(rounds, {
          ours: (round) => reactionOf(() => deploy(at.client, planOf(`${isHanging ? 'hanging' : 'bench'}-${round}`))),
          bare: () => reactionOf(() => startBare(at.client, 'bareReaction', { tick: TICK, runner: bareRunner })),
        });
        return rowOf(what, pairs, AT_MOST);
      };
      const rows = [await measured('breach → first rollback command')];
      isHanging = true;
      rows.push(await measured('the same, evidence store hangs'));
      return tell(rows);
    }),
  );
}

process.exitCode = await measure();

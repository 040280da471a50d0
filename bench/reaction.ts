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
import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { warnOfLoad } from './machine.js';
import { flag, measurePairs, rowOf, tell } from './pairs.js';
import { benchPlan, unsigned } from './plan.js';
import { bareRunner, deploy, onServer, startBare, withWorkers } from './stage.js';
import type { WorldCall } from './world.js';

const AT_MOST = 1.5;
/** Of the watch, milliseconds. */
const TICK = 500;
/** Longest wait for the end of one before the next begins, milliseconds. */
const LEFT_ALONE = 2_000;

/** What is being timed: whose rule was broken and when, and who is told of the first command. */
const timed = { whose: '', broken: 0, commanded: (_at: number): void => {} };
let isHanging = false;

function perform({ activity, input, workflowId, service, answer }: WorldCall): unknown {
  const isWatch = workflowId.endsWith('/watch-5m');
  // A store that takes connections and never answers, from the breach on.
  if (activity === 'sealSeries' && isWatch && isHanging) return Context.current().cancelled;
  const { key } = input as { key?: { step: string } };
  if (service === timed.whose && key?.step.startsWith('rollback-')) timed.commanded(performance.now());
  const result = answer();
  if (activity === 'sampleMetrics' && isWatch) timed.broken = performance.now();
  return result;
}

const bare = {
  sample: async () => {
    timed.broken = performance.now();
    return true;
  },
  command: async () => timed.commanded(performance.now()),
  next: async () => {},
};

/** Milliseconds from the breach to the first command of what this starts. */
async function reactionOf(whose: string, start: () => Promise<WorkflowHandle>): Promise<number> {
  timed.whose = whose;
  const commanded = new Promise<number>((resolve) => {
    timed.commanded = resolve;
  });
  const handle = await start();
  const took = (await commanded) - timed.broken;
  // What is left of a watch whose store hangs need not be waited for.
  await Promise.race([handle.result(), pause(LEFT_ALONE)]);
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
          ours(round) {
            const service = `${isHanging ? 'hanging' : 'bench'}-${round}`;
            return reactionOf(service, () => deploy(at, planOf(service)));
          },
          bare: () => reactionOf('', () => startBare(at.client, 'bareReaction', { tick: TICK, runner: bareRunner })),
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

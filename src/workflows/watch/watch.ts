/** Watches metrics for a while: timer, sample, reduce, verdict. Ends at the first breach that calls for a rollback. */
import { CancellationScope, condition, continueAsNew, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { WatchInput, WatchResult } from '../../contract/messages.js';
import { messageOf } from '../../domain/message.js';
import type { Criterion, Sample } from '../../domain/watch/criteria.js';
import { endingBreach, isOver, nextTick, observeTick } from '../../domain/watch/watch-state.js';
import { mustHold } from '../common/input.js';
import { raiseAlarm } from './alarm.js';
import { ticksOf } from './board.js';
import { Concerns } from './concerns.js';
import { conclude } from './conclusion.js';
import { type CarriedWatch, WatchContext } from './context.js';

/** A tick is about six events: continue as new well below the size at which a history becomes slow to load. */
const LONGEST_HISTORY = 4_000;

/** Bytes. Sources that keep history bring many samples a tick; the server warns at 10 MB. */
const LARGEST_HISTORY = 4_000_000;

export async function MonitorWorkflow(input: WatchInput, carried?: CarriedWatch): Promise<WatchResult> {
  mustHold(input, 'deployment', 'parent', 'watch');
  const context = new WatchContext(input, carried);
  const concerns = new Concerns(context);
  concerns.listen();
  context.listen();
  context.publish();
  try {
    const breach = await watchToItsEnd(context, concerns);
    const result = await conclude(context, breach);
    await concerns.withdrawn();
    return result;
  } finally {
    // Also while it comes to its end: a breach that is found then has nobody any more who would act on it.
    if (CancellationScope.current().consideredCancelled) {
      await CancellationScope.nonCancellable(() => raiseAlarm(input));
    }
  }
}

/** @returns the criterion that has ended the watch before its time */
async function watchToItsEnd(context: WatchContext, concerns: Concerns): Promise<Criterion | undefined> {
  const { watch } = context;
  while (!isOver(context.state, watch, context.now())) {
    await waitForTick(context);
    const samples = await takeSamples(context);
    context.state = observeTick(context.state, watch, samples);
    context.publish();

    const breach = endingBreach(context.state, watch);
    if (breach) return breach;
    // With a last look.
    if (context.relieved) return undefined;
    await concerns.takeBack();
    await concerns.raise();
    const overdue = concerns.overdue();
    if (overdue && watch.consider.otherwise === 'rollback') return overdue;
    if (overdue) await concerns.carryOn(overdue);
    if (!concerns.isAsking) await startAfreshWhenLong(context);
  }
  return undefined;
}

async function waitForTick(context: WatchContext): Promise<void> {
  const { watch, state } = context;
  const now = context.now();
  await condition(() => context.relieved, Math.max(nextTick(state, watch, now) - now, 1), {
    summary: `${watch.title}: sample ${state.ticks + 1} of ${ticksOf(watch)}`,
  });
}

/** A worker that cannot sample is an error of each metric, not the end of the watch. */
async function takeSamples(context: WatchContext): Promise<Record<string, Sample[]>> {
  const { watch, state, input } = context;
  const { id, metrics, environment } = watch;
  const { evidence, clock, baselines, elsewhere } = input;
  const at = context.now();
  try {
    const { since } = state;
    const asked = { monitor: id, evidence, at, since, clock, metrics, baselines, elsewhere };
    return await context.sampler.sample(context.runner === undefined ? asked : { ...asked, environment });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const message = messageOf(error);
    // Nobody has heard anything, neither of the target nor of any other place.
    const silence = { proven: false, text: message };
    return Object.fromEntries(metrics.map(({ name }) => [name, [{ at, kind: 'error', message, silence }]]));
  }
}

/** Between two ticks: what has been learnt goes on, the history begins anew. */
async function startAfreshWhenLong(context: WatchContext): Promise<void> {
  const { input, state, watch, runner } = context;
  const { historyLength, historySize } = workflowInfo();
  const isLong = historyLength > LONGEST_HISTORY || historySize > LARGEST_HISTORY;
  if (!isLong || context.relieved || isOver(state, watch, context.now())) return;
  // A cancel that came in this very moment was heard by this run, and the next one would go on as if nobody had said it.
  if (CancellationScope.current().consideredCancelled) return;
  const moved = runner === undefined ? input : { ...input, runner };
  await continueAsNew<typeof MonitorWorkflow>(moved, { ...state, continuedAt: context.now() });
}

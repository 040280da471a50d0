/** What all parts of a watch share: its input, its clock, its state, and the board that shows it. */
import { setHandler } from '@temporalio/workflow';
import {
  guardRelieved,
  progressQuery,
  readTexts,
  runnerMoved,
  type WatchInput,
  type WatchProgress,
} from '../../contract/messages.js';
import { GUARD, runnerOf } from '../../contract/names.js';
import type { Watch } from '../../contract/plan/watch.js';
import { isRunnerIdentity } from '../../domain/runner.js';
import type { CriterionResult } from '../../domain/watch/criteria.js';
import { criterionResultOf } from '../../domain/watch/verdict.js';
import { criterionState, endOf, newWatchState, type WatchState } from '../../domain/watch/watch-state.js';
import { showWhenAsked } from '../common/details.js';
import { publishState } from '../common/published.js';
import { Sampler } from '../common/sampler.js';
import { renderWatch } from './board.js';

/** What a watch that continues as new hands on. */
export interface CarriedWatch extends WatchState {
  /** The watch's own time when it continued as new. */
  continuedAt?: number;
}

export class WatchContext {
  readonly watch: Watch;
  readonly sampler = new Sampler(() => ({ ownRunner: this.runner, authority: this.input.authority }));
  state: WatchState;
  /** The queue of the environment's own runner; another one after a move. */
  runner: string | undefined;
  /** A guard is not needed any more. */
  relieved = false;
  /** Of the criteria, and of the trends: once they have been judged. */
  judged: CriterionResult[] | undefined;
  private readonly skew: number;

  constructor(
    readonly input: WatchInput,
    carried?: CarriedWatch,
  ) {
    const { watch, clock, runner } = input;
    this.watch = watch;
    this.runner = runner;
    // Server 1.32 adds the time it has skipped so far once more to a run that continues as new: in virtual time the
    // watch goes on from where it was.
    this.skew = clock === 'virtual' && carried?.continuedAt !== undefined ? Date.now() - carried.continuedAt : 0;
    this.state = carried ?? newWatchState(watch, this.now());
    showWhenAsked(() => renderWatch(watch, { ticks: this.state.ticks, results: this.judged ?? this.results }));
  }

  /** Epoch milliseconds. */
  now(): number {
    return Date.now() - this.skew;
  }

  listen(): void {
    setHandler(progressQuery, () => this.progress, {
      description: 'How each criterion stands, and until when it is watched.',
    });
    if (this.runner !== undefined) {
      setHandler(runnerMoved, (sent) => {
        const { runner = '' } = readTexts(sent, ['runner']) ?? {};
        // Whoever may signal a workflow may send anything.
        if (isRunnerIdentity(runnerOf(runner))) this.runner = runner;
      });
    }
    // A watch of the plan lasts as long as that says, whoever sends what.
    if (this.watch.id !== GUARD) return;
    setHandler(guardRelieved, () => {
      this.relieved = true;
    });
  }

  get results(): CriterionResult[] {
    return this.watch.criteria.map((criterion) => criterionResultOf(criterion, criterionState(this.state, criterion)));
  }

  get progress(): WatchProgress {
    const { startedAt, ticks, samples } = this.state;
    return {
      startedAt,
      endsAt: endOf(this.state, this.watch),
      now: this.now(),
      ticks,
      samples,
      criteria: this.results,
    };
  }

  publish(): void {
    publishState(() => this.progress);
  }
}

/** The steps of the way forward, as the runbook has them: run, failed and asked about, skipped, or the reason to roll back. */
import { isCancellation } from '@temporalio/workflow';
import type { StepKey } from '../../contract/activities/step.js';
import { actedOn, type RunbookStep, stepsByID } from '../../contract/runbook.js';
import { hasChanged } from '../../domain/decisions/decisions.js';
import { waivedBefore } from '../../domain/decisions/waived.js';
import { attestationOf, byWhom, isSeenToFail, type StepReport } from '../../domain/evidence.js';
import type { DecisionRecord, Ledger, StepRecord } from '../../domain/ledger/ledger.js';
import { queueFor } from '../../domain/runner.js';
import type { Context } from './context.js';
import { describe, RollbackNeeded } from './failures.js';
import type { Guard } from './guard.js';
import type { Ask, Questions } from './questions.js';
import { CutOff } from './runner.js';
import { settle } from './settling.js';
import { begunRecord, runGeneration } from './step-record.js';

export class Steps {
  private readonly runbook: Map<string, RunbookStep>;

  constructor(
    private readonly context: Context,
    private readonly questions: Questions,
    private readonly guard: Guard,
    /** Nothing begins before. */
    private readonly released: () => Promise<void>,
  ) {
    this.runbook = stepsByID(context.plan);
  }

  /**
   * Runs one step of the runbook to its end: passed, or skipped by a person. What follows a failure stands there, and
   * whether it runs at all.
   * @returns the step's report, or undefined when it was skipped, or is off
   */
  async run<R extends StepReport>(
    id: string,
    work: (key: StepKey, summary: string) => Promise<R>,
  ): Promise<R | undefined> {
    const { ledger, input } = this.context;
    const definition = this.definitionOf(id);
    if (definition.off !== undefined) return undefined;
    for (let generation = 1; ; generation++) {
      await this.released();
      this.guard.raise();
      const isGivenWay = this.context.givenWay !== undefined;
      const record = this.begin(definition, generation);
      const key = { deployment: input.deployment, step: id, generation };
      const environment = actedOn(this.context.plan, definition);
      const runner = queueFor(this.context, environment);
      let answer: DecisionRecord | undefined;
      const run = () =>
        work(key, definition.title).catch((error: unknown) => {
          // Whoever has stopped it has said what is to follow: what is left of it is ended first.
          if (error instanceof CutOff) answer = ledger.stop;
          throw error;
        });
      const report = await runGeneration(record, run, endsTheWay).catch((error) => {
        this.cutShort(record, error);
        throw error;
      });
      if (isGivenWay) this.context.followed();
      this.context.publish();
      const waived = waivedBefore(record, ledger.steps);
      const failure = `${record.reason}${waived ? `; on staging the same was waived ${byWhom(waived)}` : ''}`;
      if (record.unknown)
        ledger.unsettled = {
          ...{ step: id, generation, title: definition.title, text: failure },
          ...{ environment, runner, answer },
        };
      // A breach comes after what is known of the command, which a rollback has to know as well.
      this.guard.raise();
      if (report) return report;

      const isUnseen = definition.asksWhenUnknown === true && !isSeenToFail(record);
      const asks = record.unknown || record.notBegun || isUnseen || waived;
      if (!asks && endsTheDeployment(definition, ledger)) {
        throw new RollbackNeeded({ kind: 'step', step: id, text: `${definition.title}: ${failure}` });
      }
      const said = await this.guard.during(() => this.askAbout(definition, failure));
      if (said.kind === 'rollback') throw rollbackBy(said);
      if (said.kind === 'skip' || said.kind === 'confirm') {
        this.goOnWithout(definition, record, said);
        return undefined;
      }
    }
  }

  private definitionOf(id: string): RunbookStep {
    const found = this.runbook.get(id);
    if (!found) throw new Error(`the runbook has no step ${id}`);
    return found;
  }

  private begin(definition: RunbookStep, generation: number): StepRecord {
    const { steps } = this.context.ledger;
    const record = begunRecord(definition, generation);
    const earlier = steps.findIndex(({ id }) => id === definition.id);
    if (earlier >= 0) steps[earlier] = record;
    else steps.push(record);
    this.context.publish();
    return record;
  }

  /** What ends the way forward ends the record of its step too. */
  private cutShort(record: StepRecord, error: unknown): void {
    Object.assign(record, {
      ...(error instanceof RollbackNeeded ? error.report : undefined),
      state: 'failed',
      endedAt: Date.now(),
      reason: this.context.ledger.stop?.why ?? describe(error),
    });
    this.context.publish();
  }

  private async askAbout({ id, title, skippable }: RunbookStep, failure: string): Promise<DecisionRecord> {
    const { context, questions } = this;
    const { ledger, allRoles: roles } = context;
    const skip = skippable ? (['skip'] as const) : [];
    const rollback = hasChanged(ledger) ? (['rollback'] as const) : [];
    const moves: Ask['moves'] = ['retry', ...skip, ...rollback, 'abort'];
    const said = await settle({ context, questions }, { moves: ['confirm', ...moves], advice: ADVICE });
    return said ?? questions.ask({ kind: 'step-failed', id, title: `${title} failed`, text: failure, roles, moves });
  }

  /** A person has seen that it did its work, or goes on although it has not. */
  private goOnWithout({ facts }: RunbookStep, record: StepRecord, answer: DecisionRecord): void {
    const by = attestationOf(answer);
    if (answer.kind === 'confirm') {
      record.state = 'passed';
      record.facts = facts.map((name) => ({ name, ok: true, text: `confirmed ${byWhom(answer)}`, by }));
      record.reason = `${record.reason} (confirmed ${byWhom(answer)})`;
    } else {
      record.state = 'skipped';
      record.skippedBy = by;
      record.facts = record.facts.map((fact) => (fact.ok || fact.by ? fact : { ...fact, by }));
      record.reason = `${record.reason} (skipped ${byWhom(answer)})`;
    }
    this.context.publish();
  }
}

const ADVICE =
  'Look what it has done: confirm that it did its work, or say what is to follow. Whatever follows, what is left of it ' +
  'is ended first, unless its work is confirmed';

const rollbackBy = (answer: DecisionRecord): RollbackNeeded => {
  const { who, option, revision } = answer;
  return new RollbackNeeded({ kind: 'person', who, text: `rollback ${byWhom(answer)}`, option, revision });
};

/** There is nothing to ask: what has changed of production is rolled back, and else nothing has. */
const endsTheDeployment = ({ onFailure }: RunbookStep, ledger: Ledger): boolean =>
  onFailure === 'stop' || (onFailure === 'rollback' && hasChanged(ledger));

const endsTheWay = (error: unknown): boolean => isCancellation(error) || error instanceof RollbackNeeded;

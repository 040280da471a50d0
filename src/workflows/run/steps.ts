/** The steps of the way forward, as the runbook has them: run, failed and asked about, skipped, or the reason to roll back. */
import { condition, isCancellation } from '@temporalio/workflow';
import type { StepKey } from '../../contract/activities/step.js';
import { type RunbookStep, stepsByID } from '../../contract/runbook.js';
import { hasChanged } from '../../domain/decisions/decisions.js';
import { waivedBefore } from '../../domain/decisions/waived.js';
import { attestationOf, byWhom, type StepReport } from '../../domain/evidence.js';
import type { DecisionRecord, StepRecord } from '../../domain/ledger/ledger.js';
import type { Context } from './context.js';
import { describe, RollbackNeeded } from './failures.js';
import type { Guard } from './guard.js';
import type { Questions } from './questions.js';
import { begunRecord, runGeneration } from './step-record.js';

export class Steps {
  private readonly runbook: Map<string, RunbookStep>;

  constructor(
    private readonly context: Context,
    private readonly questions: Questions,
    private readonly guard: Guard,
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
      if (ledger.held) await this.guard.during(() => condition(() => ledger.held === undefined));
      this.guard.raise();
      const record = this.begin(definition, generation);
      const key = { deployment: input.deployment, step: id, generation };
      const report = await runGeneration(record, () => work(key, definition.title), endsTheWay).catch((error) => {
        this.cutShort(record, error);
        throw error;
      });
      this.context.publish();
      this.guard.raise();
      if (report) return report;

      const waived = waivedBefore(record, ledger.steps);
      const failure = `${record.reason}${waived ? `; on staging the same was waived ${byWhom(waived)}` : ''}`;
      if (definition.onFailure === 'rollback' && hasChanged(ledger) && !waived) {
        throw new RollbackNeeded({ kind: 'step', step: id, text: `${definition.title}: ${failure}` });
      }
      const answer = await this.guard.during(() => this.askAbout(definition, failure));
      if (answer.kind === 'skip') {
        this.skip(record, answer);
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

  private askAbout({ id, title, skippable }: RunbookStep, failure: string): Promise<DecisionRecord> {
    const { ledger, allRoles } = this.context;
    return this.questions.ask({
      kind: 'step-failed',
      id,
      title: `${title} failed`,
      text: failure,
      roles: allRoles,
      moves: [
        'retry',
        ...(skippable ? (['skip'] as const) : []),
        ...(hasChanged(ledger) ? (['rollback'] as const) : []),
        'abort',
      ],
    });
  }

  private skip(record: StepRecord, answer: DecisionRecord): void {
    const by = attestationOf(answer);
    record.state = 'skipped';
    record.skippedBy = by;
    record.facts = record.facts.map((fact) => (fact.ok || fact.by ? fact : { ...fact, by }));
    record.reason = `${record.reason} (skipped ${byWhom(answer)})`;
    this.context.publish();
  }
}

const endsTheWay = (error: unknown): boolean => isCancellation(error) || error instanceof RollbackNeeded;

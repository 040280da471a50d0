/** One deployment as its workflow sees it: the ledger, steps, questions to people, decisions, the board. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { EvidencePlace, IndexUse, StepKey } from '../contract/activities.js';
import { type DeployInput, newLedger } from '../contract/deployment.js';
import { FailureType } from '../contract/errors.js';
import {
  concernRaised,
  concernSettled,
  DECISION_HELP,
  decideUpdate,
  decisionSignals,
  itemsQuery,
  readTexts,
  statusQuery,
} from '../contract/messages.js';
import { searchAttributes } from '../contract/names.js';
import { renderBoard } from '../domain/board.js';
import type { RollbackOption } from '../domain/criteria.js';
import { hasChanged, inShort, judge, plannedOption, readDecision, take } from '../domain/decisions.js';
import type { DeploymentEvent } from '../domain/events.js';
import { failures, passed, type StepReport } from '../domain/evidence.js';
import { countItems, itemStatuses } from '../domain/items.js';
import {
  DECISIONS,
  type Decision,
  type DecisionKind,
  type DecisionRecord,
  type Ledger,
  type OpenQuestion,
  type RollbackTrigger,
} from '../domain/ledger.js';
import type { Phase, StepDefinition } from '../domain/steps.js';
import { publishState } from './published.js';
import { Telling } from './telling.js';

/** Ends the forward path: production has to be rolled back. */
export class RollbackNeeded extends Error {
  /** @param report what the step has established all the same */
  constructor(
    readonly trigger: RollbackTrigger,
    readonly report?: StepReport,
  ) {
    super(trigger.text);
  }
}

type Ask = Pick<OpenQuestion, 'kind' | 'id' | 'title' | 'text' | 'roles' | 'moves' | 'digest'>;

const NO_CONCERN = 'concerns are raised by monitors, about criteria of the plan, while they watch';

/** The most decisions that are kept one by one; a flood of garbage must not grow the history without end. */
const MOST_DECISIONS = 500;

export class Deployment {
  readonly ledger: Ledger;
  readonly plan: DeployInput['plan'];
  readonly evidence: EvidencePlace;
  /** The task queue of the machine that runs the commands; known once admitted. */
  runner = '';
  /** What the plan says for the concern that a stop has answered. */
  planned?: RollbackOption;
  /** Rows counted in production right before the deploy, by table: what data loss is measured against. */
  baselines: Record<string, number> = {};
  /** Scans of the indexes right after the migration of production: what their use is counted from. */
  indexUse?: IndexUse;
  /** What was in the migration's new objects right after it, by name. */
  storedByMigration?: Record<string, number>;
  /** How many guards have stood so far; each is a workflow of its own. */
  guards = 0;
  /** Waits for people; once production carries users, it is watched meanwhile (see `phases/watching.ts`). */
  guard: <T>(wait: () => Promise<T>) => Promise<T> = (wait) => wait();
  /** Everything on the way forward runs in here; a stop cancels it. */
  readonly forward = new CancellationScope();
  private published = '';
  readonly telling: Telling;

  constructor(readonly input: DeployInput) {
    const { plan } = input;
    this.plan = plan;
    this.evidence = { store: plan.evidence, deployment: input.deployment, secrets: plan.secrets };
    this.ledger = newLedger(input, Date.now());
    this.telling = new Telling(input, this.ledger, () => this.publish());
    this.listen();
  }

  /** Roles that may decide about failures, holds and the like: all that the plan knows. */
  get allRoles(): string[] {
    return [...new Set(this.plan.approvals.roster.flatMap((person) => person.roles))];
  }

  enter(phase: Phase): void {
    this.ledger.phase = phase;
    this.publish();
  }

  /**
   * Runs one step to its end: passed, or skipped by a person. A failure asks a person while production is untouched
   * (or when `onFailure` says so), and leads to a rollback after. What trust rests on is not `skippable`.
   * @returns the step's report, or undefined when it was skipped
   */
  async step<R extends StepReport>(
    definition: StepDefinition,
    run: (key: StepKey, summary: string) => Promise<R>,
    options: { onFailure?: 'ask' | 'rollback'; skippable?: boolean } = {},
  ): Promise<R | undefined> {
    for (let generation = 1; ; generation++) {
      if (this.ledger.held) await this.guard(() => condition(() => this.ledger.held === undefined));
      const record = this.open(definition, generation);
      const key = { deployment: this.input.deployment, step: definition.id, generation };
      const ended = await this.attempt(() => run(key, definition.title)).catch((error) => {
        // It ends the way forward; its own record ends here too.
        Object.assign(record, {
          ...(error instanceof RollbackNeeded ? error.report : undefined),
          state: 'failed',
          endedAt: Date.now(),
          reason: this.ledger.stop?.why ?? describe(error),
        });
        this.publish();
        throw error;
      });
      record.endedAt = Date.now();
      if (ended.report) {
        record.summary = ended.report.summary;
        record.facts = ended.report.facts;
        record.evidence = ended.report.evidence;
      }
      record.state = ended.failure === undefined ? 'passed' : 'failed';
      record.reason = ended.failure;
      this.publish();
      if (ended.failure === undefined) return ended.report as R;

      const onFailure = options.onFailure ?? (hasChanged(this.ledger) ? 'rollback' : 'ask');
      if (onFailure === 'rollback') {
        throw new RollbackNeeded({ kind: 'step', step: definition.id, text: `${definition.title}: ${ended.failure}` });
      }
      const failure = ended.failure;
      const answer = await this.guard(() =>
        this.ask({
          kind: 'step-failed',
          id: definition.id,
          title: `${definition.title} failed`,
          text: failure,
          roles: this.allRoles,
          moves: [
            'retry',
            ...(options.skippable === false ? [] : (['skip'] as const)),
            ...(hasChanged(this.ledger) ? (['rollback'] as const) : []),
            'abort',
          ],
        }),
      );
      if (answer.kind === 'skip') {
        const { who, role, why } = answer;
        record.state = 'skipped';
        record.skippedBy = { who, role, why };
        record.facts = record.facts.map((fact) => (fact.ok || fact.by ? fact : { ...fact, by: { who, role, why } }));
        record.reason = `${ended.failure} (skipped by ${answer.who} as ${answer.role}: ${answer.why})`;
        this.publish();
        return undefined;
      }
    }
  }

  private open(definition: StepDefinition, generation: number) {
    const earlier = this.ledger.steps.findIndex(({ id }) => id === definition.id);
    const record: Ledger['steps'][number] = {
      ...definition,
      state: 'running',
      generation,
      startedAt: Date.now(),
      facts: [],
      evidence: [],
    };
    if (earlier >= 0) this.ledger.steps[earlier] = record;
    else this.ledger.steps.push(record);
    this.publish();
    return record;
  }

  private async attempt<R extends StepReport>(run: () => Promise<R>): Promise<{ report?: R; failure?: string }> {
    try {
      const report = await run();
      return passed(report) ? { report } : { report, failure: failures(report) };
    } catch (error) {
      if (isCancellation(error) || error instanceof RollbackNeeded) throw error;
      if (error instanceof TemporalFailure) return { report: commandFailed<R>(error), failure: describe(error) };
      throw error; // a mistake in this code: the task is retried until it is mended, and nothing is decided by it
    }
  }

  /** Asks people and waits for the answer, however long it takes. */
  async ask(question: Ask): Promise<DecisionRecord> {
    const open = this.openQuestion(question);
    await condition(() => open.answer !== undefined);
    this.closeQuestion(open);
    return open.answer as DecisionRecord;
  }

  /** Puts a question on the board and announces it. */
  openQuestion(question: Ask): OpenQuestion {
    const { text, ...rest } = question;
    const base = {
      ...rest,
      deployment: this.input.deployment,
      workflowId: workflowInfo().workflowId,
      service: this.plan.service,
    };
    const open: OpenQuestion = { ...base, openedAt: Date.now(), text };
    this.ledger.questions.push(open);
    this.publish();
    this.telling.ask(open, base);
    return open;
  }

  closeQuestion(open: OpenQuestion): void {
    this.ledger.questions = this.ledger.questions.filter((question) => question !== open);
    this.publish();
  }

  /** Tells people of an event. A receiver that is down delays nothing; what could not be told stands on the board. */
  tell(event: DeploymentEvent): void {
    void this.telling.tell(event);
  }

  /** Handlers are registered before anything is awaited, and only change state. */
  private listen(): void {
    for (const kind of DECISIONS) {
      setHandler(decisionSignals[kind], (sent: unknown) => void this.receive(kind, sent, 'signal'), {
        description: DECISION_HELP[kind],
      });
    }
    setHandler(
      decideUpdate,
      async (decision) => {
        const record = this.receive(decision.kind, decision, 'update');
        // A signature is verified before its sender hears whether it counts.
        await condition(() => !this.ledger.claims.includes(record));
        if (!record.accepted) throw refusal(record.reason);
        return record.reason;
      },
      {
        description: 'A decision; refused at once when it cannot be taken.',
        validator: (decision) => {
          const judgement = this.consider(decision?.kind, decision);
          if (!judgement.accepted) throw refusal(judgement.reason);
        },
      },
    );
    setHandler(statusQuery, () => this.countItems(), {
      description: 'The ledger: steps, questions, decisions, outcome.',
    });
    setHandler(itemsQuery, () => itemStatuses(this.plan.items, this.ledger.steps), {
      description: 'How each box of the checklist stands, with its evidence.',
    });
    setHandler(concernRaised, (sent) => {
      const concern = readTexts(sent, ['criterion', 'title', 'text']);
      if (!concern || !this.isWatched(concern.criterion)) return this.refuseSignal('concernRaised', NO_CONCERN);
      this.openQuestion({
        kind: 'concern',
        id: concern.criterion,
        title: concern.title,
        text: concern.text,
        roles: this.allRoles,
        moves: ['resume', 'rollback', 'abort'],
      });
    });
    setHandler(concernSettled, (sent) => {
      const settled = readTexts(sent, ['criterion']);
      const open = this.ledger.questions.find(({ kind, id }) => kind === 'concern' && id === settled?.criterion);
      if (open) this.closeQuestion(open);
    });
    setDefaultSignalHandler((name) =>
      this.refuseSignal(name, `"${name}" is no decision; use one of ${DECISIONS.join(', ')}`),
    );
  }

  /** A monitor is at work, and the criterion is one that the plan has it ask people about. */
  private isWatched(criterion: string): boolean {
    const { soak, watches } = this.plan;
    const known = [soak, ...watches].some(({ criteria }) => criteria.some(({ id }) => id === criterion));
    return known && this.ledger.monitors.some(({ endedAt }) => endedAt === undefined);
  }

  private refuseSignal(name: string, reason: string): void {
    const refused = { kind: 'hold', who: '?', role: '?', at: Date.now(), via: 'signal', accepted: false } as const;
    this.record({ ...refused, subject: name, reason });
    this.publish();
  }

  private consider(kind: DecisionKind, sent: unknown) {
    if (!DECISIONS.includes(kind)) return { accepted: false, reason: `kind must be one of ${DECISIONS.join(', ')}` };
    const decision = readDecision(kind, sent);
    if ('invalid' in decision) return { accepted: false, reason: decision.invalid };
    return { ...judge(this.ledger, this.plan.approvals, decision), decision };
  }

  /** The one way in for signals and updates. */
  private receive(kind: DecisionKind, sent: unknown, via: DecisionRecord['via']): DecisionRecord {
    const judgement = this.consider(kind, sent);
    const decision: Decision =
      'decision' in judgement && judgement.decision ? judgement.decision : { kind, who: '?', role: '?' };
    const record = { ...decision, at: Date.now(), via, accepted: judgement.accepted, reason: judgement.reason };
    const wasHeld = this.ledger.held !== undefined;
    this.record(record);
    if (record.accepted) {
      take(this.ledger, record);
      if (this.ledger.stop === record) {
        // Now, for the watch that is stopped takes its concerns with it.
        const criteria = this.plan.watches.flatMap((watch) => watch.criteria);
        this.planned = plannedOption(this.ledger, criteria, record);
      }
      if (record.kind === 'hold') this.telling.held(this.allRoles);
      if (record.kind === 'resume' && wasHeld && !this.ledger.held) this.tell({ kind: 'resumed', who: record.who });
      if (this.ledger.stop) this.forward.cancel();
    }
    this.publish();
    return record;
  }

  /** The ledger with how the boxes of the checklist stand now. */
  countItems(): Ledger {
    this.ledger.items = countItems(itemStatuses(this.plan.items, this.ledger.steps));
    return this.ledger;
  }

  private record(record: DecisionRecord): void {
    if (!record.accepted) log.warn(`Decision refused: ${record.reason}`, { decision: record.kind });
    this.ledger.decisions.push(record.accepted ? record : inShort(record));
    if (this.ledger.decisions.length > MOST_DECISIONS) {
      const oldestRefusal = this.ledger.decisions.findIndex(({ accepted }) => !accepted);
      if (oldestRefusal >= 0) this.ledger.decisions.splice(oldestRefusal, 1);
    }
  }

  /** Brings board and search attributes up to date; attributes only when they differ, for each is an event. */
  publish(): void {
    const { ledger } = this;
    setCurrentDetails(renderBoard(this.countItems(), Date.now()));
    publishState(ledger);
    const waitingFor = ledger.held ? 'resume' : (ledger.questions[0]?.id ?? '');
    const verdict = ledger.outcome ?? (ledger.rollback ? 'rolling-back' : 'running');
    const state = [ledger.phase, waitingFor, verdict].join('|');
    if (state === this.published) return;
    this.published = state;
    upsertSearchAttributes([
      { key: searchAttributes.phase, value: ledger.phase },
      { key: searchAttributes.waitingFor, value: waitingFor || null },
      { key: searchAttributes.verdict, value: verdict },
    ]);
  }
}

/** A command that ended badly has established one thing: that it did not run well. Its output is the evidence. */
function commandFailed<R extends StepReport>(error: TemporalFailure): R | undefined {
  let innermost: unknown = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  if (!(innermost instanceof ApplicationFailure) || innermost.type !== FailureType.CommandFailed) return undefined;
  const [details] = (innermost.details ?? []) as { evidence?: StepReport['evidence'] }[];
  const facts = [{ name: 'ran', ok: false, text: innermost.message }];
  return { summary: innermost.message, facts, evidence: details?.evidence ?? [] } as StepReport as R;
}

const refusal = (reason: string) =>
  ApplicationFailure.create({ type: FailureType.DecisionRefused, message: reason, nonRetryable: true });

/** What went wrong, in the words of the innermost failure. */
export function describe(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}

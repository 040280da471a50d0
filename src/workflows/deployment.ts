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
import type { EvidencePlace, StepKey } from '../contract/activities.js';
import type { DeployInput } from '../contract/deployment.js';
import { FailureType } from '../contract/errors.js';
import {
  concernRaised,
  concernSettled,
  DECISION_HELP,
  decideUpdate,
  decisionSignals,
  statusQuery,
} from '../contract/messages.js';
import { searchAttributes } from '../contract/names.js';
import { renderBoard } from '../domain/board.js';
import { hasChanged, judge, readDecision, take } from '../domain/decisions.js';
import { failures, passed, type StepReport } from '../domain/evidence.js';
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
import { people } from './policies.js';

/** Ends the forward path: production has to be rolled back. */
export class RollbackNeeded extends Error {
  constructor(readonly trigger: RollbackTrigger) {
    super(trigger.text);
  }
}

type Ask = Pick<OpenQuestion, 'kind' | 'id' | 'title' | 'text' | 'roles' | 'moves'>;

/** The most decisions that are kept one by one; a flood of garbage must not grow the history without end. */
const MOST_DECISIONS = 500;

export class Deployment {
  readonly ledger: Ledger;
  readonly plan: DeployInput['plan'];
  readonly evidence: EvidencePlace;
  /** The task queue of the machine that runs the commands; known once admitted. */
  runner = '';
  /** Rows counted in production right before the deploy, by table: what data loss is measured against. */
  baselines: Record<string, number> = {};
  /** Everything on the way forward runs in here; a stop cancels it. */
  readonly forward = new CancellationScope();
  private published = '';
  private lastTold: Promise<void> = Promise.resolve();

  constructor(readonly input: DeployInput) {
    const { plan } = input;
    this.plan = plan;
    this.evidence = { store: plan.evidence, deployment: input.deployment };
    this.ledger = {
      deployment: input.deployment,
      service: plan.service,
      title: plan.title,
      digest: input.digest,
      startedBy: input.startedBy,
      startedAt: Date.now(),
      phase: 'prerequisites',
      release: { target: plan.release.target, previous: plan.release.previous },
      steps: [],
      decisions: [],
      approvals: [],
      questions: [],
      monitors: [],
      production: { codeDeployed: false, migrated: false, maintenance: false },
      earlierRollbacks: [],
      untold: [],
    };
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
   * (or when `onFailure` says so), and leads to a rollback after.
   * @returns the step's report, or undefined when it was skipped
   */
  async step<R extends StepReport>(
    definition: StepDefinition,
    run: (key: StepKey, summary: string) => Promise<R>,
    options: { onFailure?: 'ask' | 'rollback' } = {},
  ): Promise<R | undefined> {
    for (let generation = 1; ; generation++) {
      await condition(() => this.ledger.held === undefined);
      const record = this.open(definition, generation);
      const key = { deployment: this.input.deployment, step: definition.id, generation };
      const ended = await this.attempt(() => run(key, definition.title)).catch((error) => {
        // It ends the way forward; its own record ends here too.
        Object.assign(record, {
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
      const answer = await this.ask({
        kind: 'step-failed',
        id: definition.id,
        title: `${definition.title} failed`,
        text: ended.failure,
        roles: this.allRoles,
        moves: hasChanged(this.ledger) ? ['retry', 'skip', 'rollback', 'abort'] : ['retry', 'skip', 'abort'],
      });
      if (answer.kind === 'skip') {
        record.state = 'skipped';
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
      if (error instanceof TemporalFailure) return { failure: describe(error) };
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
    void this.inBackground(
      people.ask.executeWithOptions({ summary: `Ask people: ${question.title}` }, [
        { question: base, webhook: this.plan.announcements.webhook },
      ]),
      question.title,
    );
    return open;
  }

  closeQuestion(open: OpenQuestion): void {
    this.ledger.questions = this.ledger.questions.filter((question) => question !== open);
    this.publish();
  }

  /** Announces an event. A receiver that is down delays nothing; what could not be told stands on the board. */
  tell(text: string): void {
    this.lastTold = this.inBackground(
      people.tell
        .executeWithOptions({ summary: `Announce: ${text}` }, [
          {
            deployment: this.input.deployment,
            service: this.plan.service,
            text,
            webhook: this.plan.announcements.webhook,
          },
        ])
        .then(({ untold }) => {
          if (untold) this.ledger.untold.push(`${text} (${untold})`);
        }),
      text,
    );
  }

  /** The last announcement has been made, or given up: an ending should not be lost with its workflow. */
  async told(): Promise<void> {
    await this.lastTold;
  }

  private inBackground(work: Promise<unknown>, what: string): Promise<void> {
    return work.then(
      () => undefined,
      (error) => {
        if (!isCancellation(error)) this.ledger.untold.push(`${what} (${describe(error)})`);
      },
    );
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
      (decision) => {
        const record = this.receive(decision.kind, decision, 'update');
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
    setHandler(statusQuery, () => this.ledger, { description: 'The ledger: steps, questions, decisions, outcome.' });
    setHandler(concernRaised, (concern) => {
      this.openQuestion({
        kind: 'concern',
        id: concern.criterion,
        title: concern.title,
        text: concern.text,
        roles: this.allRoles,
        moves: ['resume', 'rollback', 'abort'],
      });
    });
    setHandler(concernSettled, ({ criterion }) => {
      const open = this.ledger.questions.find(({ kind, id }) => kind === 'concern' && id === criterion);
      if (open) this.closeQuestion(open);
    });
    setDefaultSignalHandler((name) => {
      this.record({
        kind: 'hold',
        who: '?',
        role: '?',
        at: Date.now(),
        via: 'signal',
        accepted: false,
        reason: `"${name}" is no decision; use one of ${DECISIONS.join(', ')}`,
      });
    });
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
    this.record(record);
    if (record.accepted) {
      take(this.ledger, record);
      if (this.ledger.stop) this.forward.cancel();
    }
    this.publish();
    return record;
  }

  private record(record: DecisionRecord): void {
    if (!record.accepted) log.warn(`Decision refused: ${record.reason}`, { decision: record.kind });
    this.ledger.decisions.push(record);
    if (this.ledger.decisions.length > MOST_DECISIONS) {
      const oldestRefusal = this.ledger.decisions.findIndex(({ accepted }) => !accepted);
      if (oldestRefusal >= 0) this.ledger.decisions.splice(oldestRefusal, 1);
    }
  }

  /** Brings board and search attributes up to date; attributes only when they differ, for each is an event. */
  publish(): void {
    const { ledger } = this;
    setCurrentDetails(renderBoard(ledger, Date.now()));
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

const refusal = (reason: string) =>
  ApplicationFailure.create({ type: FailureType.DecisionRefused, message: reason, nonRetryable: true });

/** What went wrong, in the words of the innermost failure. */
export function describe(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}

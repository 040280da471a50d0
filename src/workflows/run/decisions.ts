/** What people and monitors send to a deployment: handlers are registered before anything is awaited, and only change state. */

import {
  ApplicationFailure,
  CancellationScope,
  condition,
  log,
  setDefaultSignalHandler,
  setHandler,
} from '@temporalio/workflow';
import { saidBy } from '../../contract/envelope.js';
import { FailureType } from '../../contract/errors.js';
import {
  type Absence,
  concernRaised,
  concernSettled,
  decideUpdate,
  decisionSignals,
  decisionUpdates,
  itemsQuery,
  readTexts,
  runnerAway,
  runnerBack,
  statusQuery,
} from '../../contract/messages.js';
import { watchesOf } from '../../contract/plan/parts.js';
import { judgeDecision, plannedOption } from '../../domain/decisions/decisions.js';
import { isDemanded } from '../../domain/decisions/demands.js';
import { inShort, readDecision } from '../../domain/decisions/read-decision.js';
import { take } from '../../domain/decisions/take.js';
import { itemStatuses } from '../../domain/items.js';
import { DECISIONS, type DecisionKind, signalHelp } from '../../domain/ledger/decision-kinds.js';
import type { Decision, DecisionRecord } from '../../domain/ledger/ledger.js';
import type { RollbackOption } from '../../domain/watch/criteria.js';
import { checks } from '../common/policies.js';
import type { Notifier } from '../telling/notifier.js';
import type { Absences } from './absences.js';
import { settleClaim } from './claims.js';
import type { Context } from './context.js';
import { describe, isFailure } from './failures.js';
import { move } from './moving.js';
import type { Questions } from './questions.js';

const NO_CHILD = 'what is said of a runner is said by rollbacks and trials of them, while they run';
const FROM_WATCH = { description: 'Sent by watches, not by people.' };
const FROM_CHILD = { description: 'Sent by rollbacks and trials of them, not by people.' };
const NO_CONCERN = 'concerns are raised by monitors, about criteria of the plan, while they watch';

/** The most decisions that are kept one by one; a flood of garbage must not grow what every query answers with. */
const MOST_DECISIONS = 200;

export class Decisions {
  /** What the plan says for the concern that a stop has answered. */
  planned?: RollbackOption;

  /** @param forward is cancelled by a decision that stops the deployment */
  constructor(
    private readonly context: Context,
    private readonly questions: Questions,
    private readonly notifier: Notifier,
    private readonly absences: Absences,
    private readonly forward: CancellationScope,
  ) {}

  listen(): void {
    const { context } = this;
    for (const kind of DECISIONS) {
      const description = signalHelp(kind);
      setHandler(decisionSignals[kind], (sent: unknown) => void this.receive(kind, sent, 'signal'), { description });
      const update = this.updateOf(() => kind);
      setHandler(decisionUpdates[kind], update.handle, { description, validator: update.validate });
    }
    const update = this.updateOf<Decision>((decision) => decision?.kind);
    const description = 'A decision that says its kind, as the command line sends it; refused when it cannot be taken.';
    setHandler(decideUpdate, update.handle, { description, validator: update.validate });
    setHandler(statusQuery, () => context.counted, {
      description: 'The ledger: steps, questions, decisions, outcome.',
    });
    setHandler(itemsQuery, () => itemStatuses(context.plan.items, context.ledger.steps), {
      description: 'How each box of the checklist stands, with its evidence.',
    });
    setHandler(concernRaised, (sent) => this.raiseConcern(sent), FROM_WATCH);
    setHandler(
      concernSettled,
      (sent) => {
        const settled = readTexts(sent, ['criterion']);
        const open = context.ledger.questions.find(({ kind, id }) => kind === 'concern' && id === settled?.criterion);
        if (open) this.questions.close(open);
      },
      FROM_WATCH,
    );
    setHandler(
      runnerAway,
      (sent) => {
        const absence = readTexts(sent, ['runner', 'what', 'since', 'begun']) as Absence | undefined;
        if (!absence || !this.absences.ofChild(absence)) this.refuseSignal('runnerAway', NO_CHILD);
      },
      FROM_CHILD,
    );
    setHandler(
      runnerBack,
      () => {
        this.absences.ofChild(undefined);
      },
      FROM_CHILD,
    );
    setDefaultSignalHandler((name) =>
      this.refuseSignal(name, `"${name}" is no decision; use one of ${DECISIONS.join(', ')}`),
    );
  }

  /** A decision whose sender hears whether it counts. @param kindOf says which it is */
  private updateOf<Sent>(kindOf: (sent: Sent) => DecisionKind) {
    const { ledger } = this.context;
    return {
      handle: async (sent: Sent): Promise<string> => {
        const record = this.receive(kindOf(sent), sent, 'update');
        // A signature is verified, a runner called, before its sender hears whether it counts.
        await condition(() => !ledger.claims.includes(record));
        if (!record.accepted) throw refusal(record.reason);
        return record.reason;
      },
      validate: (sent: Sent): void => {
        const judgement = this.consider(kindOf(sent), sent);
        if (!judgement.accepted) throw refusal(judgement.reason);
      },
    };
  }

  private raiseConcern(sent: unknown): void {
    const concern = readTexts(sent, ['criterion', 'title', 'text']);
    if (!concern || !this.isWatched(concern.criterion)) {
      this.refuseSignal('concernRaised', NO_CONCERN);
      return;
    }
    this.questions.open({
      kind: 'concern',
      id: concern.criterion,
      title: concern.title,
      text: concern.text,
      roles: this.context.allRoles,
      moves: ['resume', 'rollback', 'abort'],
    });
  }

  /** A monitor is at work, and the criterion is one that the plan has it ask people about. */
  private isWatched(criterion: string): boolean {
    const { plan, ledger } = this.context;
    const known = watchesOf(plan).some(({ criteria }) => criteria.some(({ id }) => id === criterion));
    return known && ledger.monitors.some(({ endedAt }) => endedAt === undefined);
  }

  private refuseSignal(name: string, reason: string): void {
    const refused = { kind: 'hold', who: '?', role: '?', at: Date.now(), via: 'signal', accepted: false } as const;
    this.record({ ...refused, subject: name, reason });
  }

  private consider(kind: DecisionKind, sent: unknown) {
    if (!DECISIONS.includes(kind)) return { accepted: false, reason: `kind must be one of ${DECISIONS.join(', ')}` };
    const decision = readDecision(kind, sent);
    if ('invalid' in decision) return { accepted: false, reason: decision.invalid };
    return { ...judgeDecision(this.context.ledger, this.context.approvals, decision), decision };
  }

  /** The one way in for signals and updates. */
  private receive(kind: DecisionKind, sent: unknown, via: DecisionRecord['via']): DecisionRecord {
    const judgement = this.consider(kind, sent);
    const decision: Decision =
      'decision' in judgement && judgement.decision ? judgement.decision : { kind, who: '?', role: '?' };
    const isProven = isDemanded(this.context.ledger.demands, kind);
    // What nobody looks at is not kept as if somebody had.
    const { signature, envelope, ...words } = decision;
    const proof = isProven ? { envelope } : { signature };
    const { accepted, reason } = judgement;
    const record: DecisionRecord = { ...words, ...proof, at: Date.now(), via, accepted, reason };
    this.record(record);
    if (record.accepted) {
      if (isProven) void this.prove(record);
      else this.carryOut(record);
      this.context.publish();
    }
    return record;
  }

  /** Signed as the runner's policy asks: it is acted on once its envelope has been opened. */
  private async prove(record: DecisionRecord): Promise<void> {
    const { context } = this;
    const { ledger } = context;
    ledger.claims.push(record);
    const { valid, reason } = await CancellationScope.nonCancellable(() => this.verify(record));
    // Others may have come first meanwhile; it is not in its own way.
    const claims = ledger.claims.filter((claim) => claim !== record);
    const judged = valid
      ? judgeDecision({ ...ledger, claims }, context.approvals, record)
      : { accepted: false, reason };
    settleClaim(context, record, judged);
    if (judged.accepted) this.carryOut(record);
    context.publish();
  }

  private async verify(record: DecisionRecord): Promise<{ valid: boolean; reason: string }> {
    const { ledger, input } = this.context;
    const asked = { deployment: input.deployment, service: ledger.service, digest: input.digest };
    const summary = `Verify the signature of ${record.who}`;
    try {
      return await checks.verifyEnvelope.executeWithOptions({ summary }, [{ ...asked, decision: saidBy(record) }]);
    } catch (error) {
      if (!isFailure(error)) throw error;
      return { valid: false, reason: `the signature could not be verified: ${describe(error)}` };
    }
  }

  private carryOut(record: DecisionRecord): void {
    const { ledger, plan, allRoles } = this.context;
    const wasHeld = ledger.held !== undefined;
    take(ledger, record);
    if (ledger.stop === record) {
      // Now, for the watch that is stopped takes its concerns with it.
      const criteria = plan.watches.flatMap((watch) => watch.criteria);
      this.planned = plannedOption(ledger, criteria, record);
    }
    if (record.kind === 'move') void move(this.context, record);
    if (record.kind === 'hold') this.notifier.held(allRoles);
    if (record.kind === 'resume' && wasHeld && !ledger.held) {
      void this.notifier.notify({ kind: 'resumed', who: record.who });
    }
    if (ledger.stop) this.forward.cancel();
  }

  private record(record: DecisionRecord): void {
    const { ledger } = this.context;
    ledger.decisions.push(record.accepted ? record : inShort(record));
    if (ledger.decisions.length > MOST_DECISIONS) {
      const oldestRefusal = ledger.decisions.findIndex(({ accepted }) => !accepted);
      if (oldestRefusal >= 0) {
        ledger.decisions.splice(oldestRefusal, 1);
        ledger.refusedBefore = (ledger.refusedBefore ?? 0) + 1;
      }
    }
    if (record.accepted || !this.context.publishRefusal()) return;
    log.warn(`Decision refused: ${record.reason}`, { decision: record.kind });
  }
}

const refusal = (reason: string) =>
  ApplicationFailure.create({ type: FailureType.DecisionRefused, message: reason, nonRetryable: true });

/** The people of a simulated world: who answers which question how, and after how long. */

import { sensibleAnswers } from '../../domain/decisions/stand-ins.js';
import type { DecisionKind } from '../../domain/ledger/decision-kinds.js';
import type { Decision, Question } from '../../domain/ledger/ledger.js';
import { nextCall } from '../../domain/notifications/notifications.js';
import type { AnswerRule } from '../scenario/schema.js';
import type { World } from './world.js';

/** A question that somebody has heard. */
interface Heard {
  question: Question;
  askedAt: number;
  /** What will be said, and how long after. */
  answers: { decision: Decision; after: number }[];
  /** Nobody answers it, or not all who would have to. */
  leftOpen: boolean;
  /** It has been answered as far as it will be at once. */
  atOnce: Promise<void>;
  isOpen: boolean;
}

/** Who is asked the same thing again and again stops answering: a world that never moves on is no rehearsal. */
const MOST_TIMES = 20;
const WHY = 'as the scenario says';

export class People {
  private readonly heard: Heard[] = [];
  private onHeard: (() => void)[] = [];

  constructor(private readonly world: World) {
    world.onStop = () => this.withdraw(() => true);
  }

  /** Those who answer at once have answered when it returns. @param workflowTime when it was asked */
  async hear(questions: readonly Question[], at: number, workflowTime: number): Promise<void> {
    for (const question of questions) {
      // A concern is asked by the deployment and by the monitor.
      const known = this.heard.find(
        (other) => other.isOpen && other.question.kind === question.kind && other.question.id === question.id,
      );
      await (known ?? this.listen(question, at, workflowTime)).atOnce;
    }
  }

  /** Whether somebody is still to be waited for. */
  get isWaitedFor(): boolean {
    return this.world.held || this.heard.some(({ isOpen }) => isOpen);
  }

  /** Resolves when a question has been heard at or after this time. */
  async hasHeard(since: number): Promise<void> {
    while (!this.isWaitedFor && !this.heard.some(({ askedAt }) => askedAt >= since)) {
      await new Promise<void>((resolve) => {
        this.onHeard.push(resolve);
      });
    }
  }

  /** Everybody who answers at once has done so. */
  async settled(): Promise<void> {
    await Promise.all(this.heard.map(({ atOnce }) => atOnce));
  }

  /** A watch has ended, or the deployment is being stopped: what was asked about it is no longer open. */
  withdraw(isAbout: (question: Question) => boolean): void {
    for (const heard of this.heard) if (isAbout(heard.question)) heard.isOpen = false;
  }

  /** Every question so far. */
  get questions(): Question[] {
    return this.heard.map(({ question }) => question);
  }

  private listen(question: Question, at: number, workflowTime: number): Heard {
    const { world } = this;
    const { id, kind, title } = question;
    // Whoever asks, a concern is the monitor's, and the deployment's clock stands still while that watches.
    const askedAt = kind === 'concern' ? world.clock.latest : at;
    world.journal.add({ at: askedAt, what: 'asked', text: title, question: id, kind });
    world.journal.reached(id, askedAt);
    const { answers, leftOpen } = this.answersTo(question);
    const heard: Heard = { question, askedAt, answers, leftOpen, atOnce: Promise.resolve(), isOpen: true };
    this.heard.push(heard);
    for (const resolve of this.onHeard.splice(0)) resolve();
    this.expectReminders(heard, workflowTime);
    const later = answers.filter(({ after }) => after > 0);
    for (const { decision, after } of later) {
      const at = askedAt + after;
      world.clock.mark(workflowTime + after, at);
      world.expectAt({ at, byTick: kind === 'concern', happen: () => this.give(heard, decision, at) });
    }
    world.clock.mark(workflowTime + world.scenario.patience, askedAt + world.scenario.patience);
    if (leftOpen) this.expectPatience(heard);
    heard.atOnce = this.giveAtOnce(heard);
    return heard;
  }

  private expectPatience(heard: Heard): void {
    // A concern is settled by time.
    if (heard.question.kind === 'concern') return;
    this.world.expectPatience(heard.askedAt, heard.question.id, () => heard.isOpen);
  }

  private async giveAtOnce(heard: Heard): Promise<void> {
    for (const { decision, after } of heard.answers) if (after === 0) await this.give(heard, decision, heard.askedAt);
  }

  private async give(heard: Heard, decision: Decision, at: number): Promise<void> {
    const { world } = this;
    if (!heard.isOpen) return;
    const { kind } = heard.question;
    const counted = await world.say(decision, at, heard.question.id);
    world.journal.reached(heard.question.id, at);
    heard.answers = heard.answers.filter((answer) => answer.decision !== decision);
    // Who was refused has not answered, and nobody else does.
    heard.leftOpen ||= !counted;
    if (!counted) return this.expectPatience(heard);
    const isSignedOff = heard.answers.length === 0 && !heard.leftOpen;
    if (kind !== 'approvals' || decision.kind !== 'approve' || isSignedOff) heard.isOpen = false;
    if (kind === 'concern' && decision.kind === 'resume') await world.controls.dismissed();
  }

  private answersTo(question: Question): Pick<Heard, 'answers' | 'leftOpen'> {
    const { plan, scenario } = this.world;
    const before = this.heard.filter(({ question: { id, kind } }) => id === question.id && kind === question.kind);
    if (before.length >= MOST_TIMES) return { answers: [], leftOpen: true };
    const fits = (rule: AnswerRule) =>
      (rule.question === question.id || rule.question === question.kind) &&
      (rule.time ?? before.length + 1) === before.length + 1;
    const rules = scenario.world.answers.filter(fits);
    const sensible = sensibleAnswers(plan.approvals, question, WHY);
    if (question.kind !== 'approvals') {
      const [rule] = rules;
      const decision = rule ? this.decisionBy(rule, question, sensible[0]) : sensible[0];
      // A window opens by itself, and a rollback that was chosen is taken: nobody has to answer.
      const leftOpen = !decision && question.kind !== 'window' && question.kind !== 'rollback-choice';
      return { answers: decision ? [{ decision, after: rule?.after ?? 0 }] : [], leftOpen };
    }
    const answers = question.roles.flatMap((role) => {
      const rule = rules.find((candidate) => candidate.role === undefined || candidate.role === role);
      const usual = sensible.find((decision) => decision.role === role);
      const decision = rule ? this.decisionBy({ ...rule, role }, question, usual) : usual;
      return decision ? [{ decision, after: rule?.after ?? 0 }] : [];
    });
    return { answers, leftOpen: answers.length < question.roles.length };
  }

  private decisionBy(rule: AnswerRule, question: Question, usual: Decision | undefined): Decision | undefined {
    if (rule.answer === 'never') return undefined;
    const kind: DecisionKind | undefined = rule.answer ?? usual?.kind;
    const { roster } = this.world.plan.approvals;
    const person =
      roster.find(({ id }) => id === rule.who) ??
      (rule.role === undefined || usual?.role === rule.role ? roster.find(({ id }) => id === usual?.who) : undefined) ??
      roster.find(({ roles }) =>
        roles.some((role) => (rule.role === undefined ? question.roles.includes(role) : role === rule.role)),
      );
    const role = rule.role ?? person?.roles.find((candidate) => question.roles.includes(candidate));
    if (!kind || !person || !role) return undefined;
    const { digest, id: subject } = question;
    return {
      kind,
      who: person.id,
      role,
      why: rule.why ?? WHY,
      subject,
      option: rule.option,
      revision: rule.revision,
      digest: kind === 'approve' ? digest : undefined,
    };
  }

  /** When the workflow will call again is no surprise to the clock. */
  private expectReminders({ question, askedAt }: Heard, workflowTime: number): void {
    const { plan, clock, scenario } = this.world;
    const { reminders } = plan.notifications;
    if (question.kind === 'rollback-choice') {
      clock.mark(workflowTime + plan.rollback.overrideWithin, askedAt + plan.rollback.overrideWithin);
    }
    if (!reminders || question.kind === 'concern') return;
    let reminded = 0;
    let escalated = false;
    for (;;) {
      const call = nextCall(reminders, { askedAt, reminded, escalated });
      if (!call || call.at > askedAt + scenario.patience) return;
      clock.mark(workflowTime + call.at - askedAt, call.at);
      if (call.kind === 'question-escalated') escalated = true;
      else reminded += 1;
    }
  }
}

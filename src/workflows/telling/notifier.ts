/** Telling people what happens, and asking again what still waits. Nothing in here delays or fails a deployment. */
import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { aboutOf, type DeployInput } from '../../contract/deployment.js';
import type { Ledger, OpenQuestion, Question } from '../../domain/ledger/ledger.js';
import { answeredMessage } from '../../domain/notifications/answered-message.js';
import { inFewWords } from '../../domain/notifications/event-words.js';
import {
  type AnsweredEvent,
  askingKind,
  type DeploymentEvent,
  EVENTS,
  type QuestionDetails,
} from '../../domain/notifications/events.js';
import {
  type About,
  alertsAfter,
  followUps,
  isPaged,
  type Message,
  messagesFor,
  type NextCall,
  nextCall,
  noticeMessages,
  type OpenAlerts,
  questionKey,
  type ToNotify,
  whereProductionIsLeft,
} from '../../domain/notifications/notifications.js';
import { HOLD_ID } from '../../domain/notifications/question-page.js';
import { Outbox } from './outbox.js';

/** Something that waits for people: an open question, or a hold. */
interface Waiting {
  asked: QuestionDetails;
  isOpen: () => boolean;
  answer: () => Pick<AnsweredEvent, 'answer' | 'approvals'>;
  /** The event that it was when it began. */
  kind: 'held' | ReturnType<typeof askingKind>;
}

export class Notifier {
  private readonly outbox: Outbox;
  private alerts: OpenAlerts = {};
  /** What asks open questions, and what it can be edited by, where it can: where it offers a page to answer them on. */
  private asked: { question: QuestionDetails; message: Message }[] = [];
  private sent = 0;

  constructor(
    private readonly input: DeployInput,
    private readonly ledger: Ledger,
    deployment: ConstructorParameters<typeof Outbox>[0],
  ) {
    this.outbox = new Outbox(deployment);
  }

  /** Tells the channels that the plan names for the event. @returns when it is told, or could not be */
  notify(event: DeploymentEvent, options: { to?: ToNotify['to']; question?: Question } = {}): Promise<void> {
    const { to, question } = options;
    const plan = this.input.plan.notifications;
    const messages = this.numbered(messagesFor(plan, { event, about: this.about(), to, alerts: this.alerts }));
    this.alerts = alertsAfter(this.alerts, messages);
    const asking = messages.filter(({ asks }) => asks !== undefined);
    if ('question' in event) this.asked.push(...asking.map((message) => ({ question: event.question, message })));
    // In real time people answer by themselves; in virtual time an activity in flight keeps time from running past them.
    const isVirtual = this.input.clock === 'virtual';
    const questions = question && isVirtual ? [question] : [];
    const concernsStandIns = questions.length > 0 || (isVirtual && event.kind === 'held');
    if (messages.length === 0 && !concernsStandIns) return Promise.resolve();
    const batch = { summary: inFewWords(event), messages, questions };
    return CancellationScope.nonCancellable(() =>
      EVENTS[event.kind].urgent ? this.outbox.sendNow(batch) : this.outbox.enqueue(batch),
    );
  }

  /** Asks a question, reminds of it, escalates it, and tells when it is answered, for as long as it is open. */
  ask(open: OpenQuestion, question: Question): void {
    const waiting = this.waitingFor(open);
    void CancellationScope.nonCancellable(async () => {
      await this.notify({ kind: waiting.kind, question: waiting.asked }, { question });
      // A window opens by itself: people may go on before, and need not.
      if (open.kind !== 'window') return this.followUp(waiting);
      await condition(() => !waiting.isOpen());
      await this.withdraw(answeredEvent(waiting));
    });
  }

  /** A window that does not open by itself is reminded of like anything else. */
  remind(open: OpenQuestion): void {
    void CancellationScope.nonCancellable(() => this.followUp(this.waitingFor(open)));
  }

  private waitingFor(open: OpenQuestion) {
    const { id, title, text, roles, moves, openedAt } = open;
    return {
      asked: { id, title, text, roles, moves, openedAt },
      isOpen: () => open.answer === undefined && this.ledger.questions.includes(open),
      answer: () => ({ answer: open.answer, approvals: this.signedBy(open) }),
      kind: askingKind(open),
    } satisfies Waiting;
  }

  /** A person holds the deployment: told, and reminded of until it goes on. */
  held(roles: string[]): void {
    const { held } = this.ledger;
    if (!held) return;
    const title = `held by ${held.who}`;
    const text = held.why ?? 'no reason given';
    const asked: QuestionDetails = { id: HOLD_ID, title, text, roles, moves: ['resume'], openedAt: held.at };
    const isOpen = () => this.ledger.held === held && this.ledger.outcome === undefined;
    void CancellationScope.nonCancellable(async () => {
      await this.notify({ kind: 'held', who: held.who, reason: text });
      await this.followUp({ asked, isOpen, answer: () => ({}), kind: 'held' });
    });
  }

  /** The notices of checklist 2.2, as the activity that sends them wants them. */
  notices() {
    const { notifications } = this.input.plan;
    const about = this.about();
    const notices = notifications.notices.map((notice) => ({
      ...notice,
      off: notifications.channels.filter(({ id, off }) => notice.to.includes(id) && off).map(({ id }) => id),
      messages: this.numbered(noticeMessages(notifications, { notice, about })),
    }));
    return { notices, about, threads: this.outbox.threads };
  }

  /** What a watch of production tells in the deployment's place, when that is ended from outside. */
  alarm({ title, workflowId }: { title: string; workflowId: string }): Message[] {
    const { notifications } = this.input.plan;
    const event = { kind: 'unwatched', watch: title } as const;
    const to = whereProductionIsLeft(notifications);
    const messages = messagesFor(notifications, { event, about: this.about(), to, alerts: {} });
    return messages.map((message) => ({ id: `${workflowId}/unwatched/${message.channel.id}`, ...message }));
  }

  /** Everything has been told, or given up: an ending should not be lost with its workflow. */
  flushed(): Promise<void> {
    return this.outbox.flushed();
  }

  private async followUp(waiting: Waiting): Promise<void> {
    const { asked, kind } = waiting;
    const { notifications } = this.input.plan;
    const ways = followUps(notifications, kind);
    let to = ways.reminders;
    let reminded = 0;
    let escalated = false;
    for (;;) {
      const { reminders } = notifications;
      const next = reminders && nextCall(reminders, { askedAt: asked.openedAt, reminded, escalated });
      if (await this.isSettled(waiting, next)) break;
      if (next?.kind === 'question-escalated') {
        escalated = true;
        to = ways.escalation;
      } else {
        reminded += 1;
      }
      if (next) await this.notify({ kind: next.kind, question: asked, waited: Date.now() - asked.openedAt }, { to });
    }
    const answered = answeredEvent(waiting);
    void this.withdraw(answered);
    const wasReminded = reminded > 0 || escalated;
    if (!wasReminded && !isPaged(this.alerts, asked)) return;
    // Pagers hear of it by their alert, and those who were reminded by a message; of a hold's end they hear anyway.
    const toldAnyway = kind === 'held' ? (notifications.events.resumed ?? []) : [];
    const channels = wasReminded ? to.channels.filter((id) => !toldAnyway.includes(id)) : [];
    await this.notify(answered, { to: { channels, contacts: [] } });
  }

  /** Those who have signed, where all have that were asked. */
  private signedBy({ kind, roles }: OpenQuestion): AnsweredEvent['approvals'] {
    const { approvals } = this.ledger;
    const isComplete = kind === 'approvals' && roles.every((role) => approvals.some((one) => one.role === role));
    return isComplete ? approvals : undefined;
  }

  /** What was told of a question says the answer from now on, and offers its page no more. */
  private async withdraw(event: AnsweredEvent): Promise<void> {
    const key = questionKey(event.question);
    const own = this.asked.filter(({ question }) => questionKey(question) === key);
    this.asked = this.asked.filter((one) => !own.includes(one));
    const edited = own.flatMap(({ message }) => {
      const edits = this.outbox.places[message.id];
      const answered = { event, about: this.about(), message };
      return edits === undefined ? [] : [answeredMessage(this.input.plan.notifications, { ...answered, edits })];
    });
    if (edited.length === 0) return;
    await this.outbox.enqueue({ summary: inFewWords(event), messages: this.numbered(edited), questions: [] });
  }

  private async isSettled({ isOpen, asked }: Waiting, next: NextCall | undefined): Promise<boolean> {
    if (!isOpen()) return true;
    if (!next) {
      await condition(() => !isOpen());
      return true;
    }
    const what = next.kind === 'question-escalated' ? 'Escalate' : 'Remind of';
    const summary = `${what} “${asked.title}” if it still waits`.slice(0, 200);
    return condition(() => !isOpen(), Math.max(next.at - Date.now(), 1), { summary });
  }

  private numbered(messages: Omit<Message, 'id'>[]): Message[] {
    return messages.map((message) => {
      this.sent += 1;
      return { id: `${this.input.deployment}/${this.sent}`, ...message };
    });
  }

  private about(): About {
    return aboutOf(this.input, workflowInfo());
  }
}

const answeredEvent = ({ asked, answer }: Waiting): AnsweredEvent => ({
  kind: 'question-answered',
  question: asked,
  ...answer(),
});

/** One deployment as its phases see it: put together here, done in `run/`. */
import { CancellationScope, type ChildWorkflowHandle, condition, type Workflow } from '@temporalio/workflow';
import type { StepKey } from '../../contract/activities/step.js';
import type { DeployInput } from '../../contract/deployment.js';
import type { Absence } from '../../contract/messages.js';
import type { StepReport } from '../../domain/evidence.js';
import type { Read } from '../../domain/expectations.js';
import type { DecisionRecord, Ledger, OpenQuestion } from '../../domain/ledger/ledger.js';
import type { DeploymentEvent } from '../../domain/notifications/events.js';
import type { CommandQueues } from '../../domain/runner.js';
import type { Phase } from '../../domain/steps.js';
import type { RollbackOption } from '../../domain/watch/criteria.js';
import { Resets } from '../common/resets.js';
import { ForgeTeller } from '../telling/forge-teller.js';
import { Notifier } from '../telling/notifier.js';
import { Absences } from './absences.js';
import { Context } from './context.js';
import { Decisions } from './decisions.js';
import { describe, isFailure } from './failures.js';
import { Guard } from './guard.js';
import { type Ask, Questions } from './questions.js';
import { type SettlingQuestion, settle } from './settling.js';
import { Steps } from './steps.js';
import { Watching } from './watching.js';

/** What is held of production. */
export type Changes = Partial<Pick<Ledger['production'], 'codeDeployed' | 'migrated' | 'maintenance'>>;

/** Something that is about to begin. */
interface Beginning {
  /** What stands before it. */
  look(): Promise<void>;
  /** What production is held for while nothing of it has begun, and from then on. */
  before: Changes;
  changes: Changes;
}

export class Deployment extends Context {
  /** Everything on the way forward runs in here; a stop cancels it. */
  readonly forward = new CancellationScope();
  readonly notifier: Notifier;
  readonly forge: ForgeTeller;
  readonly watching: Watching;
  readonly guard: Guard;
  /** What was in the migration's new objects right after it, by name: wherever the way forward ends, a rollback asks. */
  storedByMigration?: Record<string, number>;
  /** What own checks compare with, by their IDs. */
  readonly readBefore = new Map<string, Read>();
  /** What is about to be done to production, if anything is. */
  private beginning?: Beginning;
  /** Something is being looked at; once more where that has itself waited. */
  private looking?: { again: boolean };
  private readonly absences: Absences;
  private readonly questions: Questions;
  private readonly decisions: Decisions;
  private readonly steps: Steps;
  private readonly resets: Resets;

  constructor(input: DeployInput) {
    super(input);
    this.notifier = new Notifier(input, this.ledger, this);
    this.forge = new ForgeTeller(this, (text, error) => {
      this.ledger.untold.push(error === undefined ? text : `${text}: ${describe(error)}`);
      this.publish();
    });
    this.questions = new Questions(this, this.notifier);
    this.absences = new Absences(this, this.questions);
    this.watching = new Watching(this, this.questions, this.notifier);
    this.guard = new Guard(this, this.watching, this.notifier);
    this.steps = new Steps(this, this.questions, this.guard, () => this.released());
    this.decisions = new Decisions(this, this.questions, this.notifier, this.absences, this.forward);
    this.decisions.listen();
    this.resets = new Resets(this.ledger, () => {
      this.notifier.held(this.allRoles);
      this.publish();
    });
  }

  /** What was done since is not known to it, and nobody has looked. */
  get doubt(): string | undefined {
    return this.resets.unanswered?.text;
  }

  /** Nothing follows while a person holds it, or nobody has looked since it was reset. */
  async released(): Promise<void> {
    const { ledger } = this;
    this.resets.look();
    if (ledger.held) await this.guard.during(() => condition(() => ledger.held === undefined));
  }

  /**
   * On the way back: whether production is as this run holds it, where it was reset and nobody has said so yet.
   * @returns who leaves production alone
   */
  async lookedAt(): Promise<DecisionRecord | undefined> {
    const { resets, ledger } = this;
    const { unanswered: reset } = resets;
    if (reset) {
      const title = 'Nobody knows what was done before the reset';
      const asked = { id: 'reset', title, text: `${reset.text}. ${LOOK}`, roles: this.allRoles };
      reset.answer = await this.ask({ kind: 'outcome-unknown', ...asked, moves: ['confirm', 'skip'] });
      this.publish();
    }
    const { answer } = ledger.reset ?? {};
    return answer?.kind === 'skip' ? answer : undefined;
  }

  /** What the plan says for the concern that a stop has answered. */
  get planned(): RollbackOption | undefined {
    return this.decisions.planned;
  }

  override publish(): void {
    super.publish();
    this.forge.changed();
  }

  /** Who waits for a runner may wait for days: production is guarded from then on, until somebody else watches it. */
  override away(absence: Absence): () => void {
    this.guard.stand();
    return this.absences.own(absence);
  }

  /** @throws RollbackNeeded when there has been a breach meanwhile */
  override meanwhile(wait: () => Promise<unknown>): Promise<unknown> {
    return this.unbegun(() => this.guard.during(wait));
  }

  /**
   * Whoever waits for a runner may wait for days: nothing begins in a hold, nor before what stands before it has been
   * looked at again. On the way back nothing stands before anything.
   * @throws RollbackNeeded when there has been a breach meanwhile
   */
  override async again(): Promise<void> {
    this.guard.raise();
    if (this.looking) this.looking.again = true;
    const { beginning, ledger } = this;
    if (this.looking || ledger.ending !== undefined) return;
    await this.unbegun(async () => {
      await this.released();
      if (beginning) await this.guard.during(() => this.look(beginning.look));
    });
  }

  /** Looks, and once more where that has itself waited for a runner. */
  async look(look: () => Promise<void>): Promise<void> {
    const looking = { again: true };
    this.looking = looking;
    try {
      while (looking.again) {
        looking.again = false;
        await look();
      }
    } finally {
      this.looking = undefined;
    }
  }

  /**
   * What of this waits for its runner, and has not begun, begins only when its caller has looked once more.
   * @param changes what production is held for once it may have begun, and until then is not
   */
  async begin<T>(look: Beginning['look'], work: () => Promise<T>, changes: Changes = {}): Promise<T> {
    const outer = this.beginning;
    const { production } = this.ledger;
    const before = Object.fromEntries(Object.keys(changes).map((name) => [name, production[name as keyof Changes]]));
    this.beginning = { look, before, changes };
    Object.assign(production, changes);
    try {
      return await work();
    } finally {
      this.beginning = outer;
    }
  }

  /** While nothing of it has begun production is as it was; and stays so where something else happens instead. */
  private async unbegun<T>(wait: () => Promise<T>): Promise<T> {
    const { beginning, ledger } = this;
    if (!beginning || this.looking) return wait();
    Object.assign(ledger.production, beginning.before);
    this.publish();
    const done = await wait();
    Object.assign(ledger.production, beginning.changes);
    this.publish();
    return done;
  }

  /** Runs a child that runs commands by itself: it hears of moves, and people hear where it waits for its runner. */
  accompany<T extends Workflow>(start: (queues: CommandQueues) => Promise<ChildWorkflowHandle<T>>) {
    return this.absences.accompany(start);
  }

  enter(phase: Phase): void {
    this.ledger.phase = phase;
    this.publish();
  }

  /** Runs a step of the runbook. @returns its report, or undefined when a person skipped it, or it is off */
  step<R extends StepReport>(
    { id }: { id: string },
    work: (key: StepKey, summary: string) => Promise<R>,
  ): Promise<R | undefined> {
    return this.steps.run(id, work);
  }

  /** Asks people and waits for the answer, however long it takes. */
  ask(question: Ask): Promise<DecisionRecord> {
    return this.questions.ask(question);
  }

  /** Before anything follows a command of which nobody knows how it ended. @returns what people have said of it */
  settle(question: SettlingQuestion): Promise<DecisionRecord | undefined> {
    return settle({ context: this, questions: this.questions }, question);
  }

  /** What production waits for and is no step: when it fails people say whether it is tried again, or all is over. */
  async insist<T>({ id, title }: { id: string; title: string }, work: () => Promise<T>): Promise<T> {
    for (;;) {
      const done = await work().then(
        (result) => ({ result }),
        (error: unknown) => {
          if (!isFailure(error)) throw error;
          return { failure: describe(error) };
        },
      );
      if ('result' in done) return done.result;
      const asked = { id, title: `${title} failed`, text: done.failure, roles: this.allRoles };
      await this.ask({ kind: 'step-failed', ...asked, moves: ['retry', 'abort'] });
    }
  }

  openQuestion(question: Ask): OpenQuestion {
    return this.questions.open(question);
  }

  closeQuestion(open: OpenQuestion): void {
    this.questions.close(open);
  }

  /** Tells people of an event. A receiver that is down delays nothing; what could not be told stands on the board. */
  tell(event: DeploymentEvent): void {
    void this.notifier.notify(event);
  }
}

const LOOK =
  'Look at production: confirm that it is as the deployment holds it, and it is brought back from there, or leave it as it ' +
  'is (skip)';

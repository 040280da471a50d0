/** What all parts of a deployment's run share: its input, its plan, its ledger, and the board that shows it. */
import { CancellationScope, condition, upsertSearchAttributes } from '@temporalio/workflow';
import type { EvidencePlace } from '../../contract/activities/step.js';
import { type DeployInput, newLedger } from '../../contract/deployment.js';
import { type Authority, begunBy, saidBy } from '../../contract/envelope.js';
import type { Absence } from '../../contract/messages.js';
import { searchAttributes } from '../../contract/names.js';
import type { Approvals } from '../../domain/decisions/approvals.js';
import { decidersUnder } from '../../domain/decisions/demands.js';
import { itemCounts } from '../../domain/items.js';
import { renderBoard } from '../../domain/ledger/board.js';
import type { DecisionRecord, Ledger } from '../../domain/ledger/ledger.js';
import type { CommandQueues, OwnRunners } from '../../domain/runner.js';
import { showWhenAsked } from '../common/details.js';
import { Publisher } from '../common/published.js';
import { type Owner, runnerCommands, runnerLoad } from './runner.js';

/** So many refusals people may cause; more are a flood, of which the last is published at such intervals (ms). */
const TOLD_AT_ONCE = 100;
const REFUSALS_EVERY = 1_000;

/** Longest wait of what gives way, milliseconds: for people it is the same moment. */
const SOON = 1_000;

export class Context implements Owner {
  readonly ledger: Ledger;
  readonly plan: DeployInput['plan'];
  readonly evidence: EvidencePlace;
  /** The queue of the runner of its commands; known once admitted. */
  runner = '';
  /** What is told, kept and shown of this moment gives way to what follows it, until then. */
  givenWay?: Promise<void>;
  private hasFollowed = false;
  readonly commands = runnerCommands(this);
  readonly load = runnerLoad(this);
  private readonly publisher = new Publisher(() => this.counted);
  private attributes = '';
  private shownAt = 0;
  private refusals = 0;

  constructor(readonly input: DeployInput) {
    const { plan } = input;
    this.plan = plan;
    this.evidence = { store: plan.evidence, deployment: input.deployment, secrets: plan.secrets };
    this.ledger = newLedger(input, Date.now());
    showWhenAsked(() => renderBoard(this.counted, Date.now()));
  }

  /** Where commands run of environments that have a runner of their own. */
  get runners(): OwnRunners | undefined {
    return this.ledger.runners;
  }

  /** Commands that begin from now on run there; what waits for another runner sees it by itself. */
  runOn({ runner, runners }: CommandQueues): void {
    this.runner = runner;
    Object.assign(this.ledger, { runner, ...(runners ? { runners } : {}) });
  }

  /** Told where there are people to tell. */
  away(_: Absence): () => void {
    return () => {};
  }

  /** Nobody else is there to look after anything. */
  meanwhile(wait: () => Promise<unknown>): Promise<unknown> {
    return wait();
  }

  /** Nothing stands in the way. */
  async again(): Promise<void> {}

  /**
   * What follows now begins before anything is told, kept or shown of how it came to that: each of these is work for the
   * server, which production would wait for. They leave when it has begun, or a second later. That is told by what happens:
   * the length of the history is another one at a replay, where a local activity has outlasted a task.
   */
  giveWay(): void {
    this.hasFollowed = false;
    this.givenWay ??= CancellationScope.nonCancellable(async () => {
      await condition(() => this.hasFollowed, SOON, { summary: 'What follows begins first' });
      this.givenWay = undefined;
      this.publish();
    });
  }

  /** What was given way to has begun. */
  followed(): void {
    this.hasFollowed = true;
  }

  /** Who may decide, and what. */
  get approvals(): Approvals {
    return decidersUnder(this.ledger.demands, this.plan.approvals, this.input.startedBy);
  }

  /** By whose word things are done, for runners that ask; nothing where the runner has no policy. */
  get authority(): Authority | undefined {
    return this.saying(() => true);
  }

  /**
   * By whose word people are told, as often as there is something to tell: of those who have begun it, and of those who
   * have signed it off, should nobody trust the former any more.
   */
  get vouched(): Authority | undefined {
    return this.saying(({ kind }) => kind === 'approve');
  }

  private saying(isSaid: (decision: DecisionRecord) => boolean): Authority | undefined {
    const { begun, ledger } = this;
    const { proposal, decisions, claims } = ledger;
    if (!begun) return undefined;
    const accepted = decisions.filter((one) => one.accepted && !claims.includes(one) && isSaid(one));
    const signed = { proposal: proposal?.digest, commit: proposal?.commit };
    return { ...begun, ...signed, decisions: [...begun.decisions, ...accepted.map(saidBy)] };
  }

  /** By whose word it began. */
  get begun(): Authority | undefined {
    const { ledger, plan, input } = this;
    const { demands, deployment } = ledger;
    return demands && { deployment, plan, decisions: begunBy(input) };
  }

  /** Roles that may decide about failures, holds and the like: all that there are. */
  get allRoles(): string[] {
    return [...new Set(this.approvals.roster.flatMap((person) => person.roles))];
  }

  /** The ledger with how the boxes of the checklist stand now. */
  get counted(): Ledger {
    return { ...this.ledger, items: itemCounts(this.plan.items, this.ledger.steps) };
  }

  /**
   * What was refused has changed nothing that is decided by: it is published at once, and in a flood of it within the
   * second, or with what happens next.
   * @returns whether it is to be told at all
   */
  publishRefusal(): boolean {
    this.refusals += 1;
    const isTold = this.refusals <= TOLD_AT_ONCE || Date.now() - this.shownAt >= REFUSALS_EVERY;
    if (isTold) this.showAll();
    return isTold;
  }

  private showAll(): void {
    this.shownAt = Date.now();
    this.publisher.changed();
  }

  /** Says that the ledger has changed. Search attributes only when they differ, for each is an event. */
  publish(): void {
    const { ledger } = this;
    this.showAll();
    if (this.givenWay && !ledger.outcome) return;
    const waitingFor = ledger.held ? 'resume' : (ledger.questions[0]?.id ?? '');
    const verdict = ledger.outcome ?? (ledger.rollback ? 'rolling-back' : 'running');
    const state = [ledger.phase, waitingFor, verdict].join('|');
    if (state === this.attributes) return;
    this.attributes = state;
    upsertSearchAttributes([
      { key: searchAttributes.phase, value: ledger.phase },
      { key: searchAttributes.waitingFor, value: waitingFor || null },
      { key: searchAttributes.verdict, value: verdict },
    ]);
  }
}

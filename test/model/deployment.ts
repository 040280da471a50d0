/** One deployment played from its start to its end, with everything that must hold of it looked at meanwhile. */
import type { DeployResult } from '../../src/contract/deployment.js';
import { FailureType } from '../../src/contract/errors.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { DecisionKind } from '../../src/domain/ledger/decision-kinds.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import {
  Broken,
  breachesOf,
  COMMANDS,
  type CommandCall,
  demand,
  isGuard,
  isReminder,
  lookAtBeginning,
  lookAtCommand,
  lookAtEnd,
  lookAtProduction,
  lookAtWaiting,
  type Unknown,
  unknownAfter,
} from './laws.js';
import type { ActivityOutcome } from './outcomes.js';
import { answerCall, helpOut, signOff } from './people.js';
import type { Act, Answer, Approve, Decide, Garbage, Scenario, Way } from './scenario.js';
import { STARTED_BY, shortPlan } from './short-plan.js';
import { type ActivityCall, Temporal, type UpdateHandle } from './temporal.js';
import type { Execution, Workflows } from './workflow-run.js';
import { type Circumstances, World } from './world.js';

export const SERVICE_WORKFLOW = 'surefoot/eduautismo/production';
export const DEPLOYMENT = 'eduautismo-20251124-120000-ab12';
const START = Date.UTC(2025, 10, 24, 12);

/** More than any deployment has. */
const MOST_EVENTS = 4_000;

/** What somebody sent as an approval, whatever became of it. */
interface Given {
  who: string;
  role: string;
  digest?: string;
  signature?: string;
}

/** The queue of the runner that admits. */
export const RUNNER = 'machine';

const failed = (message: string, type: FailureType): ActivityOutcome => ({ failure: { message, type } });
const NOT_BEGUN = failed('it was not begun: its disk takes nothing', FailureType.RunnerFailed);
const RECORD_GONE = failed('it was begun, and its record is gone', FailureType.OutcomeUnknown);

const ALONE: Way = { via: 'signal', racing: false };

export class PlayedDeployment {
  readonly plan: ResolvedPlan;
  readonly world: World;
  readonly temporal: Temporal;
  readonly circumstances: Circumstances;
  readonly given: Given[] = [];
  readonly updates: UpdateHandle[] = [];
  /** Commands of which nobody knew how they ended, or that could not be ended. */
  readonly unknown: Unknown[] = [];
  /** How often each question has been answered by those who help out. */
  readonly attempts: Record<string, number> = {};
  /** Queues that nobody serves: what runs there goes on, and nobody hears of it. */
  readonly lost = new Set<string>();
  /** The step that finds its runner gone, once. */
  missesRunner?: string;
  /** Of the runner's disk: what was begun has no record there any more, and nothing begins, or it takes no more. */
  disk: 'sound' | 'emptied' | 'full' = 'sound';
  /** What has happened, for the account of all runs. */
  readonly seen = new Set<string>();
  /** Since when nobody has watched production. */
  aloneSince?: number;
  /** How commands ended: what is asked for once more is read there, and not run again. */
  private readonly records = new Map<string, { queue?: string; outcome: ActivityOutcome }>();
  private readonly digests: string[] = [];
  private whim = 0;
  private calls = 0;

  constructor(
    workflows: Workflows,
    readonly scenario: Scenario,
  ) {
    const { plan, circumstances, together, longHistories } = scenario;
    this.plan = shortPlan(plan);
    this.circumstances = circumstances;
    this.world = new World(this.plan, circumstances, () => this.temporal.now);
    this.temporal = new Temporal(workflows, START, (call) => this.begin(call), {
      together,
      historyLength: (type) => (longHistories && type === 'MonitorWorkflow' ? 5_000 : 100),
    });
  }

  /** Plays all of it. @returns how the deployment ended */
  async play(): Promise<DeployResult> {
    await this.start();
    const { from, misses } = this.scenario;
    this.missesRunner = misses;
    if (from) await this.goOnUntil(({ questions }) => questions.some(({ id }) => id === from), { orEnds: true });
    for (const { after, act } of this.scenario.acts) {
      await this.goOn(after);
      if (!this.isRunning) break;
      await this.do(act);
    }
    return this.toItsEnd();
  }

  async start(): Promise<void> {
    const { plan } = this;
    const input = { deployment: DEPLOYMENT, plan, digest: 'f'.repeat(64), startedBy: STARTED_BY, clock: 'real' };
    await this.temporal.start('DeployWorkflow', SERVICE_WORKFLOW, [input]);
    await this.temporal.step();
  }

  get isRunning(): boolean {
    return this.temporal.running(SERVICE_WORKFLOW) !== undefined;
  }

  /** How many tasks its last run has carried out. */
  tasksOf(workflowId: string): number {
    return this.temporal.executions.findLast((run) => run.workflowId === workflowId)?.history.length ?? 0;
  }

  get rollbacks(): Execution[] {
    return this.temporal.executions.filter(({ type }) => type.startsWith('Rollback'));
  }

  private get monitors(): Execution[] {
    return this.temporal.executions.filter(({ type }) => type === 'MonitorWorkflow');
  }

  private terminate(executions: Execution[]): void {
    const running = executions.findLast(({ state }) => state === 'running');
    if (!running) return;
    if (running.type.startsWith('Rollback')) this.note({ environment: 'production', what: running.workflowId });
    this.temporal.terminate(running.workflowId);
  }

  /** Whoever runs its commands is gone, for so many events or for good. */
  private async loseRunner(back: number | undefined): Promise<void> {
    const { runner } = await this.ledger();
    if (runner === undefined) return;
    this.lost.add(runner);
    if (back === undefined) return;
    await this.goOn(back);
    this.serve(runner);
  }

  /** Whether it is at work, or over, on a runner that could not say so. */
  hasBegun({ step, generation }: { step: string; generation: number }): boolean {
    return this.unknown.some(({ begun }) => begun?.step === step && begun.generation === generation);
  }

  /** Somebody serves it again. */
  serve(queue: string): void {
    this.lost.delete(queue);
    this.temporal.serve(queue);
  }

  ledger(): Promise<Ledger> {
    return this.temporal.query<Ledger>(SERVICE_WORKFLOW, 'status');
  }

  /** Lets so many things happen; where the deployment waits for people, they do their part. */
  async goOn(events: number): Promise<void> {
    for (let event = 0; event < events && this.isRunning; event += 1) {
      if (this.waitsForPeople) await helpOut(this, await this.whatItWaitsFor());
      else await this.next();
      if (this.isRunning && this.world.calls > this.calls) await answerCall(this);
      this.calls = this.world.calls;
    }
  }

  /** Goes on until the deployment waits for people and this holds of it. */
  async goOnUntil(holds: (ledger: Ledger) => boolean, { orEnds = false } = {}): Promise<Ledger> {
    for (let event = 0; event < MOST_EVENTS && this.isRunning; event += 1) {
      if (!this.waitsForPeople) {
        await this.next();
        continue;
      }
      const ledger = await this.whatItWaitsFor();
      if (holds(ledger)) return ledger;
      await helpOut(this, ledger);
    }
    if (!orEnds) throw new Broken('it has ended, and that never came');
    return this.ledger();
  }

  /** Time goes by, and nobody does anything, until this holds. */
  async idleUntil(holds: () => boolean): Promise<void> {
    while (!holds()) demand(await this.temporal.step(), 'nothing happens any more, and that never came');
  }

  async toItsEnd(): Promise<DeployResult> {
    await this.goOn(MOST_EVENTS);
    if (this.isRunning) throw new Broken(`it never ends: ${JSON.stringify((await this.ledger()).steps.at(-1))}`);
    const execution = this.temporal.executions.findLast(({ workflowId }) => workflowId === SERVICE_WORKFLOW);
    demand(execution?.state === 'completed', `it ended as ${execution?.state}`);
    const result = execution?.result as DeployResult;
    lookAtEnd(this, result);
    if (this.digests.length > 1 && this.seen.has('deployed')) this.seen.add('signed off again');
    for (const workflowId of breachesOf(this)) this.seen.add(isGuard(workflowId) ? 'breach-while-waiting' : 'breach');
    this.seen.add(result.outcome);
    return result;
  }

  /** Something happens to the deployment that is not part of its course. */
  async do(act: Act): Promise<void> {
    this.seen.add(act.act);
    switch (act.act) {
      case 'restart-workers':
        return this.temporal.restartWorkers();
      case 'move-target':
        return this.world.moveTarget();
      case 'change-proof':
        return this.world.changeProof();
      case 'cancel':
        return this.temporal.cancel(SERVICE_WORKFLOW);
      case 'terminate-rollback':
        return this.terminate(this.rollbacks);
      case 'terminate-monitor':
        return this.terminate(this.monitors);
      case 'lose-runner':
        return this.loseRunner(act.back);
      case 'garbage-to-monitor': {
        const monitor = this.monitors.findLast(({ state }) => state === 'running');
        if (monitor) this.temporal.signal(monitor.workflowId, act.signal, [act.content]);
        return;
      }
      default:
        return this.sayAndLook(act);
    }
  }

  /** Sends a decision. Approvals are also known to {@link given}. */
  send(kind: DecisionKind, decision: Record<string, unknown>, way: Way = ALONE): void {
    if (way.via === 'signal') this.temporal.signal(SERVICE_WORKFLOW, kind, [decision], this.timeOf(way));
    else this.updates.push(this.temporal.update(SERVICE_WORKFLOW, 'decide', [{ ...decision, kind }], this.timeOf(way)));
  }

  /** Signs off, with a signature where the plan wants one and none is given. */
  approve({ who, role, digest, signature }: Given, way: Way = ALONE): void {
    const own = this.plan.approvals.signed ? this.signature(who, role, digest ?? '') : undefined;
    const given = { who, role, digest, signature: signature ?? own };
    this.given.push(given);
    this.send('approve', given, way);
  }

  /** Which of so many possibilities somebody takes. */
  choose(count: number): number {
    this.whim += 1;
    const { whims } = this.scenario;
    return count === 0 ? 0 : (whims[this.whim % whims.length] ?? 0) % count;
  }

  private async next(): Promise<void> {
    await this.temporal.step();
    await lookAtProduction(this);
    const digest = this.world.sealed?.digest;
    if (digest !== undefined && digest !== this.digests.at(-1)) this.digests.push(digest);
  }

  /** Nothing happens any more but reminders and the ticks of a guard. */
  private get waitsForPeople(): boolean {
    const next = this.temporal.next(
      ({ workflowId, timer }) => !isReminder(timer) && !(isGuard(workflowId) && timer !== undefined),
    );
    return next === undefined;
  }

  private async whatItWaitsFor(): Promise<Ledger> {
    const ledger = await this.ledger();
    lookAtWaiting(this, ledger);
    for (const { kind } of ledger.questions) this.seen.add(`asked: ${kind}`);
    if (ledger.held && ledger.production.codeDeployed) this.seen.add('held in production');
    return ledger;
  }

  /** An activity begins. */
  private begin(call: ActivityCall) {
    lookAtBeginning(this, call);
    lookAtCommand(this, call);
    const { key } = (call.input ?? {}) as { key?: { step: string } };
    if (key?.step === 'production.deploy') this.seen.add('deployed');
    if (call.queue && key && key.step === this.missesRunner) {
      this.lost.add(call.queue);
      this.missesRunner = undefined;
    }
    const isLost = () => this.lost.has(call.queue ?? '');
    const isTaken = !isLost();
    const usual = 1 + (call.activity === 'sampleMetrics' ? 0 : this.choose(5) * 700);
    const takes = isTaken ? (this.circumstances.slow[key?.step ?? ''] ?? usual) : call.takenWithin;
    const isRefused = this.disk !== 'sound' && this.isOnDisk(call);
    const end = () => {
      if (isLost() && !isTaken) return { untaken: [] };
      const outcome = isRefused ? NOT_BEGUN : this.ended(call);
      if (isLost()) return this.leftAtWork(call);
      const unknown = unknownAfter(call, outcome);
      if (unknown) this.note(unknown);
      return outcome;
    };
    return { takes, end };
  }

  /** What has been begun is at work, or over, where nobody is who could say so. */
  private leftAtWork(call: ActivityCall): ActivityOutcome {
    const { environment, key } = call.input as CommandCall;
    if (environment && key && COMMANDS.includes(call.activity))
      this.note({ environment: environment.name, what: key.step, begun: { ...key, queue: call.queue } });
    return { untaken: [{ begun: ['command'] }] };
  }

  private isOnDisk({ activity, queue }: ActivityCall): boolean {
    return queue === RUNNER && COMMANDS.includes(activity);
  }

  /** By its record, where the runner has one. */
  private ended(call: ActivityCall): ActivityOutcome {
    const { key } = (call.input ?? {}) as { key?: { step: string; generation: number } };
    if (!COMMANDS.includes(call.activity) || !key) return this.world.answer(call);
    const name = `${key.step}/${key.generation}/${call.activity}`;
    const { queue } = call;
    const known = this.records.get(name);
    demand(!known || known.queue === queue, `${name} was begun on runner ${known?.queue}, and again on ${queue}`);
    const outcome = known?.outcome ?? this.world.answer(call);
    this.records.set(name, { queue, outcome });
    return this.disk === 'emptied' && this.isOnDisk(call) ? RECORD_GONE : outcome;
  }

  private note(unknown: Pick<Unknown, 'environment' | 'what' | 'begun'>): void {
    this.unknown.push({ ...unknown, at: this.temporal.now, before: this.temporal.scheduled.length });
    this.seen.add('unknown');
  }

  /** Says something, and holds that what was refused has changed nothing but the record of decisions. */
  private async sayAndLook(act: Approve | Answer | Decide | Garbage): Promise<void> {
    if (act.racing || this.temporal.next() === this.temporal.now) return this.say(act);
    const before = await this.ledger();
    await this.say(act);
    if (this.temporal.next() !== this.temporal.now) return;
    await this.next();
    if (!this.isRunning || this.updates.at(-1)?.state === 'accepted') return;
    const after = await this.ledger();
    const isAccepted = after.decisions.length > before.decisions.length && after.decisions.at(-1)?.accepted;
    const [was, is] = [before, after].map(({ decisions: _, ...rest }) => JSON.stringify(rest));
    const isConcern = 'to' in act && act.via === 'signal' && act.to.startsWith('concern');
    demand(isAccepted || isConcern || was === is, `what was refused has changed\n${was}\nto\n${is}`);
    if (!isAccepted) this.seen.add('refused');
  }

  private async say(act: Approve | Answer | Decide | Garbage): Promise<void> {
    switch (act.act) {
      case 'approve':
        return this.tryToApprove(act);
      case 'answer':
        return this.answer(act);
      case 'decide': {
        const { act: _, kind, via, racing, subject, ...decision } = act;
        const subjects = ['hold', ...(await this.ledger()).questions.map(({ id }) => id)];
        const named = subject === undefined ? undefined : subjects[subject % subjects.length];
        return this.send(kind, { ...decision, subject: named }, { via, racing });
      }
      case 'garbage': {
        const { to, content } = act;
        if (act.via === 'signal') this.temporal.signal(SERVICE_WORKFLOW, to, [content], this.timeOf(act));
        else this.updates.push(this.temporal.update(SERVICE_WORKFLOW, 'decide', [content], this.timeOf(act)));
      }
    }
  }

  private tryToApprove({ who, role, digest: which, signed, ...way }: Approve): void {
    const current = this.world.sealed?.digest ?? '0'.repeat(64);
    const digest = {
      ...{ current, short: current.slice(0, 12), plan: 'f'.repeat(64), none: undefined },
      void: this.digests.find((earlier) => earlier !== current) ?? '1'.repeat(64),
    }[which];
    const signature = {
      ...{ well: this.signature(who, role, current), badly: 'signed by nobody', not: '' },
      'by-another': this.signature('ana.souza', role, current),
    }[signed];
    this.approve({ who, role, digest, signature }, way);
  }

  private async answer({ question: nth, move: which, who, ...way }: Answer): Promise<void> {
    const ledger = await this.ledger();
    const question = ledger.questions[nth % Math.max(ledger.questions.length, 1)];
    const move = question?.moves[which % question.moves.length];
    if (!question || !move) return;
    if (move === 'approve') return signOff(this, ledger, question);
    const able = this.plan.approvals.roster.filter(({ roles }) => roles.some((role) => question.roles.includes(role)));
    const person = able[who % Math.max(able.length, 1)];
    const role = person?.roles.find((candidate) => question.roles.includes(candidate));
    this.send(move, { who: person?.id, role, why: 'said so', subject: question.id }, way);
  }

  private timeOf({ racing }: Way): number {
    const { now } = this.temporal;
    return racing ? (this.temporal.next(({ timer }) => !isReminder(timer)) ?? now) : now;
  }

  private signature(who: string, role: string, digest: string): string {
    return this.world.sign({ deployment: DEPLOYMENT, digest, role, who });
  }
}

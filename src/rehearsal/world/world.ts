/** One simulated world: what is true of staging and production, what has happened, and what the scenario does to both. */
import { createHash } from 'node:crypto';
import { Temporal } from '@js-temporal/polyfill';
import type { StepKey } from '../../contract/activities/step.js';
import type { EnvironmentName } from '../../contract/plan/environment.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { byWhom, type EvidenceReference } from '../../domain/evidence.js';
import { DECISION_KINDS } from '../../domain/ledger/decision-kinds.js';
import type { Decision } from '../../domain/ledger/ledger.js';
import { STEPS } from '../../domain/steps.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Intervention, StepRule } from '../scenario/schema.js';
import { WorldClock } from './clock.js';
import { Journal } from './journal.js';

/** What the world asks of those who run it. */
export interface WorldControls {
  /** Says something to the deployment. @returns why it was refused; undefined when it was accepted */
  decide(decision: Decision): Promise<string | undefined>;
  /** Resolves when a monitor has heard that a person carries on. */
  dismissed(): Promise<void>;
  /** Stops the worker and starts another. Not to be waited for within an activity. */
  restartWorker(): void;
}

/** Something that happens at a moment that is known already. */
interface Due {
  at: number;
  /** A monitor brings it about, at the first tick that is not before it. */
  byTick?: boolean;
  happen: () => Promise<void>;
}

/** One environment as it is now. */
export interface EnvironmentState {
  version: string;
  revision: string;
  /** When the release was deployed to it, the rehearsal's own time. */
  deployedAt: number;
}

export class World {
  readonly clock = new WorldClock();
  readonly journal = new Journal();
  readonly plan: ResolvedPlan;
  readonly environments: Record<EnvironmentName, EnvironmentState>;
  /** Epoch milliseconds of the start, by the scenario. */
  readonly startsAt: number;
  /** The time of day at the start, milliseconds. */
  readonly dayAtStart: number;
  /** How many samples of metrics were taken. */
  samples = 0;
  /** When each rollback began. */
  readonly rollbacks: { option: string; generation: number; at: number }[] = [];
  /** A person holds the deployment. */
  held = false;
  /** A person has ended the way forward. */
  isStopped = false;
  onStop: () => void = () => {};
  /** The revision from before the deploy. */
  readonly previousRevision = 'previous';
  private timesCounted = 0;
  private dues: Due[] = [];
  private readonly begun = new Set<string>();
  private readonly spent = new Set<string>();
  private readonly generations = new Map<string, number[]>();
  private readonly done = new Set<Intervention | number>();
  private giveUp: (question: string) => void = () => {};
  /** Resolves to the question that nobody answers, when it has been waited for long enough. */
  readonly gaveUp = new Promise<string>((resolve) => {
    this.giveUp = resolve;
  });

  constructor(
    readonly scenario: Scenario,
    readonly deployment: string,
    readonly controls: WorldControls,
  ) {
    this.plan = scenario.plan.resolved;
    const state = () => ({ version: this.plan.release.previous, revision: this.previousRevision, deployedAt: 0 });
    const { version = this.plan.release.previous } = scenario.world.production;
    this.environments = { staging: state(), production: { ...state(), version } };
    const local = Temporal.PlainDateTime.from(scenario.starts);
    this.startsAt = local.toZonedDateTime(this.plan.windows?.timeZone ?? 'UTC').epochMilliseconds;
    this.dayAtStart = (local.hour * 60 + local.minute) * 60_000;
  }

  /** What happens with the first activity of a step: people who act, workers that go away. */
  begin({ step, generation }: StepKey, at: number): void {
    this.journal.reached(step, at);
    const option = /^rollback-(\w+)\./.exec(step)?.[1];
    if (option && !this.rollbacks.some((one) => one.option === option && one.generation === generation)) {
      this.rollbacks.push({ option, generation, at });
    }
    const generations = this.generations.get(step) ?? [];
    if (!generations.includes(generation)) this.generations.set(step, [...generations, generation]);
  }

  /** Who acts when a step begins does so now; not to be called within a task of the deployment's workflow. */
  async arrive(step: string, at: number): Promise<void> {
    const phase = Object.values(STEPS).find(({ id }) => id === step)?.phase;
    const places = [step, phase].filter((place) => place !== undefined && !this.begun.has(place)) as string[];
    for (const place of places) this.begun.add(place);
    await this.come(places, { at });
  }

  /** The rule of the scenario for this run of a step, as long as it has not been used up. */
  ruleFor({ step, generation }: StepKey): StepRule | undefined {
    const rule = this.scenario.world.steps[step];
    const run = (this.generations.get(step) ?? []).indexOf(generation);
    return rule && run < (rule.times ?? Number.POSITIVE_INFINITY) ? rule : undefined;
  }

  /** Whether a step's time has still to pass; it is asked once. */
  spend({ step, generation }: StepKey, takes: number): boolean {
    const key = `${step}/${generation}`;
    if (takes === 0 || this.spent.has(key)) return false;
    this.spent.add(key);
    return true;
  }

  /** A watch has come to a moment; `since` its start. */
  tick(watch: string, { at, since }: { at: number; since: number }): Promise<void> {
    const phase = watch === this.plan.soak.id ? 'soak' : 'watch';
    return this.come([watch, ...(phase === watch ? [] : [phase])], { at, since });
  }

  deploy(environment: EnvironmentName, version: string, at: number): void {
    const state = this.environments[environment];
    state.version = version;
    if (version === this.plan.release.target) state.deployedAt = at;
  }

  /** What is in the objects that a downgrade would drop: nothing right after the migration, then what users have written. */
  countStored(): Record<string, number> {
    this.timesCounted += 1;
    return this.timesCounted === 1 ? {} : (this.scenario.world.migration?.written ?? {});
  }

  expectAt(due: Due): void {
    this.dues.push(due);
    this.dues.sort((one, other) => one.at - other.at);
  }

  /** Lets everything happen that is due by now. */
  async happen(now: number): Promise<void> {
    for (;;) {
      const [due] = this.dues;
      if (!due || due.at > now) return;
      this.dues.shift();
      await due.happen();
    }
  }

  /** How long until something happens that no monitor brings about. */
  nextDue(now: number): number | undefined {
    const next = this.dues.find(({ byTick }) => !byTick);
    return next && Math.max(next.at - now, 1);
  }

  /** Evidence that is kept nowhere: what it would be, and what it would hash to. */
  evidence(title: string, path: string, content: unknown): EvidenceReference {
    const text = `${JSON.stringify(content)}\n`;
    const sha256 = createHash('sha256').update(text).digest('hex');
    return { title, path, sha256, bytes: Buffer.byteLength(text) };
  }

  /** What was watched or waited for ends here, whatever its own clocks say. */
  private stop(at: number): void {
    this.isStopped = true;
    this.onStop();
    this.clock.rebase(at);
  }

  private async come(places: string[], { at, since = 0 }: { at: number; since?: number }): Promise<void> {
    const { faults, interventions } = this.scenario.world;
    for (const [index, { restart, after = 0 }] of faults.entries()) {
      if (restart === undefined || !places.includes(restart) || since < after || this.done.has(index)) continue;
      this.done.add(index);
      this.journal.add({ at, what: 'fault', text: `the worker is stopped at ${restart}, and another begins` });
      this.controls.restartWorker();
    }
    for (const act of interventions) {
      if (!places.includes(act.at) || since < (act.after ?? 0) || this.done.has(act)) continue;
      this.done.add(act);
      await this.act(act, at);
    }
  }

  private async act(
    { does, who, role, why = 'as the scenario says', option, for: lasts }: Intervention,
    at: number,
  ): Promise<void> {
    const { roster } = this.plan.approvals;
    const person = roster.find(({ id, roles }) => (who ?? id) === id && (role === undefined || roles.includes(role)));
    const decision = { kind: does, who: person?.id ?? '', role: role ?? person?.roles[0] ?? '', why, option };
    await this.say(decision, at);
    if (does !== 'hold') return;
    if (lasts === undefined) return this.expectPatience(at, 'hold', () => this.held && !this.isStopped);
    const resume = { ...decision, kind: 'resume' as const, subject: 'hold' };
    this.expectAt({ at: at + lasts, happen: () => this.say(resume, at + lasts).then(() => undefined) });
  }

  /** The rehearsal ends when people are still waited for after so long: a world that never moves on is none. */
  expectPatience(since: number, question: string, isAwaited: () => boolean): void {
    const happen = async () => {
      if (isAwaited()) this.giveUp(question);
    };
    this.expectAt({ at: since + this.scenario.patience, happen });
  }

  /** Somebody says something; whether it counted is in the journal. */
  async say(decision: Decision, at: number, question?: string): Promise<boolean> {
    const { kind, subject, option } = decision;
    const about = [subject, option].filter((part) => part !== undefined).join(' ');
    const text = `${kind}${about ? ` ${about}` : ''} ${byWhom(decision)}`;
    // Written first: what follows from it may come before the answer to it.
    const entry = this.journal.add({ at, what: 'decided', text, decision: kind, question });
    // The people of a rehearsal have no keys, and are taken at their word.
    const isSigned = kind === 'approve' && this.plan.approvals.signed === true;
    const refused = await this.controls.decide(isSigned ? { ...decision, signature: 'rehearsal' } : decision);
    if (refused !== undefined) {
      entry.what = 'refused';
      entry.text = `${text}: refused: ${refused}`;
      return false;
    }
    if (kind === 'hold') this.held = true;
    if (kind === 'resume' && (subject === undefined || subject === 'hold')) this.held = false;
    this.clock.reach(at);
    if (DECISION_KINDS[kind].stops) this.stop(at);
    return true;
  }
}

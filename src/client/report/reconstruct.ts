/**
 * The ledger from the history alone, for when no worker can be asked: what activities and children reported, and what
 * people said, judged by the same rules as the workflow judges it. What only the workflow itself knows stays unknown.
 */
import type { BackupActivities, StepKey } from '../../contract/activities.js';
import { type DeployInput, newLedger } from '../../contract/deployment.js';
import { FailureType } from '../../contract/errors.js';
import type { MonitorInput, MonitorResult, RollbackInput, RollbackResult } from '../../contract/messages.js';
import type { ResolvedPlan } from '../../contract/plan.js';
import type { ReversibilityInput, ReversibilityResult } from '../../contract/reversibility.js';
import { passed, type StepReport } from '../../domain/evidence.js';
import type { Ledger, MonitorRecord, RollbackRecord, StepRecord, WayBack } from '../../domain/ledger.js';
import { PHASES, type Phase, STEPS } from '../../domain/steps.js';
import { watchFacts } from '../../domain/watch-facts.js';
import type { Happening } from './happenings.js';
import { add, begin, causeOf, isReport, keyOf, reasonOf } from './records.js';
import { rollbackEnd, WAYS } from './rollbacks.js';
import { Sayings } from './sayings.js';
import { type KnownStep, knownSteps } from './steps.js';

export function reconstruct(
  { input, workflowId }: { input: DeployInput; workflowId: string },
  happenings: readonly Happening[],
): Ledger {
  const history = new Reconstruction(input, workflowId, happenings[0]?.at ?? 0);
  for (const happening of happenings) history.take(happening);
  return history.ledger;
}

class Reconstruction {
  readonly ledger: Ledger;
  private readonly plan: ResolvedPlan;
  private readonly known: KnownStep[];
  private readonly sayings: Sayings;
  /** Inputs of the children that have begun, by workflow ID. */
  private readonly children = new Map<string, { type: string; input: unknown }>();

  constructor(input: DeployInput, workflowId: string, startedAt: number) {
    const { plan } = input;
    this.plan = plan;
    this.known = knownSteps(plan);
    this.ledger = newLedger(input, startedAt);
    this.sayings = new Sayings({ plan, ledger: this.ledger, known: this.known, workflowId });
  }

  take(happening: Happening): void {
    const { at, kind } = happening;
    if (kind === 'phase') {
      if ((PHASES as readonly string[]).includes(happening.phase)) this.ledger.phase = happening.phase as Phase;
    } else if (kind === 'signalled' || kind === 'updated') {
      this.sayings.hear(happening);
    } else if (kind === 'child-began') {
      this.children.set(happening.workflowId, happening);
      this.childBegan(happening.type, happening.workflowId, happening.input, at);
    } else if (kind === 'child-ended') {
      const child = this.children.get(happening.workflowId);
      if (child) this.childEnded(child, happening);
    } else if (kind === 'began') {
      const key = keyOf(happening.input);
      if (key) this.open(key, at);
    } else if (kind === 'failed') {
      this.failed(happening);
    } else {
      this.reported(happening);
    }
  }

  private reported({ at, activity, input, result }: Extract<Happening, { kind: 'reported' }>): void {
    if (activity === 'verifySignature') {
      this.sayings.verified(
        input as { who: string; statement: string },
        result as { valid: boolean; reason: string },
        at,
      );
    }
    if (activity === 'admit') this.ledger.runner = (result as { runner: string } | undefined)?.runner;
    if (!isReport(result)) return;
    const key = keyOf(input) ?? this.keyFromEvidence(result, activity);
    const record = key && this.open(key, at);
    if (!record) return;
    add(record, result, at);
    const { facts = [] } = this.known.find(({ id }) => id === record.id) ?? {};
    const isWhole = facts.every((name) => record.facts.some((fact) => fact.name === name));
    if (record.state === 'passed' && !isWhole) Object.assign(record, { state: 'running', endedAt: undefined });
    if (record.id === STEPS.repository.id) this.ledger.commit = (result as StepReport & { commit?: string }).commit;
    if (activity === 'sealProposal') this.sealed(result as StepReport & { digest: string; commit: string }, at);
    if (activity === 'checkApiDocumentation') this.sayings.documented(result as StepReport & { browser: boolean });
    if (activity === 'backUpDatabase' && record.id === STEPS.productionBackup.id) {
      const { location, sha256, restoreMilliseconds } = result as BackedUp;
      this.ledger.production.restoreEstimate = restoreMilliseconds;
      if (location) this.ledger.production.backup = { location, sha256 };
    }
  }

  /** A command that ended badly has established that it did not run well, as for the workflow. */
  private failed(happening: Extract<Happening, { kind: 'failed' }>): void {
    const key = keyOf(happening.input);
    const record = key && this.open(key, happening.at);
    if (!record) return;
    const reason = reasonOf(happening);
    Object.assign(record, { state: 'failed', endedAt: happening.at, reason });
    const failure = causeOf(happening.error) as { type?: string; details?: { evidence?: StepReport['evidence'] }[] };
    if (failure?.type !== FailureType.CommandFailed) return;
    record.facts = [...record.facts, { name: 'ran', ok: false, text: reason }];
    record.evidence = [...record.evidence, ...(failure.details?.[0]?.evidence ?? [])];
  }

  /** Sign-offs of another proposal are void. */
  private sealed({ digest, commit }: { digest: string; commit: string }, at: number): void {
    const earlier = this.ledger.proposal;
    this.ledger.proposal = { digest, commit, sealedAt: at };
    if (earlier?.digest === digest) return;
    if (earlier) this.ledger.approvals = [];
    this.open({ deployment: this.ledger.deployment, step: STEPS.signOffs.id, generation: 1 }, at);
  }

  /**
   * The record of a step's run; a new one when the run that has the same number is over (sign-offs may be renewed). A
   * step that begins shows that those before it have ended.
   */
  private open({ step, generation }: StepKey, at: number): StepRecord | undefined {
    const definition = this.known.find(({ id }) => id === step);
    const { steps, production } = this.ledger;
    const earlier = steps.findIndex(({ id }) => id === step);
    const record = steps[earlier];
    if (record?.generation === generation && ['running', 'failed'].includes(record.state)) return record;
    if (record && record.generation > generation && record.state === 'running') return undefined;
    if (!definition) return undefined;
    for (const before of steps) {
      const isOver = before.state === 'running' && before.facts.length > 0 && passed(before as StepReport);
      if (isOver) Object.assign(before, { state: 'passed', endedAt: at });
    }
    const { facts: _, confirmation: __, ...known } = definition;
    const opened = begin(known, generation, at);
    if (earlier >= 0) steps[earlier] = opened;
    else steps.push(opened);
    if (step === STEPS.productionDeploy.id) production.codeDeployed = true;
    if (step === STEPS.productionMigration.id) production.migrated = true;
    if (step === STEPS.maintenanceOn.id) production.maintenance = true;
    if (step === STEPS.maintenanceOff.id) production.maintenance = false;
    return opened;
  }

  /** The report that every step leaves in the evidence store is named after it. */
  private keyFromEvidence({ evidence }: StepReport, activity: string): StepKey | undefined {
    for (const { path } of evidence) {
      const [folder, generation, file] = path.split('/');
      if (file !== `${activity}.json` || !Number.isInteger(Number(generation))) continue;
      const step = this.known.find(({ id }) => id.replaceAll(/[^\w.-]/g, '_') === folder)?.id;
      if (step) return { deployment: this.ledger.deployment, step, generation: Number(generation) };
    }
    return undefined;
  }

  private childBegan(type: string, workflowId: string, input: unknown, at: number): void {
    if (type === 'MonitorWorkflow') {
      const { watch } = input as MonitorInput;
      const { id, title } = watch;
      const record: MonitorRecord = { id, workflowId, title, startedAt: at, ticks: 0, samples: 0, criteria: [] };
      this.ledger.monitors = [...this.ledger.monitors.filter((other) => other.id !== id), record];
      this.sayings.watching(id);
      const { deployment } = this.ledger;
      const generation = Number(workflowId.slice(`${deployment}/${id}-`.length)) || 1;
      this.open({ deployment, step: id, generation }, at);
    } else if (type === 'ReversibilityWorkflow') {
      const { deployment, generation } = input as ReversibilityInput;
      this.open({ deployment, step: STEPS.reversibility.id, generation }, at);
    } else if (WAYS[type]) {
      if (this.ledger.rollback) this.ledger.earlierRollbacks.push(this.ledger.rollback);
      this.ledger.rollback = this.rollbackOf(WAYS[type], { workflowId, input: input as RollbackInput, at });
    }
  }

  private rollbackOf(
    option: WayBack,
    { workflowId, input, at }: { workflowId: string; input: RollbackInput; at: number },
  ): RollbackRecord {
    const { estimates } = this.plan.rollback;
    const estimate = option === 'restore' ? (this.ledger.production.restoreEstimate ?? 0) : estimates[option];
    return { option, workflowId, trigger: input.trigger, reasons: [], startedAt: at, steps: [], estimate };
  }

  private childEnded(
    { type, input }: { type: string; input: unknown },
    { at, workflowId, result, reason }: Extract<Happening, { kind: 'child-ended' }>,
  ): void {
    if (type === 'MonitorWorkflow') {
      const monitor = this.ledger.monitors.find((record) => record.workflowId === workflowId);
      if (monitor && result) this.watched(monitor, input as MonitorInput, result as MonitorResult);
      return;
    }
    if (type === 'ReversibilityWorkflow') {
      const record = this.ledger.steps.find(({ id }) => id === STEPS.reversibility.id);
      if (!record) return;
      if (!result) return void Object.assign(record, { state: 'failed', endedAt: at, reason });
      const { eligibility, ...report } = result as ReversibilityResult;
      this.ledger.eligibility = eligibility;
      add(record, report, at);
      return;
    }
    const { rollback } = this.ledger;
    if (rollback?.workflowId !== workflowId) return;
    if (result) Object.assign(rollback, rollbackEnd(result as RollbackResult), { endedAt: at });
    else Object.assign(rollback, { endedAt: at, succeeded: false, reason });
  }

  private watched(monitor: MonitorRecord, { watch }: MonitorInput, result: MonitorResult): void {
    const { endedAt, verdict, ticks, samples, criteria, breach, evidence } = result;
    Object.assign(monitor, { endedAt, verdict, ticks, samples, criteria });
    const record = this.ledger.steps.find(({ id, endedAt: ended }) => id === watch.id && ended === undefined);
    if (!record) return;
    const trends = watch.trends.map(({ id }) => id);
    const waivers = this.sayings.waivers(watch.id);
    const facts = watchFacts({ criteria, trends, endedEarly: breach !== undefined, waivers });
    const summary = `${watch.title}: ${verdict}, ${samples} samples in ${ticks} ticks`;
    add(record, { summary, facts, evidence }, endedAt);
    if (breach) Object.assign(record, { state: 'failed', reason: breach.text });
  }
}

type BackedUp = Awaited<ReturnType<BackupActivities['backUpDatabase']>>;

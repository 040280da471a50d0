/** Staging, production, the repository and people's devices, as far as activities see them: all that a scenario scripts. */
import { createHash } from 'node:crypto';
import type { Activities } from '../../src/contract/activities/activities.js';
import type { EvidencePlace, StepKey } from '../../src/contract/activities/step.js';
import { FailureType } from '../../src/contract/errors.js';
import type { Environment, EnvironmentName } from '../../src/contract/plan/environment.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { approvalStatement } from '../../src/domain/decisions/approvals.js';
import type { Demands } from '../../src/domain/decisions/demands.js';
import type { StepReport } from '../../src/domain/evidence.js';
import type { Message } from '../../src/domain/notifications/notifications.js';
import type { OwnRunners } from '../../src/domain/runner.js';
import type { Sample } from '../../src/domain/watch/criteria.js';
import { canonicalJson } from '../../src/plan/core/digest.js';
import type { ActivityOutcome } from './outcomes.js';
import type { ActivityCall } from './temporal.js';

/**
 * One thing that goes wrong: the first run of a step, or of an activity that belongs to none (`sealSeries`, or
 * `sealSeries of watch-5m` for one workflow's).
 */
export interface Failing {
  what: string;
  how: 'facts' | 'command' | 'unknown' | 'not begun' | 'error';
}

/** What a metric says at one tick of a watch (`guard` for all guards), and for how many. */
export interface Trouble {
  watch: string;
  tick: number;
  metric: 'errors' | 'latency' | 'cpu';
  says: 'breach' | 'nothing' | 'error' | 'notANumber';
  lasts: number;
}

export interface Circumstances {
  failing: Failing[];
  troubles: Trouble[];
  /** How staging's trial of the way back goes. */
  reversible: 'yes' | 'loses-data' | 'not-at-all';
  newCode: 'answers' | 'fails-on-old-schema';
  /** Steps that take so long, milliseconds. */
  slow: Record<string, number>;
  /** The databases had no revision before the first deployment. */
  fresh: boolean;
  /**
   * Who does not see, or sees wrongly, where production was: whoever looked before the deploy, or the migration itself.
   * `release`: another one runs than the plan says.
   */
  blind: 'nobody' | 'look' | 'look-differs' | 'migration' | 'migration-differs' | 'release';
  /** What a downgrade would drop has been written to. */
  written: boolean;
  browser: boolean;
  /** Rollbacks that fail before one works. */
  failingRollbacks: number;
  /** Times that what is left of a command cannot be ended. */
  stubborn: number;
  /** Times that a window is closed when looked at; -1: it never opens. */
  closed: number;
  /** Nobody can be told of anything. */
  deaf: boolean;
}

export const BASE = '8c1f0a2d4b6e';
/** What is seen by who sees wrongly. */
export const ANOTHER = '0123456789ab';
export const ANOTHER_RELEASE = 'v1.0.0';
const PROVEN_COMMIT = 'c'.repeat(40);
const MOVED_COMMIT = 'd'.repeat(40);

const ANSWERS_NOTHING = ['checkClock', 'present'];
const CALLS: string[] = ['concern-raised', 'rollback-choice-asked'];

type Input = { key?: StepKey; evidence?: EvidencePlace; environment?: Environment };

export class World {
  commit = PROVEN_COMMIT;
  readonly messages: Message[] = [];
  /** How many of them were questions with a time limit. */
  calls = 0;
  /** The runners that its policy names for environments. */
  runners?: OwnRunners;
  /** Why the worker admits no deployment. */
  refusal?: string;
  /** What the policy of the runner asks of those who decide, where it has one. */
  demands?: Demands;
  /** The digest of the last proposal that was sealed, and everything that it was sealed from. */
  sealed?: { digest: string; at: number; content: unknown };
  readonly production: { version: string; maintenance: boolean };
  /** Where both databases are before the deployment. */
  readonly base: string | null;
  private readonly revisions: Record<EnvironmentName, string | null>;
  private readonly failing: Failing[];
  private readonly ticks: Record<string, number> = {};
  /** Monitors that have been given a sample that calls for a rollback of production. */
  readonly alarmed = new Set<string>();
  private asking = '';
  private proof = 0;
  private rollbacksToFail: number;
  private counted = 0;
  private closed: number;
  private stubborn: number;

  constructor(
    private readonly plan: ResolvedPlan,
    private readonly circumstances: Circumstances,
    private readonly clock: () => number,
  ) {
    const { blind, fresh } = circumstances;
    this.production = { version: blind === 'release' ? ANOTHER_RELEASE : plan.release.previous, maintenance: false };
    this.base = fresh ? null : BASE;
    this.revisions = { staging: this.base, production: this.base };
    this.failing = [...circumstances.failing];
    this.rollbacksToFail = circumstances.failingRollbacks;
    this.closed = circumstances.closed;
    this.stubborn = circumstances.stubborn;
  }

  /** The release's target points somewhere else from now on, or back to what staging has proven. */
  moveTarget(): void {
    this.commit = this.commit === PROVEN_COMMIT ? MOVED_COMMIT : PROVEN_COMMIT;
  }

  /** Something that people have signed off reads differently from now on, though the release is the same. */
  changeProof(): void {
    this.proof += 1;
  }

  /** The deploy window is closed from now on, for good. */
  closeWindow(): void {
    this.closed = -1;
  }

  /** The digest of what would be deployed at this very moment. */
  get currentDigest(): string | undefined {
    return this.sealed && this.digestOf(this.sealed.content);
  }

  /** Where production's database is. */
  get revision(): string | null {
    return this.revisions.production;
  }

  sign(of: { deployment: string; digest: string; role: string; who: string }): string {
    return `signed by ${of.who}: ${approvalStatement(of)}`;
  }

  answer({ activity, input, workflowId }: ActivityCall): ActivityOutcome {
    const { key } = input as Input;
    this.asking = workflowId;
    if (activity === 'admit' && this.refusal !== undefined)
      return failure(`Refused: ${this.refusal}`, FailureType.Refused);
    const names = [key?.step ?? activity, `${activity} of ${workflowId.split('/').at(-1)}`];
    const failing = this.failing.findIndex(({ what }) => names.includes(what));
    const how = failing >= 0 ? this.failing.splice(failing, 1)[0]?.how : undefined;
    if (how === 'command') return failure('exit code 1', FailureType.CommandFailed, [{ evidence: [] }]);
    // It may well have done its work: so it has, and nobody knows.
    if (how === 'unknown' && activity === 'runCommand') this.answers.runCommand(input as never);
    if (how === 'unknown') return failure('nobody knows how it ended', FailureType.OutcomeUnknown);
    if (how === 'not begun') return failure('its disk is full', FailureType.RunnerFailed);
    if (how === 'error' || (how && !key)) return failure('out of order', 'Error');
    if (key?.step.startsWith('rollback-') && key.step.endsWith('.verify') && this.rollbacksToFail > 0) {
      this.rollbacksToFail -= 1;
      return { result: report(['verified'], false) };
    }
    const answers = this.answers as Record<string, (input: unknown) => unknown>;
    const result = answers[activity]?.(input);
    if (result === undefined && !ANSWERS_NOTHING.includes(activity)) throw new Error(`nothing is known of ${activity}`);
    if (how === 'facts') return { result: { ...(result as object), ...report(['looks-well'], false) } };
    return { result };
  }

  private digestOf(content: unknown): string {
    return createHash('sha256')
      .update(canonicalJson({ ...(content as object), commit: this.commit, proof: this.proof }))
      .digest('hex');
  }

  private restore(): StepReport {
    this.revisions.production = this.base;
    return report(['restored']);
  }

  private readonly answers: { [Name in keyof Activities]: (input: Parameters<Activities[Name]>[0]) => unknown } = {
    admit: () => ({
      runner: 'machine',
      ...(this.runners ? { runners: this.runners } : {}),
      ...(this.demands ? { demands: this.demands } : {}),
    }),
    checkClock: () => undefined,
    archiveDeployment: () => ({ untold: [] }),
    stateOfRun: () => 'RUNNING',
    checkRepository: () => ({ ...report(['merged']), commit: this.commit }),
    checkStaging: () => report(['rows']),
    checkTools: () => report(['tools']),
    checkReview: () => report(['reviewed']),
    checkAccess: () => report(['access']),
    checkAlerts: () => report(['alerts']),
    backUpDatabase: () => backedUp(),
    backUpByCommands: () => backedUp(),
    restoreDatabase: () => this.restore(),
    restoreByCommands: () => this.restore(),
    reviewDatabase: () => report(['slow-queries']),
    countRows: () => 1000,
    checkIndexes: () => ({ ...report(['valid']), use: { reset: null, scans: {} } }),
    checkIndexUse: () => report(['used']),
    runCommand: ({ environment, command, values }) => {
      const { commands } = this.plan;
      if (environment.name === 'production') {
        if (command.run.join() === commands.deploy.run.join()) this.production.version = values.version ?? '';
        if (command.run.join() === commands.maintenanceOn?.run.join()) this.production.maintenance = true;
        if (command.run.join() === commands.maintenanceOff?.run.join()) this.production.maintenance = false;
      }
      return report(['ran']);
    },
    present: () => undefined,
    endCommands: () => {
      if (this.stubborn === 0) return { alive: [] };
      this.stubborn -= 1;
      return { alive: ['4711 (deploy.sh)'] };
    },
    checkLogs: () => report(['ran', 'logs']),
    checkCommand: () => report(['ran']),
    checkRequest: () => report(['status']),
    checkQuery: () => report(['value']),
    readBefore: () => ({ ...report(['read']), before: { value: '0' } }),
    checkMetric: () => report(['criterion']),
    migrate: ({ environment, direction, migration, key }) => {
      const before = this.revisions[environment.name];
      const after = direction.kind === 'upgrade' ? migration.revision : direction.to;
      const trial = key.step.startsWith('staging.reversibility');
      const { reversible } = this.circumstances;
      if (trial && direction.kind === 'downgrade' && reversible === 'not-at-all') {
        return {
          ...report(['ran'], false),
          before,
          after: before,
          milliseconds: 1,
          schema: { before: 'x', after: 'x' },
        };
      }
      this.revisions[environment.name] = after;
      const lost = trial && reversible === 'loses-data' ? ['a row'] : [];
      return {
        ...report(['ran', 'revision']),
        ...{ before: this.said(environment, before), after, milliseconds: 1, compared: { schema: '', lost } },
        added: { tables: [], columns: [{ table: 'intervention_plans', column: 'needs_review' }] },
      };
    },
    readRevision: ({ environment }) => this.revisions[environment.name],
    storedRevision: ({ environment }) => this.revisions[environment.name],
    checkProduction: ({ expected }) => {
      const { blind } = this.circumstances;
      const { version } = this.production;
      const revision = blind === 'look' ? undefined : blind === 'look-differs' ? ANOTHER : this.revisions.production;
      const right = version === expected.version && revision !== undefined;
      return { ...report(['version', 'revision', 'maintenance'], right), found: { version, revision } };
    },
    awaitHealth: () => report(['status', 'version']),
    readStarts: () => [],
    checkEndpoints: ({ key }) => {
      const isBroken = key.step.endsWith('.smoke-old-schema') && this.circumstances.newCode !== 'answers';
      return report(['status'], !isBroken);
    },
    awaitDrained: () => report(['drained']),
    checkMaintenance: () => report(['message']),
    checkPath: () => report(['status']),
    checkApiDocumentation: () => {
      const { browser } = this.circumstances;
      return { ...report(['loads', 'listed', 'parameters', 'schema', 'example'], browser), browser };
    },
    runLoadTest: () => report(['success-rate', 'p95', 'p99', 'timeouts', 'memory']),
    nextOpening: ({ at }) => {
      if (this.closed === 0) return { open: true, text: 'open' };
      if (this.closed < 0) return { open: false, text: 'never opens' };
      this.closed -= 1;
      return { open: false, opensAt: at + 8 * 3_600_000, text: 'opens in 8 h' };
    },
    sampleMetrics: ({ monitor, at, metrics }) => {
      const tick = (this.ticks[monitor] ?? 0) + 1;
      this.ticks[monitor] = tick;
      return Object.fromEntries(metrics.map(({ name }) => [name, [this.sample({ monitor, tick, name, at })]]));
    },
    sealSeries: () => [],
    assessTrends: () => ({ results: [], evidence: [] }),
    tell: ({ messages }) => {
      if (this.circumstances.deaf)
        return { threads: {}, untold: messages.map(({ subject }) => `${subject}: no answer`) };
      this.messages.push(...messages);
      this.calls += messages.filter(({ event }) => CALLS.includes(event)).length;
      return { threads: {}, untold: [] };
    },
    sendNotices: () => report(['devops', 'stakeholders', 'users']),
    tellForge: () => ({}),
    sealProposal: ({ content }) => {
      const digest = this.digestOf(content);
      this.sealed = { digest, at: this.clock(), content };
      const { commit } = this;
      return { ...report(['unchanged'], commit === content.release.provenCommit), digest, commit };
    },
    verifyEnvelope: () => ({ valid: false, reason: 'this worker has no policy' }),
    verifySignature: ({ statement, signature, who, keys }) => {
      const valid = signature === `signed by ${who}: ${statement}` && keys.includes(`ssh-ed25519 ${who}`);
      return { valid, reason: valid ? 'signed' : 'not signed by that person' };
    },
    countStored: () => {
      this.counted += 1;
      return { 'intervention_plans.needs_review': this.circumstances.written ? this.counted : 0 };
    },
    verifyState: () => report(['version', 'revision']),
  };

  /** What the migration of production itself says of where it started. */
  private said({ name }: Environment, before: string | null): string | null | undefined {
    const { blind } = this.circumstances;
    if (name !== 'production') return before;
    return blind === 'migration' ? undefined : blind === 'migration-differs' ? ANOTHER : before;
  }

  private sample(of: { monitor: string; tick: number; name: string; at: number }): Sample {
    const { at } = of;
    const trouble = this.circumstances.troubles.find(
      ({ watch, tick, metric, lasts }) =>
        watch === of.monitor && metric === of.name && of.tick >= tick && of.tick < tick + lasts,
    );
    switch (trouble?.says) {
      case 'breach':
        if (of.name === 'errors') this.alarmed.add(this.asking);
        return { at, kind: 'ok', value: 99 };
      case 'nothing':
        return { at, kind: 'noData', reason: 'no such series' };
      case 'error':
        return { at, kind: 'error', message: 'connection refused' };
      case 'notANumber':
        return { at, kind: 'notANumber' };
      default:
        return { at, kind: 'ok', value: 1 };
    }
  }
}

function report(names: string[], ok = true): StepReport {
  return { summary: 'done', facts: names.map((name) => ({ name, ok, text: `${name}: ${ok}` })), evidence: [] };
}

const backedUp = () => ({
  ...report(['created']),
  ...{ bytes: 1, sha256: 'b'.repeat(64), location: 's3://backups/dump', restoreMilliseconds: 1000 },
});

const failure = (message: string, type: string, details: unknown[] = []): ActivityOutcome => ({
  failure: { message, type, details },
});

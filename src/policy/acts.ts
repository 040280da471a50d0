/** What an activity is asked to do, held against the plan that was signed: what is no part of it is not done. */
import type { Command } from '../contract/plan/commands.js';
import type { Environment, EnvironmentName } from '../contract/plan/environment.js';
import { allOwnChecks } from '../contract/plan/own-checks.js';
import { environmentsOf, inRepository, watchesOf } from '../contract/plan/parts.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { secondPlacesOf } from '../contract/second-places.js';
import { isCommitName } from '../domain/commit.js';
import type { StoredBackup } from '../domain/ledger/ledger.js';
import { backupName } from '../domain/rollback/backup-name.js';
import { STEPS } from '../domain/steps.js';
import { canonicalJson } from '../plan/core/digest.js';

/**
 * `look`: changes nothing of production. `read`: nor of anything else, and production is watched by it. `forward`: what
 * the sign-offs are for. `back`: a rollback. `cover`: users are kept out meanwhile, or let in again. `restore`: what was
 * written since the backup is lost. `end`: what is left of a command is ended.
 */
export type ActKind = 'look' | 'read' | 'forward' | 'back' | 'cover' | 'restore' | 'end';

export interface PlannedAct {
  kind: ActKind;
  /** Missing where it is not about one: remains are ended wherever they are. */
  on?: EnvironmentName;
  /** Whose retries count for it. */
  step: string;
  generation: number;
  /** What a rollback goes back to where the plan does not say so: only a person does. */
  beyond?: string;
  /** The revision that a downgrade goes to. */
  to?: string | null;
  /** The backup that is restored, by its name. */
  backup?: string;
  /** The commit that the deploy command is told. */
  commit?: string;
}

/** The inputs of the activities that run commands or restore, as far as they are looked at. Nothing in them is believed. */
export interface ActInput {
  key?: { deployment: string; step: string; generation: number };
  evidence?: { store: string; deployment: string };
  environment?: Environment;
  command?: Command;
  values?: Record<string, string>;
  migration?: unknown;
  direction?: { kind: string; from?: string; to?: string | null };
  backup?: unknown;
  from?: Pick<StoredBackup, 'location' | 'sha256'>;
  service?: string;
  metrics?: unknown[];
  elsewhere?: unknown[];
  environments?: Environment[];
  tools?: string[];
  checks?: unknown[];
  asks?: unknown;
  messages?: { channel?: unknown }[];
  notices?: { messages?: { channel?: unknown }[] }[];
  test?: unknown;
  release?: unknown;
  review?: unknown;
  access?: unknown;
  alerts?: unknown;
  forge?: unknown;
  logs?: unknown;
}

type Reader = (asked: Asked) => PlannedAct | undefined;

interface Asked {
  input: ActInput;
  plan: ResolvedPlan;
  on: EnvironmentName;
  step: string;
  generation: number;
}

/** Activities that act on an environment, by name. */
const READERS: Record<string, Reader> = {
  runCommand: (asked) =>
    commandNames(asked)
      .map((name) => namedCommand(asked, name))
      .find(Boolean),
  checkCommand: (asked) => {
    const { input, plan, on, step } = asked;
    const isOwn = allOwnChecks(plan).some(
      ({ id, environment, asks }) =>
        asks.kind === 'command' && id === step && environment === on && isSame(asks.command, input.command),
    );
    const { version, commit = '', ...others } = input.values ?? {};
    const isTarget = version === plan.release.target && Object.keys(others).length === 0;
    return isOwn && isTarget && (commit === '' || isCommitName(commit)) ? look(asked) : undefined;
  },
  checkLogs: (asked) => (isSame(asked.input.command, asked.plan.commands.logs) ? look(asked) : undefined),
  migrate: (asked) => {
    const { input, plan, on, step } = asked;
    const { direction } = input;
    if (!plan.migration || !isSame(input.migration, plan.migration) || !direction) return undefined;
    if (on === 'staging') return look(asked);
    if (direction.kind === 'upgrade') return step === STEPS.productionMigration.id ? act(asked, 'forward') : undefined;
    const isBack = direction.kind === 'downgrade' && direction.from === plan.migration.revision;
    if (!isBack || !/^rollback-(migration|full)\.downgrade$/.test(step)) return undefined;
    return { ...act(asked, 'back'), to: direction.to };
  },
  readRevision: (asked) => (isSame(asked.input.migration, asked.plan.migration) ? look(asked) : undefined),
  storedRevision: (asked) => (isSame(asked.input.migration, asked.plan.migration) ? read(asked) : undefined),
  checkProduction: (asked) => {
    const { migration } = asked.input;
    return migration === undefined || isSame(migration, asked.plan.migration) ? look(asked) : undefined;
  },
  runLoadTest: (asked) => {
    const { input, plan, on, step } = asked;
    const { commands, loadTests, production } = plan;
    const tests = on === 'staging' ? loadTests : [production.loadTest?.test];
    const isPlanned = tests.some((test) => test?.id === step && isSame(test, input.test));
    return isPlanned && (input.logs === undefined || isSame(input.logs, commands.logs)) ? look(asked) : undefined;
  },
  checkMetric: (asked) => (isOwnQuestion(asked) ? read(asked) : undefined),
  checkRequest: (asked) => (isOwnQuestion(asked) ? read(asked) : undefined),
  // A login by a command and a health check by one are the environment's.
  checkEndpoints: (asked) => {
    const { input, plan } = asked;
    const known = [...plan.functional, ...plan.smoke];
    return input.checks?.every((check) => known.some((own) => isSame(own, check))) ? read(asked) : undefined;
  },
  awaitHealth: (asked) => read(asked),
  readStarts: (asked) => read(asked),
  awaitDrained: (asked) => read(asked),
  checkMaintenance: (asked) => read(asked),
  checkPath: (asked) => read(asked),
  checkApiDocumentation: (asked) => read(asked),
  verifyState: (asked) => read(asked),
  checkIndexes: (asked) => read(asked),
  checkIndexUse: (asked) => read(asked),
  reviewDatabase: (asked) => read(asked),
  countRows: (asked) => read(asked),
  countStored: (asked) => read(asked),
  readBefore: (asked) => (isOwnQuery(asked) ? read(asked) : undefined),
  checkQuery: (asked) => (isOwnQuery(asked) ? read(asked) : undefined),
  backUpDatabase: (asked) => (isBackup(asked) ? look(asked) : undefined),
  backUpByCommands: (asked) => (isBackup(asked) ? look(asked) : undefined),
  restoreByCommands: (asked) => restoring(asked),
  restoreDatabase: (asked) => restoring(asked),
};

/** Whether what is asked of no one environment is the plan's own: its secrets go nowhere else. */
const OF_ALL: Record<string, (input: ActInput, plan: ResolvedPlan) => boolean> = {
  sampleMetrics: sampling,
  checkStaging: ({ environments = [] }, plan) =>
    environments.every((environment) => environmentsOf(plan).some((own) => isSame(own, environment))),
  checkTools: ({ tools }, plan) => isSame(tools, plan.prerequisites.tools),
  checkRepository: isOfRepository,
  checkReview: isOfRepository,
  checkAccess: ({ access }, plan) => isSame(access, plan.access),
  checkAlerts: ({ alerts }, plan) => isSame(alerts, plan.alerts),
  tellForge: ({ forge }, plan) => isSame(forge, plan.forge),
  tell: ({ messages = [] }, plan) => messages.every((message) => isToOwnChannel(message, plan)),
  sendNotices: ({ notices = [] }, plan) =>
    notices.every(({ messages = [] }) => messages.every((message) => isToOwnChannel(message, plan))),
};

/** What the way back itself looks at on production, and changes nothing by. */
const LOOKED_AT_ON_THE_WAY_BACK: readonly string[] = ['checkProduction', 'readRevision', 'checkLogs'];

/**
 * Whether an act leads on, and so stops with the first word that does not count. All others keep production safe: it is
 * watched and told of, and goes back.
 */
export const leadsOn = (activity: string, { kind, on }: PlannedAct): boolean =>
  kind === 'forward' || (kind === 'look' && !(on === 'production' && LOOKED_AT_ON_THE_WAY_BACK.includes(activity)));

/** Ends what is left of a command. */
const END = 'endCommands';

/** The activities that a policy is asked about. Whatever is not listed here runs no command of a plan, and tells nobody. */
export const ACTS: readonly string[] = [...Object.keys(READERS), ...Object.keys(OF_ALL), END];

/** @returns undefined where the plan has no such act at this step */
export function plannedAct(activity: string, input: ActInput, plan: ResolvedPlan): PlannedAct | undefined {
  const { environment, evidence, key } = input;
  const { step = '', generation = 1 } = key ?? {};
  if (activity === END) return { kind: 'end', step, generation };
  if (evidence && evidence.store !== plan.evidence) return undefined;
  const isOfAll = OF_ALL[activity];
  if (isOfAll) return isOfAll(input, plan) ? read({ step, generation }) : undefined;
  const on = environment?.name;
  if (on !== 'staging' && on !== 'production') return undefined;
  if (!isSame(environment, plan.environments[on])) return undefined;
  return READERS[activity]?.({ input, plan, on, step, generation });
}

const isSame = (one: unknown, other: unknown): boolean =>
  one !== undefined && other !== undefined && canonicalJson(one) === canonicalJson(other);

function isOfRepository({ release, review }: ActInput, plan: ResolvedPlan): boolean {
  const isReview = review === undefined || review === null || isSame(review, plan.review);
  return plan.release.repository !== undefined && isSame(release, inRepository(plan)) && isReview;
}

/** A secret goes where its channel says, whoever has written that. */
const isToOwnChannel = ({ channel }: { channel?: unknown }, { notifications }: ResolvedPlan): boolean =>
  notifications.channels.some((own) => isSame(own, channel));

const isBackup = ({ input, plan }: Asked): boolean =>
  input.service === plan.service && isSame(input.backup, plan.backup);

/** Those of the plan's own checks that ask this of this environment. */
const askingThis = ({ input, plan, on }: Asked) =>
  allOwnChecks(plan).filter(({ environment, asks }) => environment === on && isSame(asks, input.asks));

const isOwnQuestion = (asked: Asked): boolean => askingThis(asked).some(({ id }) => id === asked.step);

/** What is read before for a later check to compare with is the check's own query, at a step of its own. */
const isOwnQuery = (asked: Asked): boolean => askingThis(asked).length > 0;

const act = ({ on, step, generation }: Asked, kind: ActKind): PlannedAct => ({ kind, on, step, generation });

const look = (asked: Asked): PlannedAct => act(asked, 'look');

/** Whoever reads metrics need not be the runner of the environment that they are about. */
const read = ({ step, generation }: Pick<Asked, 'step' | 'generation'>): PlannedAct => ({
  kind: 'read',
  step,
  generation,
});

/** Whatever is read, and whatever is listened to, is the plan's own to the letter: what commands they run, and where. */
function sampling({ metrics = [], elsewhere = [] }: ActInput, plan: ResolvedPlan): boolean {
  const known = watchesOf(plan).flatMap((watch) => watch.metrics);
  const places = environmentsOf(plan).flatMap(({ name }) => secondPlacesOf(plan, name));
  return (
    metrics.every((metric) => known.some((own) => isSame(own, metric))) &&
    elsewhere.every((place) => places.some((own) => isSame(own, place)))
  );
}

function restoring(asked: Asked): PlannedAct | undefined {
  const { from } = asked.input;
  const isPlanned = asked.on === 'production' && isBackup(asked) && asked.step === 'rollback-restore.restore';
  const isNamed = typeof from?.location === 'string' && typeof from.sha256 === 'string';
  return isPlanned && isNamed ? { ...act(asked, 'restore'), backup: backupName(from) } : undefined;
}

/** A plan may have the same command for several things. */
const commandNames = ({ input, plan }: Asked): string[] =>
  Object.entries(plan.commands).flatMap(([name, command]) => (isSame(command, input.command) ? [name] : []));

function namedCommand(asked: Asked, name: string): PlannedAct | undefined {
  const { input, on, step } = asked;
  if (name === 'deploy') return deploying(asked);
  if (!isSame(input.values, {})) return undefined;
  if (on === 'staging' || (name === 'metricsReport' && step === STEPS.metricsReport.id)) return look(asked);
  const [forward, back, kind] = WITHOUT_VALUES[name] ?? [];
  if (forward !== undefined && step === forward) return act(asked, 'forward');
  return kind && back?.includes(step) ? act(asked, kind) : undefined;
}

/** The step on the way forward, those of the way back, and what these are. */
const WITHOUT_VALUES: Record<string, [string, string[], ActKind]> = {
  maintenanceOn: [STEPS.maintenanceOn.id, ['rollback.maintenance-first', 'rollback.maintenance-on'], 'cover'],
  maintenanceOff: [STEPS.maintenanceOff.id, ['rollback.maintenance-off', 'stop.maintenance-off'], 'cover'],
  restartService: [STEPS.restart.id, ['rollback-migration.restart'], 'back'],
};

function deploying(asked: Asked): PlannedAct | undefined {
  const { input, plan, on, step } = asked;
  const { version, commit, ...others } = input.values ?? {};
  if (version === undefined || Object.keys(others).length > 0) return undefined;
  if (on === 'staging') return look(asked);
  const { target, previous } = plan.release;
  const told = commit === undefined ? {} : { commit };
  if (step === STEPS.productionDeploy.id) return version === target ? { ...act(asked, 'forward'), ...told } : undefined;
  if (!/^rollback-(code|full|restore)\.deploy$/.test(step)) return undefined;
  // Where no commit is known, its name stands for the release before.
  const byCommit = commit === version ? {} : told;
  return { ...act(asked, 'back'), ...byCommit, ...(version === previous ? {} : { beyond: version }) };
}

/** What must hold of every deployment, whatever happens to it: said once more, apart from the code that it is held against. */
import type { DeployResult } from '../../src/contract/deployment.js';
import { FailureType } from '../../src/contract/errors.js';
import type { WatchInput, WatchResult } from '../../src/contract/messages.js';
import { runbookOf } from '../../src/contract/runbook.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { DEPLOYMENT, type PlayedDeployment, SERVICE_WORKFLOW } from './deployment.js';
import type { ActivityOutcome } from './outcomes.js';
import { STARTED_BY } from './short-plan.js';
import type { ActivityCall } from './temporal.js';
import { ANOTHER_RELEASE } from './world.js';

export class Broken extends Error {}

export function demand(holds: boolean | undefined, otherwise: string): void {
  if (!holds) throw new Broken(otherwise);
}

export const isReminder = (timer: string | undefined): boolean => /^(Remind of|Escalate) /.test(timer ?? '');
export const isGuard = (workflowId: string): boolean => workflowId.startsWith(`${DEPLOYMENT}/guard`);

/** After so long reminders may have ended: 60 of them, 12 hours apart. */
const REMINDED_FOR = 25 * 24 * 3_600_000;

/** Nothing waits for ever without somebody being told, and a production that people use is never left alone. */
export function lookAtWaiting(played: PlayedDeployment, ledger: Ledger): void {
  const { temporal, circumstances } = played;
  const { questions, held, production, phase } = ledger;
  const open = questions.filter(({ answer }) => answer === undefined);
  demand(open.length > 0 || held !== undefined, `it waits for nobody in ${phase}`);
  const waiting = [
    // Who holds a deployment is reminded of the hold; the window is looked at again when it is released.
    ...open
      .filter(({ kind }) => !(kind === 'window' && held))
      .map(({ title, openedAt }) => ({ about: title, reminder: `“${title}”`, since: openedAt })),
    ...(held ? [{ about: 'a person holds the deployment', reminder: `“held by ${held.who}”`, since: held.at }] : []),
  ];
  for (const { about, reminder, since } of waiting) {
    demand(circumstances.deaf || wasTold(temporal.scheduled, about, since), `nobody was told: ${about}`);
    const isReminded = temporal.timers.some((timer) => isReminder(timer) && timer.includes(reminder.slice(0, 150)));
    demand(isReminded || temporal.now - since > REMINDED_FOR, `nobody will be reminded: ${about}`);
  }
  const goesBack = ledger.ending !== undefined || ledger.rollback !== undefined || ledger.outcome !== undefined;
  if (!(production.codeDeployed || production.migrated) || production.maintenance || goesBack) return;
  const isWatched = temporal.executions.some(({ type, state }) => type === 'MonitorWorkflow' && state === 'running');
  // A breach that has been seen and told waits for nothing but the end of a command that may be at work.
  const isAtWork = open.some(({ kind, text }) => kind === 'runner-not-served' && text.includes('has begun there'));
  demand(
    isWatched || (isAtWork && breachesOf(played).length > 0),
    `production has changed, and nobody watches it while people are waited for in ${phase}`,
  );
}

/** Longer than that nobody leaves production alone between two watches, and after the last one. */
const LEFT_ALONE = 60_000;

/** Whatever takes long from the first watch on: somebody looks at production meanwhile. */
export async function lookAtProduction(played: PlayedDeployment): Promise<void> {
  const { temporal } = played;
  const production = temporal.executions.filter(({ type, args }) => {
    return type === 'MonitorWorkflow' && (args as [WatchInput])[0].watch.environment === 'production';
  });
  const deployment = temporal.executions.findLast(({ workflowId }) => workflowId === SERVICE_WORKFLOW);
  const isLate = deployment?.attributes.SurefootPhase === 'watch' || deployment?.attributes.SurefootPhase === 'closing';
  if (!isLate || !played.isRunning || production.some(({ state }) => state === 'running')) {
    played.aloneSince = undefined;
    return;
  }
  played.aloneSince ??= temporal.now;
  if (temporal.now - played.aloneSince <= LEFT_ALONE) return;
  const { ending, outcome, steps } = await played.ledger();
  const isOver = ending !== undefined || outcome !== undefined;
  demand(isOver, `nobody watches production for more than a minute, at ${steps.at(-1)?.id}`);
}

/** Steps of production that come after its first change. */
const AFTER_CHANGE = ['production.health', 'production.logs', 'production.smoke', 'production.restart'];
const CHANGES = ['runCommand', 'migrate'];

/** Whatever begins: no command beside another one, and nobody alone on a production that changes. */
export function lookAtCommand({ temporal, plan }: PlayedDeployment, { activity, input }: ActivityCall): void {
  const stepOf = (call: unknown) => (call as { key?: { step: string } } | undefined)?.key?.step ?? '';
  const step = stepOf(input);
  if (CHANGES.includes(activity)) {
    const others = temporal.inFlight.filter((call) => CHANGES.includes(call.activity));
    demand(others.length === 0, `${step} begins while ${others.map((call) => stepOf(call.input))} runs`);
  }
  // What is left of a command is ended on the way back, too.
  if (!AFTER_CHANGE.includes(step) || activity === 'endCommands' || plan.production.maintenance.enabled) return;
  const isGuarded = temporal.executions.some(({ workflowId, state }) => isGuard(workflowId) && state === 'running');
  // One that somebody has terminated is replaced a tick later.
  demand(isGuarded || temporal.timers.includes('Set up another guard'), `nobody watches production during ${step}`);
}

/** Code that goes back before its migration does so only where staging has undone the migration from there. */
function lookAtFullRollbacks({ temporal, circumstances, plan }: PlayedDeployment): void {
  const steps = temporal.scheduled.flatMap(({ activity, input }) => {
    const step = (input as { key?: { step: string } } | null)?.key?.step ?? '';
    return CHANGES.includes(activity) && step.startsWith('rollback-full.') ? [step] : [];
  });
  if (steps[0] !== 'rollback-full.deploy') return;
  const isWanted = plan.migration?.when === 'before-deploy' || circumstances.newCode !== 'answers';
  demand(
    isWanted && circumstances.reversible === 'yes',
    'the code went back before its migration, and nobody has tried',
  );
}

const TWINS: Record<string, string> = {
  'production.health': 'staging.health',
  'production.migration': 'staging.migration',
  'production.indexes': 'staging.indexes',
  'production.smoke': 'staging.functional',
};

/** A step leads to a rollback by itself only where the plan does not have people asked, and they have not waived the same. */
function lookAtFailures({ plan }: PlayedDeployment, { earlierRollbacks, rollback, steps }: DeployResult): void {
  const [first = rollback] = earlierRollbacks;
  if (first?.trigger.kind !== 'step') return;
  const { step } = first.trigger;
  const key = step.replace('production.', '') as keyof NonNullable<typeof plan.production.onFailure>;
  demand(plan.production.onFailure?.[key] !== 'ask', `${step} failed, and production went back unasked`);
  const failed = steps.find(({ id }) => id === step)?.facts.filter(({ ok }) => !ok) ?? [];
  const waived = steps.find(({ id }) => id === TWINS[step])?.facts.filter(({ ok, by }) => !ok && by) ?? [];
  const isKnown = failed.length > 0 && failed.every(({ name }) => waived.some((fact) => fact.name === name));
  demand(!isKnown, `${step} failed by what people had waived on staging, and production went back unasked`);
}

/**
 * Production begins with five sign-offs of the digest that was sealed last, and is migrated and deployed to with five of
 * what it is now; also where that has waited for its runner. What may be at work is attended to.
 */
export function lookAtBeginning(played: PlayedDeployment, { activity, input, workflowId }: ActivityCall): void {
  if (!CHANGES.includes(activity) || workflowId !== SERVICE_WORKFLOW) return;
  const { key, values } = input as { key: { step: string; generation: number }; values: Record<string, string> };
  const { step } = key;
  if (played.hasBegun(key)) return;
  const { world, plan } = played;
  if (step === 'production.maintenance-on') demandSignOffs(played, world.sealed?.digest, step);
  const isFirst = plan.migration?.when === 'before-deploy';
  if (step === 'production.migration' && isFirst) demandSignOffs(played, world.currentDigest, step);
  if (step !== 'production.deploy') return;
  demandSignOffs(played, world.currentDigest, step);
  demand(values.commit === world.commit, `${step} began with commit ${values.commit}, and not the one signed off`);
}

/** Five people, none of whom started it, have each signed this very digest off in a role of theirs. */
function demandSignOffs({ plan, given, world }: PlayedDeployment, digest: string | undefined, step: string): void {
  const { roster, roles, signed } = plan.approvals;
  const valid = given.filter(({ who, role, digest: named, signature }) => {
    const person = roster.find(({ id }) => id === who);
    const names = named !== undefined && named.length >= 12 && digest?.startsWith(named) === true;
    const signs = !signed || signature === world.sign({ deployment: DEPLOYMENT, digest: digest ?? '', role, who });
    return person?.roles.includes(role) && who !== STARTED_BY && names && signs;
  });
  const fill = ([role, ...rest]: string[], taken: string[]): boolean =>
    role === undefined ||
    valid.some((given) => given.role === role && !taken.includes(given.who) && fill(rest, [...taken, given.who]));
  const isSignedOff = fill(
    roles.map(({ role }) => role),
    [],
  );
  demand(isSignedOff, `${step} without five sign-offs of what is deployed now (${digest?.slice(0, 12)})`);
}

/** What was carried out is the runbook's, in its order, without what it has turned off. */
function lookAtOrder({ plan }: PlayedDeployment, { steps }: DeployResult): void {
  const order = runbookOf(plan).filter(({ off }) => off === undefined);
  const places = steps.map(({ id }) => order.findIndex((step) => step.id === id));
  demand(!places.includes(-1), `not in the runbook: ${steps[places.indexOf(-1)]?.id}`);
  const early = places.findIndex((place, index) => index > 0 && place <= (places[index - 1] ?? 0));
  demand(early < 0, `${steps[early]?.id} came out of the runbook's order`);
}

/** Every ending is told and has a reason, and nobody who sent something is left without an answer. */
export function lookAtEnd(played: PlayedDeployment, result: DeployResult): void {
  demand(result.outcome !== undefined && result.reason.trim() !== '', 'it ended without a reason');
  demand(wasTold(played.temporal.scheduled, 'the deployment has ended', 0), 'nobody was told of its end');
  for (const { state } of played.updates) demand(state !== 'accepted', 'an update was never answered');
  demand(
    result.monitors.every(({ endedAt }) => endedAt !== undefined),
    'a watch of an ended deployment runs on in its ledger',
  );
  lookAtOrder(played, result);
  lookAtRollbacks(played, result);
  lookAtDowngrades(played, result);
  lookAtUnknown(played, result);
  lookAtFullRollbacks(played);
  lookAtFailures(played, result);
  // Users are locked out of a production in trouble only, and of no other without somebody knowing.
  const isKnown = result.untold.some((text) => text.startsWith('maintenance mode'));
  const isLockedOut = played.world.production.maintenance && result.outcome !== 'rollback-failed';
  demand(!isLockedOut || isKnown, `users are locked out of a deployment that ${result.outcome}`);
}

/**
 * Production's database goes back to where its migration started, as all have seen who looked, or to what a person has
 * named; to nothing at all only by a person's word. And the release that comes back is the one that ran.
 */
function lookAtDowngrades({ temporal, circumstances, world, plan }: PlayedDeployment, result: DeployResult): void {
  const named = result.decisions.flatMap(({ kind, accepted, revision }) =>
    kind === 'rollback' && accepted && revision !== undefined ? [revision] : [],
  );
  const isCertain = circumstances.blind === 'nobody' || circumstances.blind === 'release';
  const isProven = isCertain && circumstances.reversible !== 'not-at-all' && world.base !== null;
  for (const { activity, input } of temporal.scheduled) {
    const { environment, direction, key, command, values } = input as DowngradeCall;
    if (environment?.name !== 'production') continue;
    if (activity === 'migrate' && direction?.kind === 'downgrade') {
      const isNamed = named.includes(direction.to ?? 'base');
      demand(isNamed || (isProven && direction.to === world.base), `downgraded to ${direction.to}, unasked`);
    }
    const isDeploy = command?.run.join() === plan.commands.deploy.run.join() && key?.step.startsWith('rollback-');
    if (!isDeploy) continue;
    const ran = circumstances.blind === 'release' ? ANOTHER_RELEASE : plan.release.previous;
    const isUnseen = result.production.found?.version === undefined;
    demand(values?.version === ran || isUnseen, `went back to ${values?.version}, and ${ran} had run`);
  }
}

/** A command of which nobody knows how it ended, or what is left of one that could not be ended. */
export interface Unknown {
  environment: string;
  what: string;
  /** Where its runner is that nobody serves: there it may be attended to again. */
  begun?: { queue?: string; step: string; generation: number };
  at: number;
  /** How many activities had begun. */
  before: number;
}

export const COMMANDS = [
  ...['runCommand', 'checkCommand', 'checkLogs', 'migrate', 'backUpByCommands', 'restoreByCommands'],
  ...['backUpDatabase', 'restoreDatabase'],
];

/** What people say that lets something follow. */
const SETTLE = ['confirm', 'retry', 'skip', 'rollback', 'abort'];

export type CommandCall = {
  environment?: { name: string };
  /** With the commands that an earlier attempt has told of. */
  key?: { step: string; generation: number; begun?: string[] };
};

/** What is unknown when this activity has ended so. */
export function unknownAfter(
  { activity, input }: ActivityCall,
  outcome: ActivityOutcome,
): Pick<Unknown, 'environment' | 'what'> | undefined {
  const { environment, key } = input as CommandCall;
  const what = key?.step ?? activity;
  if (activity === 'endCommands' && 'result' in outcome) {
    const isLeft = (outcome.result as { alive: string[] }).alive.length > 0;
    return isLeft ? { environment: what.startsWith('staging') ? 'staging' : 'production', what } : undefined;
  }
  if (!COMMANDS.includes(activity) || !('failure' in outcome) || !environment) return undefined;
  return outcome.failure.type === FailureType.OutcomeUnknown ? { environment: environment.name, what } : undefined;
}

/** No command follows one whose end is not known, automatic rollback included, before a person has said so. */
function lookAtUnknown({ unknown, temporal }: PlayedDeployment, { decisions }: DeployResult): void {
  const said = decisions.filter(({ kind, accepted }) => accepted && SETTLE.includes(kind));
  for (const { environment, what, at, before, begun } of unknown) {
    const next = temporal.scheduled
      .slice(before)
      .find(
        ({ activity, input }) => COMMANDS.includes(activity) && environmentOf(input as CommandCall) === environment,
      );
    const { key } = (next?.input ?? {}) as CommandCall;
    const isSame = begun?.step === key?.step && begun?.generation === key?.generation;
    // By whoever is there again, who hears what has been begun.
    const isBack = temporal.scheduled
      .slice(before)
      .some(({ activity, queue, at: asked }) => activity === 'present' && queue === begun?.queue && asked >= at);
    const isTold = key?.begun !== undefined && key.begun.length > 0;
    const isAttended = begun !== undefined && begun.queue === next?.queue && isSame && isBack && isTold;
    const isSaid = next === undefined || said.some((decision) => decision.at >= at && decision.at <= next.at);
    demand(isAttended || isSaid, `${what} is not known to have ended, and ${key?.step} began unasked`);
  }
}

const environmentOf = ({ environment }: CommandCall): string | undefined => environment?.name;

interface DowngradeCall {
  environment?: { name: string };
  direction?: { kind: string; to: string | null };
  key?: { step: string };
  command?: { run: string[] };
  values?: { version: string };
}

/** Exactly one rollback for each time that one was called for, one after the other. */
function lookAtRollbacks(played: PlayedDeployment, result: DeployResult): void {
  const { outcome, decisions, earlierRollbacks, rollback, production } = result;
  const started = played.rollbacks.map(({ workflowId }) => workflowId);
  const known = [...earlierRollbacks, ...(rollback ? [rollback] : [])].map(({ workflowId }) => workflowId);
  demand(started.join() === known.join(), `rollbacks ${started}, of which the ledger knows ${known}`);
  demand(new Set(started).size === started.length, `the same rollback twice: ${started}`);
  const asked = decisions.filter(({ accepted, reason }) => accepted && /^(retry|rollback): rollback$/.test(reason));
  demand(
    started.length <= 1 + asked.length,
    `${started.length} rollbacks, and people asked ${asked.length} times for more`,
  );

  const breaches = breachesOf(played);
  const wentBack = outcome === 'rolled-back' || outcome === 'rollback-failed';
  demand(breaches.length < 2, `${breaches.length} breaches, although the first ends the way forward`);
  // Where nothing has been done to production yet, that is all that ends.
  const isUntouched = !production.codeDeployed && !production.migrated && outcome !== 'succeeded';
  demand(breaches.length === 0 || wentBack || isUntouched, `a breach, and it ${outcome}`);
  const alarmed = played.temporal.executions.filter(
    ({ workflowId, state }) => played.world.alarmed.has(workflowId) && (state === 'completed' || state === 'failed'),
  );
  demand(
    alarmed.length === 0 || wentBack || isUntouched,
    `${alarmed.map(({ workflowId }) => workflowId)} had seen a breach, and it ${outcome}`,
  );
  demand(outcome !== 'rolled-back' || started.length > 0, 'rolled back without a rollback');
  demand(
    wentBack === ((production.codeDeployed || production.migrated) && outcome !== 'succeeded'),
    `code deployed: ${production.codeDeployed}, migrated: ${production.migrated}; it ${outcome}`,
  );
}

/** What the monitors of production have seen that calls for a rollback. */
export const breachesOf = ({ temporal }: PlayedDeployment): string[] =>
  temporal.executions.flatMap(({ type, args, result, workflowId }) => {
    if (type !== 'MonitorWorkflow' || (args as [WatchInput])[0].watch.environment !== 'production') return [];
    return (result as WatchResult | undefined)?.breach ? [workflowId] : [];
  });

function wasTold(scheduled: readonly (ActivityCall & { at: number })[], about: string, since: number): boolean {
  return scheduled.some(({ activity, input, at }) => {
    const { messages = [] } = input as { messages?: { subject: string }[] };
    return activity === 'tell' && at >= since && messages.some(({ subject }) => subject.includes(about));
  });
}

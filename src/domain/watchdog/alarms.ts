/** Whom the watchdog tells what, and when: once when it has lasted, again while it lasts, and the all-clear. Pure. */
import { formatDuration } from '../duration.js';
import type { SeenDeployment, WorkflowRun } from './seen.js';
import type { ShownDeployments } from './shown.js';
import { type Judging, type Symptom, type SymptomKind, symptomsOf } from './symptoms.js';

/** What one look hands on to the next; deployments that are well are not in it. Epoch milliseconds. */
export interface WatchdogState {
  at: number;
  deployments: Record<string, Troubled>;
  /** Those that a forge shows, well or not; missing in what an earlier release has handed on. */
  shown?: ShownDeployments;
}

export interface Troubled {
  run: WorkflowRun;
  /** Since when each symptom is there, by its key; none: what was told of it is being taken back. */
  since: Record<string, number>;
  alarm?: Alarm;
}

/** What people have been told of a deployment. */
export interface Alarm {
  /** When it was raised: a part of its messages' IDs. */
  raisedAt: number;
  /** How often they were told. */
  count: number;
  /** When they were told last; nothing before anybody was. */
  toldAt?: number;
  /** The kinds of symptoms that they know of. */
  kinds: SymptomKind[];
  /** Channels that know of it, and those that could not be told. */
  told: string[];
  missed: string[];
  /** Since when all is well again, where not everybody could be told so yet. */
  wellSince?: number;
}

/** Something to tell the people of a deployment. */
export interface Call {
  deployment: string;
  run: WorkflowRun;
  kind: 'watchdog-alarm' | 'watchdog-all-clear';
  /** The same for the same news, however often it is sent. */
  id: string;
  reason: string;
  /** How long it has lasted, milliseconds. */
  lasted: number;
  /** Only these channels; without it, all that the plan names. */
  channels?: string[];
  kinds: SymptomKind[];
}

/** What became of a call: the channels that were told, and those that were not. */
export interface Answered {
  told: string[];
  missed: string[];
}

/** An all-clear that does not get through is tried for this long, milliseconds. */
const ALL_CLEAR_FOR = 60 * 60_000;

/** What the look before has handed on; a new one where there was none, or of another release that left none. */
export function watchdogStateOf(handedOn: unknown): WatchdogState {
  const { at, deployments, shown } = (handedOn ?? {}) as Partial<WatchdogState>;
  const isState = typeof at === 'number' && typeof deployments === 'object' && deployments !== null;
  return isState ? { at, deployments, ...(shown ? { shown } : {}) } : { at: 0, deployments: {} };
}

/**
 * One look. Of a deployment that is not among what was seen, all stays as it was.
 * @returns the state, as it is before anybody was told, and the calls to make
 */
export function watchOver(
  before: WatchdogState,
  seen: readonly SeenDeployment[],
  { now, rules }: Judging,
): { state: WatchdogState; calls: Call[] } {
  const deployments = { ...before.deployments };
  const calls: Call[] = [];
  for (const each of seen) {
    const known = before.deployments[each.deployment];
    const judged = judge(known, each, { now, rules });
    delete deployments[each.deployment];
    if (judged.troubled) deployments[each.deployment] = judged.troubled;
    if (judged.call) calls.push(judged.call);
  }
  return { state: { ...before, at: now, deployments }, calls };
}

type Judged = { troubled?: Troubled; call?: Call };

function judge(known: Troubled | undefined, seen: SeenDeployment, { now, rules }: Judging): Judged {
  const symptoms = symptomsOf(seen, { now, rules });
  if (symptoms.length === 0) return allClear(known, seen, now);
  const { run } = seen;
  // Nobody was told for good that it is over: what begins now is another alarm.
  const alarm = known?.alarm?.wellSince === undefined ? known?.alarm : undefined;
  const since = Object.fromEntries(
    symptoms.map((symptom) => [symptom.key, beganAt(symptom, known?.since[symptom.key], now)]),
  );
  const due = symptoms.filter(({ key, patience }) => now - (since[key] ?? now) >= patience);
  const troubled: Troubled = { run, since, ...(alarm ? { alarm } : {}) };
  const channels = due.length === 0 ? [] : whomToTell(alarm, due, { now, rules });
  if (channels?.length === 0) return { troubled };
  const raised: Alarm = alarm ?? { raisedAt: now, count: 0, kinds: [], told: [], missed: [] };
  const began = Math.min(...due.map(({ key }) => since[key] ?? now));
  const call: Call = {
    deployment: seen.deployment,
    run,
    kind: 'watchdog-alarm',
    id: `${seen.deployment}/watchdog/${raised.raisedAt}/${raised.count + 1}`,
    reason: due.map((symptom) => inWords(symptom, now - (since[symptom.key] ?? now))).join('; '),
    lasted: now - began,
    ...(channels ? { channels } : {}),
    kinds: [...new Set(due.map(({ kind }) => kind))],
  };
  return { troubled: { ...troubled, alarm: raised }, call };
}

/** The server's word comes first; where it does not reach back to the beginning, or says nothing, the first look's. */
function beganAt({ since, isLaterThanItBegan }: Symptom, before: number | undefined, now: number): number {
  if (since === undefined) return before ?? now;
  return isLaterThanItBegan ? Math.min(since, before ?? since) : since;
}

/** @returns the channels to tell; undefined: all that there are */
function whomToTell(alarm: Alarm | undefined, due: readonly Symptom[], { now, rules }: Judging): string[] | undefined {
  if (alarm?.toldAt === undefined) return undefined;
  const isNews = due.some(({ kind }) => !alarm.kinds.includes(kind));
  return isNews || now - alarm.toldAt >= rules.again ? undefined : alarm.missed;
}

function allClear(known: Troubled | undefined, seen: SeenDeployment, now: number): Judged {
  const alarm = known?.alarm;
  // Nobody has heard of it, or not everybody will hear that it is over.
  if (!alarm || alarm.told.length === 0 || now - (alarm.wellSince ?? now) >= ALL_CLEAR_FOR) return {};
  const { deployment, run, workflows } = seen;
  const call: Call = {
    deployment,
    run,
    kind: 'watchdog-all-clear',
    id: `${deployment}/watchdog/${alarm.raisedAt}/over`,
    reason: workflows.length === 0 ? 'it has ended' : 'it is carried on and watched again',
    lasted: now - alarm.raisedAt,
    channels: alarm.told,
    kinds: [],
  };
  return { troubled: { run, since: {}, alarm: { ...alarm, wellSince: alarm.wellSince ?? now } }, call };
}

/** The state once a call was made. */
export function afterCall(state: WatchdogState, call: Call, { told, missed }: Answered): WatchdogState {
  const { [call.deployment]: troubled, ...others } = state.deployments;
  if (!troubled?.alarm) return state;
  const { alarm } = troubled;
  if (call.kind === 'watchdog-all-clear') {
    const left = alarm.told.filter((channel) => !told.includes(channel));
    if (left.length === 0) return { ...state, deployments: others };
    return withAlarm(state, call, { ...alarm, told: left });
  }
  const known = { ...alarm, told: [...new Set([...alarm.told, ...told])], missed };
  // Nobody has heard of it: the same is told again.
  if (told.length === 0 && missed.length > 0) return withAlarm(state, call, known);
  return withAlarm(state, call, {
    ...known,
    count: alarm.count + 1,
    toldAt: call.channels && alarm.toldAt !== undefined ? alarm.toldAt : state.at,
    kinds: [...new Set([...alarm.kinds, ...call.kinds])],
  });
}

const withAlarm = (state: WatchdogState, { deployment }: Call, alarm: Alarm): WatchdogState => ({
  ...state,
  deployments: {
    ...state.deployments,
    [deployment]: { ...(state.deployments[deployment] as Troubled), alarm },
  },
});

const inWords = ({ text, advice }: Symptom, lasted: number): string => {
  const since = lasted < 1_000 ? '' : `, for ${formatDuration(lasted)}`;
  return `${text}${since}${advice === undefined ? '' : `. ${advice.replace(/(?<![.\s])[.\s]+$/, '')}`}`;
};

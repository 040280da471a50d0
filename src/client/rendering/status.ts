/** The ledger as a person reads it at a terminal. Pure: the same ledger, time and colours give the same text. */
import { runnerOf } from '../../contract/names.js';
import { missingRoles } from '../../domain/decisions/waits-for.js';
import { formatDuration } from '../../domain/duration.js';
import { ITEM_STATES } from '../../domain/items.js';
import { beginningText, hasYetToBegin } from '../../domain/ledger/beginning.js';
import type { Ledger, OpenQuestion, RollbackRecord, StepRecord, WatchRecord } from '../../domain/ledger/ledger.js';
import { leftBehind, stillRollsBack } from '../../domain/ledger/left-behind.js';
import { PHASES, type Phase } from '../../domain/steps.js';
import { criterionStanding, hasEnded, standingOf } from '../../domain/watch/standing.js';
import type { QueueService } from '../../temporal/queue-service.js';
import type { WatchdogService } from '../../temporal/watchdog-service.js';
import { allowedDecisions } from './allowed-decisions.js';
import { type Colors, stepMark, verdictMark } from './marks.js';
import { nextLine, outcomeText } from './next-line.js';

export interface StatusView {
  colors: Colors;
  /** Epoch milliseconds; how long things have been running is counted to it. */
  now: number;
  link?: string;
  /** What it is pinned to; null when it began under a Surefoot without builds. */
  build?: string | null;
  /** Of the task queues that it waits for, where they were asked about. */
  services?: readonly QueueService[];
  /** Whether a watchdog looks at it, where that was asked. */
  watchdog?: WatchdogService;
  /** How it ended, where it was ended from outside: it does not say so itself. */
  cutOff?: string;
}

/** Puts the cursor to the top and clears what is below: a live page is drawn over itself. */
export const CLEAR = '\u001b[H\u001b[J';

const REFUSALS_SHOWN = 3;

export function renderStatus(ledger: Ledger, view: StatusView): string {
  const sections = [
    heading(ledger, view),
    endedFromOutside(ledger, view),
    phases(ledger, view),
    monitors(ledger, view),
    [...ledger.earlierRollbacks, ...(ledger.rollback ? [ledger.rollback] : [])].flatMap((each) => rollback(each, view)),
    signOffs(ledger, view),
    items(ledger, view),
    ledger.outcome ? [] : ledger.questions.flatMap((question) => openQuestion(ledger, question, view)),
    refusals(ledger, view),
    undone('Could not be announced', ledger.untold, view),
    undone('Could not be kept', ledger.unkept, view),
    ledger.outcome ? [] : queues(view),
    [nextLine(ledger, view)],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

const WITHOUT_BUILD = 'began under a Surefoot without builds: the worker of then has to stay until it has ended';

function heading(ledger: Ledger, { colors, now, link, build, cutOff }: StatusView): string[] {
  const lasted = formatDuration((ledger.endedAt ?? now) - ledger.startedAt);
  const running = beginningOf(ledger, now) ?? `running: ${ledger.phase}`;
  const going = cutOff === undefined ? colors.cyan(running) : colors.red(`ended in ${ledger.phase}`);
  const state = ledger.outcome ? outcomeText(ledger, colors) : going;
  return [
    `${colors.bold(ledger.title)}  ${state}`,
    `${ledger.deployment}  ${ledger.release.previous} → ${ledger.release.target}`,
    colors.dim(
      `started ${clockText(ledger.startedAt)} by ${ledger.startedBy}, ${lasted}; plan ${ledger.digest.slice(0, 12)}${build ? `; build ${build}` : ''}`,
    ),
    ...(build === null && !ledger.outcome && cutOff === undefined ? [colors.dim(WITHOUT_BUILD)] : []),
    ...(ledger.after
      ? [colors.dim(`after ${ledger.after.run}, which was ended from outside: ${ledger.after.why}`)]
      : []),
    colors.dim(trustText(ledger)),
    ...ownRunners(ledger).map((line) => colors.dim(line)),
    ...(link ? [colors.dim(link)] : []),
  ];
}

/** Of one whose appointed time has not come, or with nobody to carry it out since. */
const beginningOf = (ledger: Ledger, now: number): string | undefined =>
  ledger.beginsAt !== undefined && hasYetToBegin(ledger)
    ? beginningText(ledger.beginsAt, now, clockText(ledger.beginsAt))
    : undefined;

/** What the names in it are worth. */
function trustText({ demands, runner }: Ledger): string {
  if (demands && demands.signed.length > 0)
    return `signed, as the policy of its runner asks: ${demands.signed.join(', ')}`;
  if (demands) return 'its runner’s policy asks for no signature: names are as they were sent';
  const why = runner === undefined ? 'no runner has taken it yet' : 'its runner has no policy';
  return `${why}: names are as they were sent, but for approvals that the plan wants signed`;
}

/** Who runs the commands of environments that have a runner of their own. */
const ownRunners = ({ runners }: Ledger): string[] =>
  Object.entries(runners ?? {}).map(
    ([environment, { queue }]) => `commands of ${environment} run on runner ${runnerOf(queue)}`,
  );

/** What was left to whoever reads this, before everything that led to it. */
function endedFromOutside(ledger: Ledger, { colors, cutOff }: StatusView): string[] {
  if (cutOff === undefined) return [];
  return [
    colors.red(`Ended from outside: ${cutOff}`),
    ...leftBehind(ledger).map((sentence) => `  ${sentence}`),
    ...wayOn(ledger).map((line) => `    ${colors.cyan(line)}`),
  ];
}

/** What can be typed about a production that was left half-way. */
export function wayOn(ledger: Pick<Ledger, 'deployment' | 'rollback'>): string[] {
  const { deployment } = ledger;
  if (stillRollsBack(ledger)) return [`surefoot status ${deployment}   # until its rollback has ended`];
  return [`surefoot start PLAN --after ${deployment} --why "what you saw of production"   # when you have looked`];
}

/** A phase that passed is one line; the present one, and whatever did not simply pass, is shown step by step. */
function phases(ledger: Ledger, view: StatusView): string[] {
  return PHASES.flatMap((phase) => {
    const steps = ledger.steps.filter((candidate) => candidate.phase === phase);
    const present = phase === ledger.phase && !ledger.outcome;
    const shown = present ? steps : steps.filter(({ state }) => state !== 'passed');
    return [phaseLine(phase, steps, { ...view, present }), ...shown.flatMap((each) => stepLines(each, view))];
  });
}

function phaseLine(phase: Phase, steps: StepRecord[], { colors, present }: StatusView & { present: boolean }): string {
  const done = steps.filter(({ state }) => state === 'passed').length;
  const count = steps.length > 0 ? colors.dim(` ${done} of ${steps.length} steps passed`) : '';
  if (steps.some(({ state }) => state === 'failed')) return `${colors.red('✗')} ${phase}${count}`;
  if (present) return `${colors.cyan('▸')} ${colors.bold(phase)}${count}`;
  if (steps.length === 0) return colors.dim(`· ${phase}`);
  return `${stepMark(steps.some(({ state }) => state === 'running') ? 'running' : 'passed', colors)} ${phase}${count}`;
}

function stepLines(step: StepRecord, { colors, now }: StatusView): string[] {
  const took = formatDuration((step.endedAt ?? now) - step.startedAt);
  const section = step.section ? `${step.section} ` : '';
  const line = `    ${stepMark(step.state, colors)} ${colors.dim(section)}${step.title} ${colors.dim(`(${took || '0 s'})`)}`;
  const told = step.reason ?? (step.state === 'failed' ? step.summary : step.progress);
  return told ? [line, `        ${step.state === 'failed' ? colors.red(told) : told}`] : [line];
}

function monitors(ledger: Ledger, view: StatusView): string[] {
  if (ledger.monitors.length === 0) return [];
  const each = (record: WatchRecord) => [
    `  ${record.title}: ${watchState(ledger, record, view.colors)}`,
    ...criteria(record, ledger, view),
  ];
  return [view.colors.bold('Watches'), ...ledger.monitors.flatMap(each)];
}

/** Those that are not well, and how many have no verdict though nothing of them was missed. */
function criteria(record: WatchRecord, ledger: Ledger, { colors }: StatusView): string[] {
  const standing = standingOf(record, hasEnded(ledger));
  const undecided = record.criteria.filter((each) => criterionStanding(each, standing) === 'undecided');
  const said = record.criteria.filter((each) => each.verdict !== 'healthy' && !undecided.includes(each));
  return [
    ...said.map(({ title, rule, verdict, worst, unit, reason }) => {
      const seen = worst === undefined ? (reason ?? 'no samples') : `worst ${Number(worst.toFixed(2))} ${unit}`;
      return `      ${verdictMark(verdict, colors)}  ${title} (${rule}): ${seen}`;
    }),
    ...(undecided.length > 0 ? [colors.dim(`      · no breach seen: ${undecided.length}`)] : []),
  ];
}

function watchState(ledger: Ledger, record: WatchRecord, colors: Colors): string {
  const standing = standingOf(record, hasEnded(ledger));
  // What it had seen by then stands in its own history.
  if (standing === 'stopped') return colors.dim('· stopped before its end');
  const mark = standing === 'running' ? colors.cyan('▸ running') : verdictMark(standing, colors);
  return `${mark}${colors.dim(`, ${record.samples} samples in ${record.ticks} ticks${untilEnd(record)}`)}`;
}

function untilEnd({ now, endsAt, endedAt }: WatchRecord): string {
  return endedAt === undefined && now !== undefined && endsAt !== undefined && endsAt > now
    ? `, ${formatDuration(endsAt - now)} to go`
    : '';
}

function rollback(record: RollbackRecord, view: StatusView): string[] {
  const { colors } = view;
  const state =
    record.succeeded === undefined
      ? colors.yellow('under way')
      : record.succeeded
        ? colors.green('production is back')
        : colors.red('failed');
  const time = record.took === undefined ? '' : ` in ${formatDuration(record.took)}`;
  const estimate = record.estimate === undefined ? '' : colors.dim(`, estimate ${formatDuration(record.estimate)}`);
  return [
    `${colors.bold(`Rollback (${record.option})`)}: ${state}${record.progress ? `, ${record.progress}` : ''}${time}${estimate}`,
    `  because ${record.trigger.text}`,
    ...record.reasons.map((reason) => `  - ${reason}`),
    ...record.steps.flatMap((each) => stepLines(each, view)),
  ];
}

function signOffs(ledger: Ledger, { colors }: StatusView): string[] {
  const question = ledger.questions.find(({ kind }) => kind === 'approvals');
  if (ledger.approvals.length === 0 && !question) return [];
  const missing = question && !ledger.outcome ? missingRoles(ledger, question) : [];
  return [
    colors.bold('Sign-offs'),
    ...ledger.approvals.map(({ role, who, at }) => `  ${colors.green('✓')} ${role}: ${who}, ${clockText(at)}`),
    ...missing.map((role) => `  ${colors.yellow('·')} ${role}: missing`),
  ];
}

/** How the boxes of the checklist stand, in one line. */
function items({ items: counts }: Ledger, { colors }: StatusView): string[] {
  if (!counts || counts.total === 0) return [];
  const paint = {
    passed: colors.green,
    attested: colors.green,
    failed: colors.red,
    unknown: colors.yellow,
    skipped: colors.yellow,
    notApplicable: colors.dim,
  };
  const told = ITEM_STATES.filter((state) => counts[state] > 0).map((state) => {
    return paint[state](`${counts[state]} ${state === 'notApplicable' ? 'not applicable' : state}`);
  });
  return [`${colors.bold('Items:')} ${counts.total} boxes: ${told.join(', ')}`];
}

function openQuestion(ledger: Ledger, question: OpenQuestion, { colors, now }: StatusView): string[] {
  if (question.answer) return [];
  const age = formatDuration(now - question.openedAt);
  return [
    `${colors.yellow('?')} ${colors.bold(question.title)} ${colors.dim(`(${question.id}, open for ${age})`)}`,
    ...(isNews(ledger, question) ? question.text.split('\n').map((line) => `  ${line}`) : []),
    ...(question.roles.length > 1 ? [`  answered by ${question.roles.join(', ')}`] : []),
    ...allowedDecisions(ledger, question).map((move) => `    ${colors.cyan(move)}`),
  ];
}

/** What the step itself already says is not said again. */
const isNews = (ledger: Ledger, { text }: OpenQuestion): boolean =>
  text !== '' && !ledger.steps.some(({ state, reason }) => state === 'failed' && reason === text);

function refusals(ledger: Ledger, { colors }: StatusView): string[] {
  const refused = ledger.decisions.filter(({ accepted }) => !accepted).slice(-REFUSALS_SHOWN);
  if (refused.length === 0) return [];
  const line = ({ at, kind, who, reason }: (typeof refused)[number]) =>
    `  ${clockText(at)} ${kind} by ${who}: ${reason}`;
  const before = ledger.refusedBefore ? ` (${ledger.refusedBefore} before are not listed any more)` : '';
  return [colors.bold(`Last refused${before}`), ...refused.map(line)];
}

function undone(title: string, texts: readonly string[] = [], { colors }: StatusView): string[] {
  if (texts.length === 0) return [];
  return [colors.bold(title), ...texts.slice(-REFUSALS_SHOWN).map((text) => `  ${text}`)];
}

/** What is not served, watched, or not known to be: with what to do about it. */
function queues({ colors, services = [], watchdog }: StatusView): string[] {
  const unwatched = watchdog && watchdog.state !== 'looks' ? [watchdog] : [];
  const others = [...services.filter(({ state }) => state !== 'served'), ...unwatched];
  if (others.length === 0) return [];
  const lines = others.flatMap(({ state, text, advice }) => [
    `  ${state === 'nobody' ? colors.red(text) : colors.yellow(text)}`,
    ...(advice ? [`    ${colors.cyan(advice)}`] : []),
  ]);
  return [colors.bold('Workers'), ...lines];
}

/** Local date and time to the minute. */
export function clockText(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

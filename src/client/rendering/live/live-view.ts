/** A deployment as it goes on at a terminal, in its size. Pure: the same look, time and terminal give the same lines. */
import { formatDuration } from '../../../domain/duration.js';
import type { Ledger } from '../../../domain/ledger/ledger.js';
import { leftBehind } from '../../../domain/ledger/left-behind.js';
import { PHASES, type Phase } from '../../../domain/steps.js';
import { cutOff, type LedgerView } from '../../../temporal/ledger-view.js';
import type { Colors } from '../marks.js';
import { nextLine } from '../next-line.js';
import { clockText, wayOn } from '../status.js';
import { type Line, type TerminalStyle, wrappedPieces, wrappedText, writtenLine } from './lines.js';
import { questionLines, signOffLines } from './people.js';
import { inRows, type Section } from './sections.js';
import type { RuleCurve } from './sparkline.js';
import { rollbackLines, stepLines } from './step-lines.js';
import { watchLines } from './watch-lines.js';

/** What was known when the deployment was seen last. */
export interface LiveLook {
  view: LedgerView;
  /** When that was, epoch milliseconds. */
  seenAt: number;
  /** Why it has not been seen since. */
  unseen?: string;
  /** Its time is not the clock's. Undefined: not known. */
  inVirtualTime: boolean | undefined;
  /** How long steps usually take, by their IDs, milliseconds; nothing where its plan is not known. */
  usually?: ReadonlyMap<string, number>;
  /** Of the latest watch, by criterion. */
  curves: ReadonlyMap<string, RuleCurve>;
  /** Why curves are missing, or only of a part of the time. */
  curvesNote?: string;
}

/** Milliseconds after which a look says nothing about now: it is made each second, and an answer may take its time. */
const CURRENT_FOR = 6_000;

/** What is seen, or why nothing is: at most as many lines as the terminal has rows. */
export function renderLive(look: LiveLook, now: number, style: TerminalStyle): string[] {
  const { ledger } = look.view;
  const isCurrent = look.unseen === undefined && look.view.unanswered === undefined && now - look.seenAt <= CURRENT_FOR;
  // What is not known to go on is not counted on.
  const at = look.inVirtualTime ? latestMomentOf(ledger) : isCurrent ? now : look.seenAt;
  const context = { look, at, style };
  const sections: Section[] = [
    { lines: isCurrent ? [] : unseenLines(look, now, style), rank: 9, least: 1 },
    { lines: cutOffLines(look.view, style), rank: 8, least: 2 },
    { lines: headLines(context), rank: 6, least: 1 },
    { lines: phaseLines(ledger, style), rank: 2, least: 1 },
    { lines: stepLines(ledger, { ...context, usually: look.usually }), rank: 5, least: 2 },
    { lines: rollbackLines(ledger, context), rank: 5, least: 1 },
    { lines: watchLines(ledger, look, style), rank: 3, least: 2 },
    { lines: signOffLines(ledger, style), rank: 4, least: 1 },
    { lines: questionLines(ledger, context), rank: 8, least: 4 },
    { lines: workerLines(look.view, style), rank: 4, least: 1 },
    { lines: [nextOf(look.view, style)].flat(), rank: 7, least: 1 },
    { lines: [[{ text: footer(look, isCurrent), paint: 'dim' }]], rank: 1, least: 0 },
  ];
  return inRows(sections, style, `surefoot status ${ledger.deployment}`).map((line) => writtenLine(line, style));
}

/** Before it has been seen at all. */
export const renderUnseen = (why: string, style: TerminalStyle): string[] =>
  wrappedText({ text: why, paint: 'yellow' }, style, { most: style.rows })
    .slice(0, style.rows)
    .map((line) => writtenLine(line, style));

/** To the second: how long nobody has answered is counted by it. */
export const momentText = (at: number): string =>
  `${clockText(at)}:${String(new Date(at).getSeconds()).padStart(2, '0')}`;

function unseenLines({ view, seenAt, unseen }: LiveLook, now: number, style: TerminalStyle): Line[] {
  const { unanswered } = view;
  const since = `NOT SEEN since ${momentText(seenAt)} (${formatDuration(Math.max(now - seenAt, 0))})`;
  const why = unseen ?? (unanswered ? `${unanswered.message}. ${unanswered.hint}` : 'no answer yet');
  const what = unanswered ? 'What follows is what its history said then' : 'What follows was known then';
  return [
    ...wrappedText({ text: `${since}: ${why}`, paint: 'red' }, style, { most: 4 }),
    ...wrappedText({ text: `${what}. It is asked again each second.`, paint: 'yellow' }, style),
  ];
}

function cutOffLines(view: LedgerView, style: TerminalStyle): Line[] {
  const how = cutOff(view);
  if (how === undefined) return [];
  return [
    ...wrappedText({ text: `Ended from outside: ${how}`, paint: 'red' }, style),
    ...leftBehind(view.ledger).flatMap((text) => wrappedText({ text }, style, { indent: 2 })),
    ...wayOn(view.ledger).flatMap((text) => wrappedText({ text, paint: 'cyan' }, style, { indent: 4 })),
  ];
}

interface HeadContext {
  look: LiveLook;
  at: number;
}

function headLines({ look, at }: HeadContext): Line[] {
  const { ledger, found } = look.view;
  const { title, outcome, phase, deployment, release, startedAt, startedBy, endedAt } = ledger;
  const lasted = formatDuration(Math.max((endedAt ?? at) - startedAt, 0));
  const state = outcome ?? (found.running ? `running: ${phase}` : `ended in ${phase}`);
  return [
    [{ text: title, paint: 'bold' }, { text: '  ' }, { text: state, paint: 'cyan' }, { text: `  ${lasted}` }],
    [{ text: `${deployment}  ${release.previous} → ${release.target}, started by ${startedBy}`, paint: 'dim' }],
  ];
}

function phaseLines(ledger: Ledger, style: TerminalStyle): Line[] {
  return wrappedPieces(
    PHASES.map((phase) => phasePiece(phase, ledger)),
    style,
  );
}

function phasePiece(phase: Phase, { steps, phase: present, outcome }: Ledger): Line {
  const states = steps.filter((step) => step.phase === phase).map(({ state }) => state);
  if (states.includes('failed')) return [{ text: `✗ ${phase}`, paint: 'red' }];
  if (phase === present && !outcome)
    return [
      { text: '▸ ', paint: 'cyan' },
      { text: phase, paint: 'bold' },
    ];
  if (states.length === 0) return [{ text: `· ${phase}`, paint: 'dim' }];
  if (states.includes('running')) return [{ text: `▸ ${phase}`, paint: 'cyan' }];
  if (states.includes('skipped')) return [{ text: `↷ ${phase}`, paint: 'yellow' }];
  return [{ text: '✓ ', paint: 'green' }, { text: phase }];
}

/** What is not served, or not known to be. */
function workerLines({ services, ledger }: LedgerView, style: TerminalStyle): Line[] {
  if (ledger.outcome) return [];
  return services
    .filter(({ state }) => state !== 'served')
    .flatMap(({ text, advice }) =>
      wrappedText({ text: advice ? `${text}. ${advice}` : text, paint: 'yellow' }, style, { most: 4 }),
    );
}

const plain = (text: string): string => text;
const PLAIN: Colors = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };

function nextOf(view: LedgerView, style: TerminalStyle): Line[] {
  const { ledger, services } = view;
  return wrappedText(
    { text: nextLine(ledger, { colors: PLAIN, services, cutOff: cutOff(view) }), paint: 'bold' },
    style,
  );
}

const footer = ({ seenAt }: LiveLook, isCurrent: boolean): string =>
  `${isCurrent ? `as of ${momentText(seenAt)}; ` : ''}Ctrl-C ends this view, not the deployment`;

/** In virtual time the clock on the wall says nothing: its now is the latest that it tells of. */
function latestMomentOf({ startedAt, steps, monitors, decisions, questions }: Ledger): number {
  const moments = [
    ...steps.flatMap((step) => [step.startedAt, step.endedAt]),
    ...monitors.flatMap((monitor) => [monitor.startedAt, monitor.now, monitor.endedAt]),
    ...decisions.map(({ at }) => at),
    ...questions.map(({ openedAt }) => openedAt),
  ];
  return Math.max(startedAt, ...moments.map((moment) => moment ?? startedAt));
}

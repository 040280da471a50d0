/** When a deployment begins that is not to begin at once: at a time that somebody says, or when the plan's window opens. */
import { dateAndTime, momentOf, nextOpening } from '../adapters/windows.js';
import type { Windows } from '../contract/plan/windows.js';

const DAY = 24 * 3_600_000;
/** A signed start counts for 30 days, and the deployment itself takes days: the rest is for that. */
const DAYS_AHEAD = 14;

export interface AskedBeginning {
  /** `2026-11-28T02:00-03:00`, or `02:00`, by the clock of the plan's windows or of this machine; missing: when its window opens. */
  at?: string;
  windows: Windows | undefined;
  /** Epoch milliseconds. */
  now: number;
  /** This machine's. */
  timeZone: string;
}

/** `at` is epoch milliseconds, and missing where it begins at once; the texts are for people. */
export type Beginning = { at?: number; text: string } | { refused: string; hint: string };

export function findBeginning(asked: AskedBeginning): Beginning {
  const { windows, now } = asked;
  const timeZone = windows?.timeZone ?? asked.timeZone;
  if (asked.at === undefined) return atOpening(asked);
  const at = momentOf(asked.at, { timeZone, at: now });
  if (at === undefined) {
    const hint = `Write the time with its zone, as 2026-11-28T02:00-03:00 or 2026-11-28T05:00Z, or a time of day (${timeZone}), as 02:00.`;
    return { refused: `When it begins cannot be told from "${asked.at}"`, hint };
  }
  const text = dateAndTime(at, timeZone, now);
  if (at <= now) return { refused: `${text} is past`, hint: 'Name a time that is to come, or leave --at out.' };
  const tooFar = tooFarAhead(at, text, now);
  if (tooFar) return tooFar;
  const opening = windows && openingAt(windows, at);
  if (opening && !opening.open) {
    const when =
      opening.opensAt === undefined ? 'and never opens' : `it opens ${dateAndTime(opening.opensAt, timeZone, now)}`;
    const hint = 'Name a time within a window, or use --when-window-opens.';
    return { refused: `At ${text} the plan’s deploy window is closed; ${when}`, hint };
  }
  return { at, text: `begins ${text}` };
}

function atOpening({ windows, now }: AskedBeginning): Beginning {
  if (!windows) {
    const hint = 'Leave --when-window-opens out, or give the plan `windows`.';
    return { refused: 'The plan has no windows: there is none that could open', hint };
  }
  const { open, opensAt, text } = openingAt(windows, now);
  if (open) return { text: `the plan’s deploy window is ${text}: it begins at once` };
  if (opensAt === undefined)
    return { refused: `The plan’s deploy window ${text}`, hint: 'Look at the plan’s `windows`.' };
  const said = dateAndTime(opensAt, windows.timeZone, now);
  return (
    tooFarAhead(opensAt, said, now) ?? { at: opensAt, text: `begins ${said}, when the plan’s deploy window opens` }
  );
}

function tooFarAhead(at: number, text: string, now: number): Beginning | undefined {
  if (at - now <= DAYS_AHEAD * DAY) return undefined;
  return {
    refused: `${text} is more than ${DAYS_AHEAD} days ahead`,
    hint: 'Start it nearer to its time: whoever starts it vouches for what is known now.',
  };
}

const openingAt = ({ timeZone, freeze, deploy: weekly }: Windows, at: number) =>
  nextOpening({ timeZone, freeze, weekly, at });

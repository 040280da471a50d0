/**
 * When a window of local time opens and closes. Clocks that change are taken as calendars take them (RFC 5545): a time
 * that comes twice is the first one, a time that is skipped is the moment of the change. A freeze is as long as it can be.
 */
import { Temporal } from '@js-temporal/polyfill';
import type { Opening } from '../contract/activities/windows.js';
import type { Freeze, WeeklyWindow } from '../contract/plan/windows.js';
import { formatDuration } from '../domain/duration.js';

const DAY = 24 * 3_600_000;
/** How far ahead the windows of a week are looked for: one that a change of clocks swallows is there a week later. */
const DAYS_AHEAD = 15;
/** Freezes in a row, and windows that they swallow, before a window counts as one that never opens: some four years. */
const MOST_MOVES = 1_500;
const WEEKDAYS = ['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

interface Span {
  from: number;
  to: number;
}

/** @throws RangeError for a time zone, date or time that there is not */
export function nextOpening(asked: {
  timeZone: string;
  freeze: Freeze[];
  weekly: WeeklyWindow[];
  at: number;
}): Opening {
  const { timeZone, weekly, at } = asked;
  const freezes = asked.freeze.map(({ title, from, to }) => ({
    title,
    from: instantOf(Temporal.PlainDateTime.from(from), timeZone),
    to: instantOf(Temporal.PlainDateTime.from(to), timeZone, 'later'),
  }));
  const frozenAt = (time: number) => freezes.find(({ from, to }) => from <= time && time < to);
  const said = (time: number) => describeTime(time, timeZone, at);

  let time = at;
  for (let moves = 0; moves < MOST_MOVES; moves += 1) {
    const frozen = frozenAt(time);
    if (frozen) {
      time = frozen.to;
      continue;
    }
    const span = spanAt(weekly, timeZone, time);
    if (!span) break;
    if (span.from > time) {
      time = span.from;
      continue;
    }
    if (time > at) return { open: false, opensAt: time, text: `${why(frozenAt(at))}opens ${said(time)}` };
    const closesAt = Math.min(span.to, ...freezes.map(({ from }) => from).filter((from) => from > at));
    if (closesAt - at > (DAYS_AHEAD - 1) * DAY) return { open: true, text: 'open' };
    return { open: true, closesAt, text: `open until ${said(closesAt)}` };
  }
  return { open: false, text: `${why(frozenAt(at))}never opens` };
}

/**
 * A moment as people write it: with its zone, `2026-11-28T02:00-03:00` or `…Z`, or as a time of day, `02:00`, the next one
 * by the zone's clock.
 * @param at epoch milliseconds, from which the next time of day is looked for
 * @returns epoch milliseconds; undefined for anything else
 */
export function momentOf(written: string, { timeZone, at }: { timeZone: string; at: number }): number | undefined {
  if (/^([01]\d|2[0-3]):[0-5]\d$/.test(written)) {
    const today = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate();
    const moments = [0, 1, 2].map((days) => instantOf(today.add({ days }).toPlainDateTime(written), timeZone));
    return moments.find((moment) => moment > at);
  }
  try {
    return Temporal.Instant.from(written).epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** `Sat 2026-11-28 02:00 America/Sao_Paulo (in 9 h)`. */
export const dateAndTime = (time: number, timeZone: string, now: number): string =>
  `${localTime(time, timeZone, true)} (${time < now ? `${formatDuration(now - time)} ago` : `in ${formatDuration(time - now)}`})`;

const why = (freeze: { title: string } | undefined): string => (freeze ? `freeze “${freeze.title}”; ` : '');

/** The stretch of open time that holds a moment, or the next one after it. Windows that touch are one stretch. */
function spanAt(weekly: WeeklyWindow[], timeZone: string, time: number): Span | undefined {
  if (weekly.length === 0) return { from: time, to: Number.POSITIVE_INFINITY };
  const today = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone).toPlainDate();
  const spans: Span[] = [];
  // From yesterday, for windows that cross midnight.
  for (let day = -1; day <= DAYS_AHEAD; day += 1) {
    const date = today.add({ days: day });
    for (const { days, from, to } of weekly) {
      if (!days.includes(date.dayOfWeek)) continue;
      const endsOn = to <= from || to === '24:00' ? date.add({ days: 1 }) : date;
      const span = {
        from: instantOf(date.toPlainDateTime(from), timeZone),
        to: instantOf(endsOn.toPlainDateTime(to === '24:00' ? '00:00' : to), timeZone),
      };
      if (span.from < span.to) spans.push(span);
    }
  }
  spans.sort((a, b) => a.from - b.from);
  let found: Span | undefined;
  for (const span of spans) {
    if (found && span.from > found.to) {
      if (found.to > time) break;
      found = undefined;
    }
    found = { from: found?.from ?? span.from, to: Math.max(found?.to ?? 0, span.to) };
  }
  return found && found.to > time ? found : undefined;
}

/** Local time as epoch milliseconds. */
function instantOf(local: Temporal.PlainDateTime, timeZone: string, twice: 'earlier' | 'later' = 'earlier'): number {
  const before = local.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const isSkipped = !before.toPlainDateTime().equals(local);
  if (isSkipped) return before.getTimeZoneTransition('next')?.epochMilliseconds ?? before.epochMilliseconds;
  if (twice === 'earlier') return before.epochMilliseconds;
  return local.toZonedDateTime(timeZone, { disambiguation: 'later' }).epochMilliseconds;
}

/** `Mon 09:00 America/Sao_Paulo (in 14 h)`, with the date when the weekday alone would not tell. */
function describeTime(time: number, timeZone: string, now: number): string {
  return `${localTime(time, timeZone, time - now >= 6 * DAY)} (in ${formatDuration(time - now)})`;
}

function localTime(time: number, timeZone: string, isDated: boolean): string {
  const local = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
  const date = isDated ? ` ${local.toPlainDate().toString()}` : '';
  const clock = local.toPlainTime().toString({ smallestUnit: 'minute' });
  return `${WEEKDAYS[local.dayOfWeek]}${date} ${clock} ${timeZone}`;
}

/** When production may be touched: freezes, deploy windows, times of low traffic. */
import { z } from 'zod';
import { reference, strict, text } from '../core/basics.js';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAYS_HELP = `write days as mon or mon-fri (${DAYS.join(' ')})`;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}[ T](?:[01]\d|2[0-3]):[0-5]\d$/;

/** `mon`, or `fri-mon` for those from one to another. The days' numbers after parsing: 1 Monday to 7 Sunday. */
const days = z
  .string({ error: DAYS_HELP })
  .meta({ pattern: `^(${DAYS.join('|')})(-(${DAYS.join('|')}))?$`, examples: ['mon-thu', 'sat'] })
  .transform((written, context) => {
    const [first = '', last = first, ...more] = written.split('-');
    const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    if (from >= 0 && to >= 0 && more.length === 0) {
      return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, step) => ((from + step) % 7) + 1);
    }
    context.addIssue({ code: 'custom', message: `${JSON.stringify(written)} is no day; ${DAYS_HELP}` });
    return z.NEVER;
  });

/** A time of day by the zone's clock. */
const time = (midnight: boolean) =>
  z
    .string({ error: 'A time is expected; write for example "09:00"' })
    .refine((written) => TIME.test(written) || (midnight && written === '24:00'), {
      error: ({ input }) => `${JSON.stringify(input)} is not a time of day; write for example "09:00" or "16:30"`,
    })
    .meta({ examples: ['09:00'] });

const weeklyWindow = strict({
  days: z
    .array(days)
    .min(1, `No day is listed; ${DAYS_HELP}`)
    .default([[1, 2, 3, 4, 5, 6, 7]])
    .transform((lists) => [...new Set(lists.flat())].sort())
    .describe('On which days it begins, as `[mon-thu, sat]`; every day when absent'),
  from: time(false).describe('When it begins, as `"09:00"`'),
  to: time(true).describe('When it ends, at most `"24:00"`; earlier than `from`: on the next day'),
}).refine(({ from, to }) => from !== to, {
  error: 'Begins and ends at the same time; write "00:00" to "24:00" for the whole day',
  path: ['to'],
});

/** A date and time by the zone's clock, with a `T` between them after parsing. */
export const moment = z
  .string({ error: 'A date and time is expected; write for example "2026-12-20 18:00"' })
  .meta({ examples: ['2026-12-20 18:00'] })
  .refine(isMoment, {
    error: ({ input }) => `${JSON.stringify(input)} is not a date and time; write for example "2026-12-20 18:00"`,
  })
  .transform((written) => written.replace(' ', 'T'));

function isMoment(written: string): boolean {
  if (!MOMENT.test(written)) return false;
  const date = new Date(`${written.slice(0, 10)}T00:00Z`);
  // 31 February becomes a day of March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(written.slice(0, 10));
}

export const windows = strict({
  timeZone: text().describe('Whose clocks count: an IANA name, as `America/Sao_Paulo`'),
  freeze: z
    .array(
      strict({
        title: text().describe('What people read'),
        from: moment.describe('Its first moment, as `2026-12-20 18:00`'),
        to: moment.describe('When it is over'),
      }).refine(({ from, to }) => from < to, { error: 'Ends before it begins', path: ['to'] }),
    )
    .default([])
    .describe('When nothing is begun in production'),
  deploy: z.array(weeklyWindow).default([]).describe('When the production phase may begin; at any time when absent'),
  lowTraffic: z.array(weeklyWindow).default([]).describe('When production may be load-tested'),
  overrideBy: z
    .array(reference('approvals.roles'))
    .min(1, 'Nobody may override a window: write a role')
    .describe('Who may go on outside a window, with a reason'),
});

export type AuthoredWindows = z.output<typeof windows>;

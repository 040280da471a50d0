import { Temporal } from '@js-temporal/polyfill';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextOpening } from '../../src/adapters/windows.js';
import type { Freeze, WeeklyWindow } from '../../src/contract/plan/windows.js';

const SAO_PAULO = 'America/Sao_Paulo';
const LISBON = 'Europe/Lisbon';
const NEW_YORK = 'America/New_York';
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const OFFICE: WeeklyWindow = { days: [1, 2, 3, 4], from: '09:00', to: '16:00' };

const at = (time: string): number => Temporal.Instant.from(time).epochMilliseconds;
const utc = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace(':00.000Z', 'Z');

/** `at` as an instant with its offset; the answer's times in UTC. */
function ask(timeZone: string, time: string, weekly: WeeklyWindow[], freeze: Freeze[] = []) {
  const { open, opensAt, closesAt, text } = nextOpening({ timeZone, freeze, weekly, at: at(time) });
  return { open, opensAt: utc(opensAt), closesAt: utc(closesAt), text };
}

describe('a week', () => {
  test('inside a window it is open until its end', () => {
    expect(ask(SAO_PAULO, '2026-11-23T10:00-03:00', [OFFICE])).toEqual({
      open: true,
      opensAt: undefined,
      closesAt: '2026-11-23T19:00Z',
      text: 'open until Mon 16:00 America/Sao_Paulo (in 6 h)',
    });
  });

  test('in the evening it opens the next morning, after the weekend on Monday', () => {
    expect(ask(SAO_PAULO, '2026-11-23T19:00-03:00', [OFFICE])).toMatchObject({
      open: false,
      opensAt: '2026-11-24T12:00Z',
      text: 'opens Tue 09:00 America/Sao_Paulo (in 14 h)',
    });
    expect(ask(SAO_PAULO, '2026-11-26T16:00-03:00', [OFFICE])).toMatchObject({ opensAt: '2026-11-30T12:00Z' });
  });

  test('the first moment is open, the last one is not', () => {
    expect(ask(SAO_PAULO, '2026-11-23T09:00-03:00', [OFFICE]).open).toBe(true);
    expect(ask(SAO_PAULO, '2026-11-23T15:59:59.999-03:00', [OFFICE]).open).toBe(true);
    expect(ask(SAO_PAULO, '2026-11-23T16:00-03:00', [OFFICE]).open).toBe(false);
  });

  test('a window that crosses midnight belongs to the day on which it begins', () => {
    const night = [{ days: [5], from: '22:00', to: '06:00' }];
    expect(ask(SAO_PAULO, '2026-11-28T05:00-03:00', night)).toMatchObject({
      open: true,
      closesAt: '2026-11-28T09:00Z',
    });
    expect(ask(SAO_PAULO, '2026-11-27T05:00-03:00', night)).toMatchObject({
      open: false,
      opensAt: '2026-11-28T01:00Z',
    });
  });

  test('windows that touch are one: 24:00 is the midnight of the next day', () => {
    const touching = [
      { days: [1], from: '22:00', to: '24:00' },
      { days: [2], from: '00:00', to: '06:00' },
    ];
    expect(ask(SAO_PAULO, '2026-11-23T23:00-03:00', touching)).toMatchObject({ closesAt: '2026-11-24T09:00Z' });
  });

  test('always open has no end, and neither has a plan without windows', () => {
    const always = [{ days: EVERY_DAY, from: '00:00', to: '24:00' }];
    for (const weekly of [always, []]) {
      expect(ask(SAO_PAULO, '2026-11-23T10:00-03:00', weekly)).toEqual({ open: true, text: 'open' });
    }
  });
});

describe('freezes', () => {
  const holidays: Freeze = { title: 'Fim de ano', from: '2026-12-19T00:00', to: '2027-01-04T12:00' };

  test('close what a window would open, and say so with the date', () => {
    expect(ask(SAO_PAULO, '2026-12-21T10:00-03:00', [OFFICE], [holidays])).toEqual({
      open: false,
      opensAt: '2027-01-04T15:00Z',
      closesAt: undefined,
      text: 'freeze “Fim de ano”; opens Mon 2027-01-04 12:00 America/Sao_Paulo (in 338 h)',
    });
  });

  test('end a window before its time', () => {
    const lunch = { title: 'x', from: '2026-11-23T12:00', to: '2026-11-23T13:00' };
    expect(ask(SAO_PAULO, '2026-11-23T10:00-03:00', [OFFICE], [lunch])).toMatchObject({
      closesAt: '2026-11-23T15:00Z',
    });
  });

  test('one after another are waited for in turn', () => {
    const next = { title: 'y', from: '2027-01-04T12:00', to: '2027-01-05T10:00' };
    expect(ask(SAO_PAULO, '2026-12-21T10:00-03:00', [], [holidays, next])).toMatchObject({
      opensAt: '2027-01-05T13:00Z',
    });
  });

  test('that never end before the windows do leave it closed for ever', () => {
    const forever = { title: 'z', from: '2020-01-01T00:00', to: '2999-01-01T00:00' };
    const open = ask(SAO_PAULO, '2026-11-23T10:00-03:00', [OFFICE], [forever]);
    expect(open).toMatchObject({ open: false, opensAt: '2999-01-01T12:00Z' });
  });
});

describe('clocks that change', () => {
  test('Lisbon, 29 March 2026: 01:00 to 02:00 is skipped, so what begins then begins at the change', () => {
    const early = [{ days: [7], from: '01:30', to: '03:00' }];
    expect(ask(LISBON, '2026-03-29T00:59Z', early)).toMatchObject({ open: false, opensAt: '2026-03-29T01:00Z' });
    expect(ask(LISBON, '2026-03-29T01:00Z', early)).toMatchObject({ open: true, closesAt: '2026-03-29T02:00Z' });
  });

  test('Lisbon: a window that is skipped whole opens a week later', () => {
    const skipped = [{ days: [7], from: '01:10', to: '01:50' }];
    expect(ask(LISBON, '2026-03-28T12:00Z', skipped)).toMatchObject({ opensAt: '2026-04-05T00:10Z' });
  });

  test('Lisbon, 25 October 2026: 01:00 to 02:00 comes twice, and the first one counts', () => {
    const early = [{ days: [7], from: '01:30', to: '03:00' }];
    expect(ask(LISBON, '2026-10-24T12:00Z', early)).toMatchObject({ opensAt: '2026-10-25T00:30Z' });
    expect(ask(LISBON, '2026-10-25T01:10Z', early)).toMatchObject({ open: true, closesAt: '2026-10-25T03:00Z' });
  });

  test('a freeze to a time that comes twice lasts to the second one', () => {
    const freeze = { title: 'x', from: '2026-10-24T00:00', to: '2026-10-25T01:30' };
    expect(ask(LISBON, '2026-10-25T00:45Z', [], [freeze])).toMatchObject({ opensAt: '2026-10-25T01:30Z' });
  });

  test('New York, 8 March and 1 November 2026: the office opens at nine by the clock on the wall', () => {
    const office = [{ ...OFFICE, days: EVERY_DAY }];
    expect(ask(NEW_YORK, '2026-03-07T20:00-05:00', office)).toMatchObject({ opensAt: '2026-03-08T13:00Z' });
    expect(ask(NEW_YORK, '2026-10-31T20:00-04:00', office)).toMatchObject({ opensAt: '2026-11-01T14:00Z' });
    const night = [{ days: EVERY_DAY, from: '02:30', to: '04:00' }];
    expect(ask(NEW_YORK, '2026-03-08T01:00-05:00', night)).toMatchObject({
      opensAt: '2026-03-08T07:00Z',
      text: 'opens Sun 03:00 America/New_York (in 1 h)',
    });
  });

  test('São Paulo, until 2019: midnight itself was skipped (4 November 2018) or came twice (18 February 2018)', () => {
    const night = [{ days: EVERY_DAY, from: '00:00', to: '05:00' }];
    expect(ask(SAO_PAULO, '2018-11-03T23:00-03:00', night)).toMatchObject({
      opensAt: '2018-11-04T03:00Z',
      text: 'opens Sun 01:00 America/Sao_Paulo (in 1 h)',
    });
    const late = [{ days: [6], from: '23:30', to: '24:00' }];
    expect(ask(SAO_PAULO, '2018-02-17T22:00-02:00', late)).toMatchObject({ opensAt: '2018-02-18T01:30Z' });
    expect(ask(SAO_PAULO, '2018-02-18T01:30Z', late)).toMatchObject({ open: true, closesAt: '2018-02-18T03:00Z' });
  });

  test('São Paulo since then: no change on any night of 2026', () => {
    const night = [{ days: EVERY_DAY, from: '00:00', to: '05:00' }];
    for (let day = 0; day < 365; day += 1) {
      const noon = at('2026-01-01T15:00Z') + day * 86_400_000;
      const { opensAt } = nextOpening({ timeZone: SAO_PAULO, freeze: [], weekly: night, at: noon });
      expect(opensAt).toBe(noon + 12 * 3_600_000);
    }
  });
});

test('a time zone that there is not is an error', () => {
  expect(() => ask('America/Sampa', '2026-11-23T10:00-03:00', [OFFICE])).toThrow(RangeError);
});

describe('any windows, any freezes, any time', () => {
  const minute = fc.integer({ min: 0, max: 1_439 });
  const clock = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  const window = fc
    .record({ days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), from: minute, to: minute })
    .filter(({ from, to }) => from !== to)
    .map(({ days, from, to }): WeeklyWindow => ({ days, from: clock(from), to: clock(to) }));
  const start = at('2025-01-01T00:00Z');
  const moment = fc.integer({ min: 0, max: 800 * 24 * 60 }).map((minutes) => start + minutes * 60_000);
  const local = (time: number) => new Date(time).toISOString().slice(0, 16);
  const freeze = fc
    .tuple(moment, fc.integer({ min: 1, max: 30 * 24 * 60 }))
    .map(([from, minutes]): Freeze => ({ title: 'x', from: local(from), to: local(from + minutes * 60_000) }));
  const asked = fc.record({
    timeZone: fc.constantFrom(SAO_PAULO, LISBON, NEW_YORK, 'Australia/Lord_Howe', 'UTC'),
    weekly: fc.array(window, { minLength: 1, maxLength: 3 }),
    freeze: fc.array(freeze, { maxLength: 3 }),
    at: moment,
  });

  test('it is open when it is said to open, and not a minute before', () => {
    fc.assert(
      fc.property(asked, (question) => {
        const { open, opensAt } = nextOpening(question);
        if (open || opensAt === undefined) return;
        expect(opensAt).toBeGreaterThan(question.at);
        expect(nextOpening({ ...question, at: opensAt }).open).toBe(true);
        const before = nextOpening({ ...question, at: opensAt - 60_000 });
        if (opensAt - 60_000 >= question.at) expect(before).toMatchObject({ open: false, opensAt });
      }),
      { numRuns: 300 },
    );
  });

  test('it is open until it is said to close, and closed then', () => {
    fc.assert(
      fc.property(asked, (question) => {
        const { open, closesAt } = nextOpening(question);
        if (!open || closesAt === undefined) return;
        expect(nextOpening({ ...question, at: closesAt - 1 }).open).toBe(true);
        expect(nextOpening({ ...question, at: closesAt }).open).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('where clocks do not change, the clock on the wall decides', () => {
    fc.assert(
      fc.property(asked, (question) => {
        const wall = Temporal.Instant.fromEpochMilliseconds(question.at).toZonedDateTimeISO('UTC');
        const now = wall.toPlainTime().toString({ smallestUnit: 'minute' });
        const yesterday = ((wall.dayOfWeek + 5) % 7) + 1;
        const isIn = question.weekly.some(({ days, from, to }) =>
          from < to
            ? days.includes(wall.dayOfWeek) && from <= now && now < to
            : (days.includes(wall.dayOfWeek) && from <= now) || (days.includes(yesterday) && now < to),
        );
        expect(nextOpening({ ...question, timeZone: 'UTC', freeze: [] }).open).toBe(isIn);
      }),
      { numRuns: 300 },
    );
  });
});

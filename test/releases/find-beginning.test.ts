/** When a deployment begins that is not to begin at once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextOpening } from '../../src/adapters/windows.js';
import type { Windows } from '../../src/contract/plan/windows.js';
import { type AskedBeginning, findBeginning } from '../../src/releases/find-beginning.js';

/** A Friday, 17:00 in São Paulo. */
const NOW = Date.parse('2026-11-27T20:00Z');
const DAY = 86_400_000;
const windows: Windows = {
  timeZone: 'America/Sao_Paulo',
  freeze: [{ title: 'Black Friday', from: '2026-11-27T00:00', to: '2026-12-01T00:00' }],
  deploy: [{ days: [1, 2, 3, 4], from: '09:00', to: '16:00' }],
  lowTraffic: [],
  overrideBy: ['tech-lead'],
};

const find = (asked: Partial<AskedBeginning>) =>
  findBeginning({ windows: undefined, now: NOW, timeZone: 'Europe/Lisbon', ...asked });
const iso = (time: string) => Date.parse(time);

test('a time with its zone is that moment, shown by the clock that counts', () => {
  const text = 'begins Sat 2026-11-28 05:00 Europe/Lisbon (in 9 h)';
  expect(find({ at: '2026-11-28T02:00-03:00' })).toEqual({ at: iso('2026-11-28T05:00Z'), text });
  expect(find({ at: '2026-11-28T05:00Z' })).toEqual({ at: iso('2026-11-28T05:00Z'), text });
});

test('a time of day is the next one: by the clock of the plan’s windows, else of this machine', () => {
  expect(find({ at: '02:00' })).toMatchObject({ at: iso('2026-11-28T02:00Z') });
  expect(find({ at: '20:30' })).toMatchObject({ at: iso('2026-11-27T20:30Z') });
  const open = { ...windows, freeze: [], deploy: [] };
  expect(find({ at: '02:00', windows: open })).toEqual({
    at: iso('2026-11-28T05:00Z'),
    text: 'begins Sat 2026-11-28 02:00 America/Sao_Paulo (in 9 h)',
  });
});

test.each([
  ['past', '2026-11-27T19:00Z', 'Fri 2026-11-27 19:00 Europe/Lisbon (1 h ago) is past'],
  ['this very moment', '2026-11-27T20:00Z', 'is past'],
  ['without a zone', '2026-11-28T02:00', 'cannot be told'],
  ['no time', 'tomorrow', 'cannot be told'],
  ['of no day', '24:00', 'cannot be told'],
  ['of no month', '2026-02-31T02:00Z', 'cannot be told'],
  ['far ahead', '2026-12-24T02:00Z', 'is more than 14 days ahead'],
])('a time that is %s is refused', (_, at, text) => {
  expect(find({ at })).toEqual({ refused: expect.stringContaining(text), hint: expect.any(String) });
});

test('a time outside the plan’s windows is refused with when they open', () => {
  expect(find({ at: '2026-11-30T10:00-03:00', windows })).toMatchObject({
    refused: expect.stringContaining('it opens Tue 2026-12-01 09:00 America/Sao_Paulo'),
  });
  expect(find({ at: '2026-12-01T10:00-03:00', windows })).toMatchObject({ at: iso('2026-12-01T13:00Z') });
});

test('when the window opens is its next opening; now, where it is open', () => {
  expect(find({ windows })).toEqual({
    at: iso('2026-12-01T12:00Z'),
    text: 'begins Tue 2026-12-01 09:00 America/Sao_Paulo (in 88 h), when the plan’s deploy window opens',
  });
  expect(find({ windows, now: iso('2026-12-01T12:30Z') })).toEqual({
    text: expect.stringContaining('open until Tue 16:00 America/Sao_Paulo (in 6 h 30 min): it begins at once'),
  });
});

test('a window that is not there, never opens or opens too late is none to wait for', () => {
  expect(find({})).toMatchObject({ refused: expect.stringContaining('no windows') });
  const frozen = (to: string) => ({ ...windows, freeze: [{ title: 'Christmas', from: '2026-11-01T00:00', to }] });
  expect(find({ windows: frozen('2027-01-04T00:00') })).toMatchObject({ refused: expect.stringContaining('14 days') });
  expect(find({ windows: frozen('2999-01-01T00:00') })).toHaveProperty('refused');
});

test('whatever is asked, what comes of it is to come, in a window, and not far away', () => {
  const times = fc.integer({ min: -DAY, max: 20 * DAY }).map((from) => new Date(NOW + from).toISOString());
  fc.assert(
    fc.property(fc.option(times, { nil: undefined }), fc.integer({ min: 0, max: 20 * DAY }), (at, later) => {
      const now = NOW + later;
      const found = find({ at, windows, now });
      if ('refused' in found || found.at === undefined) return;
      expect(found.at).toBeGreaterThan(now);
      expect(found.at - now).toBeLessThanOrEqual(14 * DAY);
      const { timeZone, freeze, deploy: weekly } = windows;
      expect(nextOpening({ timeZone, freeze, weekly, at: found.at }).open).toBe(true);
    }),
  );
});

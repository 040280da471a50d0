import { describe, expect, test } from 'vitest';
import { loadPlan } from '../../../src/plan/load.js';
import { type Expected, expectOneProblem, replaceOnce, shippedText, write } from '../plan-files.js';

const ZONE = '  timeZone: America/Sao_Paulo\n';
const LOW = '    - { from: "00:00", to: "06:00" }\n';

function windowsOf(...edits: [string, string][]) {
  return loadPlan(write('plan.yaml', edits.reduce(replaceOnce, shippedText))).resolved.windows;
}

describe('windows', () => {
  test('of the shipped plan: nights for the load test, no hours for the deployment', () => {
    expect(windowsOf()).toEqual({
      timeZone: 'America/Sao_Paulo',
      freeze: [],
      deploy: [],
      lowTraffic: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '06:00' }],
      overrideBy: ['tech-lead', 'devops'],
    });
  });

  test('days are listed alone or from one to another, also over the weekend', () => {
    const deploy = `${ZONE}  deploy: [{ days: [fri-mon, wed], from: 22:00, to: 24:00 }]\n`;
    expect(windowsOf([ZONE, deploy])?.deploy).toEqual([{ days: [1, 3, 5, 6, 7], from: '22:00', to: '24:00' }]);
  });

  test('a freeze has a title, and is written with or without quotes', () => {
    const freeze = `${ZONE}  freeze: [{ title: Natal, from: 2026-12-24 12:00, to: "2026-12-26T08:00" }]\n`;
    expect(windowsOf([ZONE, freeze])?.freeze).toEqual([
      { title: 'Natal', from: '2026-12-24T12:00', to: '2026-12-26T08:00' },
    ]);
  });

  test('a plan may have none', () => {
    const whole = shippedText.slice(shippedText.indexOf('\nwindows:'), shippedText.indexOf('\nproduction:'));
    expect(windowsOf([whole, ''])).toBeUndefined();
  });
});

describe('mistakes', () => {
  const cases: [sentence: string, edit: [string, string], expected: Expected][] = [
    [
      'a time zone that there is not',
      [ZONE, '  timeZone: ¦America/Sao_Paolo\n'],
      { path: 'windows.timeZone', says: /There is no time zone `America\/Sao_Paolo`/, suggestion: 'America/Sao_Paulo' },
    ],
    [
      'an offset is no time zone',
      [ZONE, '  timeZone: ¦"-03:00"\n'],
      { path: 'windows.timeZone', says: /write its IANA name/ },
    ],
    [
      'a day in another language',
      [LOW, '    - { days: [¦seg], from: "00:00", to: "06:00" }\n'],
      { path: 'windows.lowTraffic[0].days[0]', says: '"seg" is no day; write days as mon or mon-fri' },
    ],
    [
      'a time without its zero',
      [LOW, '    - { from: ¦9:00, to: "16:00" }\n'],
      { path: 'windows.lowTraffic[0].from', says: '"9:00" is not a time of day; write for example "09:00"' },
    ],
    [
      'a time as a number',
      [LOW, '    - { from: ¦9, to: "16:00" }\n'],
      { path: 'windows.lowTraffic[0].from', says: 'A time is expected; write for example "09:00"' },
    ],
    [
      'a window that begins at the end of the day',
      [LOW, '    - { from: ¦"24:00", to: "06:00" }\n'],
      { path: 'windows.lowTraffic[0].from', says: /not a time of day/ },
    ],
    [
      'a window without length',
      [LOW, '    - { from: "06:00", to: ¦"06:00" }\n'],
      { path: 'windows.lowTraffic[0].to', says: /write "00:00" to "24:00" for the whole day/ },
    ],
    [
      'a date that there is not',
      [ZONE, `${ZONE}  freeze: [{ title: x, from: ¦"2026-02-31 00:00", to: "2026-03-02 00:00" }]\n`],
      { path: 'windows.freeze[0].from', says: '"2026-02-31 00:00" is not a date and time' },
    ],
    [
      'a date without a time',
      [ZONE, `${ZONE}  freeze: [{ title: x, from: "2026-02-01 00:00", to: ¦2026-03-02 }]\n`],
      { path: 'windows.freeze[0].to', says: /write for example "2026-12-20 18:00"/ },
    ],
    [
      'a freeze that ends before it begins',
      [ZONE, `${ZONE}  freeze: [{ title: x, from: "2026-03-02 00:00", to: ¦"2026-03-01 00:00" }]\n`],
      { path: 'windows.freeze[0].to', says: 'Ends before it begins' },
    ],
    [
      'nobody may override',
      ['  overrideBy: [tech-lead, devops]\n', '  overrideBy: ¦[]\n'],
      { path: 'windows.overrideBy', says: 'Nobody may override a window' },
    ],
    [
      'a role that there is not',
      ['  overrideBy: [tech-lead, devops]\n', '  overrideBy: [¦tech-leed]\n'],
      { path: 'windows.overrideBy[0]', says: 'There is no role `tech-leed`', suggestion: 'tech-lead' },
    ],
    [
      'an impact that the last watch does not look at',
      ['impact: [error-rate-24h, latency-p95-24h]', 'impact: [¦error-rate-1h]'],
      {
        path: 'production.loadTest.impact[0]',
        says: 'The last watch does not hold production against `error-rate-1h`',
      },
    ],
    [
      'a misspelt impact',
      ['impact: [error-rate-24h, latency-p95-24h]', 'impact: [¦eror-rate-24h]'],
      { path: 'production.loadTest.impact[0]', says: 'There is no criterion', suggestion: 'error-rate-24h' },
    ],
    [
      'a time-out that makes requests which are given up look fast',
      ['  timeout: 30s\n  limits: { successRate', '  timeout: ¦4s\n  limits: { successRate'],
      { path: 'load.timeout', says: /a request that is given up would pass as a fast one/ },
    ],
  ];
  test.each(cases)('%s', (_, edit, expected) => expectOneProblem([edit], expected));
});

test('the criteria of the impact are those of the last watch that gate, when the plan names none', () => {
  const text = replaceOnce(shippedText, ['\n    impact: [error-rate-24h, latency-p95-24h]', '']);
  const on = replaceOnce(text, ['  loadTest:\n    enabled: false', '  loadTest:\n    enabled: true']);
  const { resolved } = loadPlan(write('plan.yaml', on));
  const last = resolved.watches.at(-1)?.criteria ?? [];
  expect(resolved.production.loadTest?.impact).toEqual(
    last.filter(({ tier }) => tier !== 'consider').map(({ id }) => id),
  );
});

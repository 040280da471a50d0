import pc from 'picocolors';
import { expect, test } from 'vitest';
import { doraText } from '../../../src/client/rendering/dora.js';
import type { DoraMetrics } from '../../../src/domain/deployments/dora.js';
import { doraCsv } from '../../../src/domain/deployments/dora-csv.js';

const HOUR = 3_600_000;
const period = { from: Date.UTC(2025, 10, 1), to: Date.UTC(2025, 10, 15) };
const colors = pc.createColors(false);
const shop: DoraMetrics = {
  frequency: { value: 1, of: 2, without: 0 },
  leadTime: { value: null, of: 0, without: 2 },
  failureRate: { value: 0.5, of: 2, without: 0 },
  timeToRestore: { value: HOUR / 2, of: 1, without: 0 },
};
const cut: DoraMetrics = {
  frequency: { value: null, of: 0, without: 1 },
  leadTime: { value: null, of: 0, without: 1 },
  failureRate: { value: null, of: 0, without: 1 },
  timeToRestore: { value: null, of: 0, without: 1 },
};

test('the table says what is not known, and of how many; what there is none of is a dash', () => {
  const well = { ...shop, timeToRestore: { value: null, of: 0, without: 0 } };
  const text = doraText(
    new Map([
      ['cut', cut],
      ['shop', shop],
    ]),
    well,
    { colors, period, hasCommits: false },
  );
  expect(text.split('\n').slice(2)).toEqual([
    'service  deployments     a week          lead time       failed          time to restore',
    'cut      unknown (of 1)  unknown (of 1)  unknown (of 1)  unknown (of 1)  unknown (of 1)',
    'shop     2               1               unknown (of 2)  50 %            30 min',
    'all      2               1               unknown (of 2)  50 %            –',
    '',
    'The lead time is not known: --repository FOLDER says when commits were made.',
  ]);
});

test('in comma-separated values what is not known is empty, which is not zero', () => {
  const [head, ...rows] = doraCsv(
    new Map([
      ['cut, "off"', cut],
      ['shop', shop],
    ]),
    period,
  ).split('\r\n');
  expect(head).toBe(
    'service,from,to,deployments,deployments_not_known,deployments_per_week,lead_time_seconds,lead_time_not_known,change_failure_rate,time_to_restore_seconds,time_to_restore_not_known',
  );
  expect(rows).toEqual([
    '"cut, ""off""",2025-11-01T00:00:00.000Z,2025-11-15T00:00:00.000Z,,1,,,1,,,1',
    'shop,2025-11-01T00:00:00.000Z,2025-11-15T00:00:00.000Z,2,0,1,,2,0.5,1800,0',
  ]);
});

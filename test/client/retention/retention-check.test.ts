/** Temporal forgets: the doctor asks for long enough a memory, and says so where it cannot be asked. */
import type { Connection } from '@temporalio/client';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeRetention, retentionCheck } from '../../../src/client/retention/retention-check.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED } from '../../plan/plan-files.js';

const DAY = 86_400_000;
const temporal = workflowServer();

test('a namespace that forgets after a day is worth a line, with what to type', async () => {
  const connected = { connection: temporal.client.connection as Connection, namespace: 'default' };
  expect(await retentionCheck(connected, loadWhole(SHIPPED))).toEqual({
    name: 'retention',
    ok: true,
    note: true,
    text: expect.stringMatching(
      /^namespace default keeps what has ended for 1 d, and should for 3\d d: as long as the plan takes, and 30 d/,
    ),
    advice: expect.stringMatching(/^temporal operator namespace update --namespace default --retention \d+h$/),
  });
  const other = await retentionCheck({ ...connected, namespace: 'nobodys' }, loadWhole(SHIPPED));
  expect(other).toMatchObject({
    note: true,
    text: expect.stringMatching(/ is unknown \(.*nobodys.*\); it should be /),
  });
});

test('whatever is too short is said, what is long enough is not, and the advice is always long enough', () => {
  const milliseconds = fc.integer({ min: 0, max: 400 * DAY });
  fc.assert(
    fc.property(milliseconds, milliseconds, (kept, length) => {
      const { note, advice } = judgeRetention({ kept }, { length, namespace: 'default' });
      expect(note === true).toBe(kept < length + 30 * DAY);
      const hours = Number(/(\d+)h$/.exec(advice ?? '')?.[1] ?? 0);
      if (note) expect(hours * 3_600_000).toBeGreaterThanOrEqual(length + 30 * DAY);
      const typed = judgeRetention({ kept: hours * 3_600_000 }, { length, namespace: 'default' });
      if (note) expect(typed.note).toBeUndefined();
    }),
  );
});

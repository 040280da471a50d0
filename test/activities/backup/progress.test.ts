import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bytesDumped, ToolProgress, tablesIn, tablesRestored } from '../../../src/activities/backup/progress.js';
import { entriesOf } from '../../../src/adapters/backup/dump-contents.js';
import { temporaryFolder } from '../support.js';

const entries = entriesOf(
  ['1; 0 1 TABLE DATA public a x', '2; 0 2 TABLE DATA public b x', '3; 1259 1 INDEX public i x'].join('\n'),
);

test('a restore tells how many of its tables it has come to, however its words arrive', () => {
  const log = join(temporaryFolder(), 'stderr.log');
  const progress = new ToolProgress();
  progress.at(tablesRestored(log, tablesIn({ entries })));
  // It has not begun.
  expect(progress.text()).toBeUndefined();
  writeFileSync(log, 'pg_restore: creating TABLE "public.a"\npg_restore: processing data for ta');
  expect(progress.text()).toBe('0 of 2 tables restored or begun');
  appendFileSync(log, 'ble "public.é"\npg_restore: processing data for table "public.b"');
  expect(progress.text()).toBe('1 of 2 tables restored or begun');
  appendFileSync(log, '\npg_restore: creating INDEX "public.i"\n');
  expect([progress.text(), progress.text()]).toEqual(Array(2).fill('2 of 2 tables restored or begun'));
});

test('a dump tells its bytes, and nothing once its file is elsewhere', () => {
  const file = join(temporaryFolder(), 'dump');
  const progress = new ToolProgress();
  progress.at(bytesDumped(file));
  expect(progress.text()).toBeUndefined();
  writeFileSync(file, 'four');
  expect(progress.text()).toBe('4 bytes dumped');
});

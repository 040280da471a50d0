import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { examine } from '../../src/doctor/doctor.js';
import { loadPlan } from '../../src/plan/load.js';
import { json, serve } from '../helpers/server.js';
import { planWithBackup } from '../plan/backup/commands-plan.js';
import { replaceOnce } from '../plan/plan-files.js';

/** What the doctor says of a backup whose scripts print this. */
async function found({ count = 'echo orders 7', without = '' }: { count?: string; without?: string } = {}) {
  const file = planWithBackup((text) =>
    without === '' ? text : text.replace(new RegExp(`^  ${without}: .*\n`, 'm'), ''),
  );
  // One that is away is waited for.
  const { url } = await serve((_, response) => json(response, { status: 'ok', version: 'v1.9.0' }));
  writeFileSync(file, replaceOnce(readFileSync(file, 'utf8'), ['https://greeter.example.com', url]));
  const folder = dirname(file);
  mkdirSync(join(folder, 'bin'));
  const scripts = { 'backup.sh': 'exit 1', 'restore.sh': 'exit 1', 'count-rows.sh': count };
  for (const [name, text] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const plan = loadPlan(file).resolved;
  const { checks } = await examine({ plan, at: Date.now() }, { signal: new AbortController().signal });
  return checks
    .filter(({ id }) => id.startsWith('production.backup/'))
    .map(
      ({ id, ok, text, note }) =>
        `${ok ? (note ? 'note' : 'ok') : 'not ok'} ${id.slice('production.backup/'.length)}: ${text}`,
    );
}

test('the query of a backup by commands is asked, its scripts are looked for, and its store is tried', async () => {
  const lines = await found();
  expect(lines).toEqual(
    expect.arrayContaining([
      'ok production-backup-query: production: ./count-rows.sh production answers in one line',
      'ok production-program:./backup.sh: production: ./backup.sh is there on this machine',
      // No script of the test's.
      'not ok production-program:./drop.sh: production: ./drop.sh is not found on this machine',
      expect.stringMatching(/^ok store: /),
    ]),
  );
  expect(lines.filter((line) => /scratch-server|pg-dump|space/.test(line))).toEqual([]);
});

test.each([
  ['prints nothing', 'true', 'not ok production-backup-query: production: ./count-rows.sh production printed nothing'],
  [
    'fails',
    'echo who are you >&2; exit 4',
    'not ok production-backup-query: production: ./count-rows.sh production ended with exit code 4: who are you',
  ],
])('a query that %s is found before a deployment meets it', async (_, count, says) => {
  expect(await found({ count })).toContain(says);
});

test('a plan without a last resort is told', async () => {
  expect(await found({ without: 'restore' })).toContain(
    'note restore: the plan has no `backup.restore`: where a rollback fails, people are not offered the backup',
  );
});

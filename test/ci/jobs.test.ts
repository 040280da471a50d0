/** The scripts of `ci/` with a command in Surefoot's place: what it is told, and what becomes of what it says. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type JobKind, PUSHED_BY, runJob } from './jobs.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'surefoot-jobs-'));
  const words = `printf '%s\\0' "$@" > words; printf %s "$SAYS"; exit "$ENDS_WITH"`;
  writeFileSync(join(folder, 'command'), words);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;

interface Command {
  /** Its exit code. */
  ends?: number;
  /** What it writes. */
  says?: string;
}

async function run(
  kind: JobKind,
  { inputs, shell }: { inputs: Record<string, string>; shell: 'bash' | 'sh' },
  { ends = 0, says = '{"deploymentId":"shop-1"}' }: Command = {},
) {
  const own = join(folder, `job-${++count}`);
  const said = { plan: 'plan.yaml', surefoot: `sh ${join(folder, 'command')}`, ...inputs };
  const variables = { SAYS: says, ENDS_WITH: String(ends) };
  const { code, deployment, left } = await runJob(kind, { inputs: said, variables, folder: own, shell });
  return { code, deployment, left, words: readFileSync(join(own, 'words'), 'utf8').split('\0').slice(0, -1) };
}

describe.each<[JobKind, 'bash' | 'sh']>([
  ['github', 'bash'],
  ['gitlab', 'bash'],
  ['gitlab', 'sh'],
])('a job of %s, run by %s', (kind, shell) => {
  const runs = (inputs: Record<string, string>, command?: Command) => run(kind, { inputs, shell }, command);

  test('starts the plan in the name of who has pushed, where no more is said', async () => {
    const { words, deployment } = await runs({});
    expect(words).toEqual(['start', 'plan.yaml', '--as', PUSHED_BY, '--json']);
    expect(deployment).toBe('shop-1');
  });

  test('hands on what was said, each as one word, whatever characters are in it', async () => {
    const hostile = '$(exit 9); `exit 9` "\' $HOME *';
    const names = ['target', 'branch', 'previous', 'revision', 'bindings', 'until', 'timeout'];
    const said = Object.fromEntries(names.map((name) => [name, `${name} ${hostile}`]));
    const { words, code } = await runs({ plan: hostile, as: hostile, ...said });
    expect(code).toBe(0);
    const options = names.flatMap((name) => [`--${name}`, said[name]]);
    expect(words).toEqual(['start', hostile, '--as', hostile, '--json', ...options]);
  });

  test.each([
    ['ended badly', 1],
    ['was no plan', 2],
    ['could not reach a service', 3],
  ])('fails with a deployment that %s', async (_, ends) => {
    expect(await runs({}, { ends })).toMatchObject({ code: ends, deployment: 'shop-1' });
  });

  test('fails no job for what is still on its way, and says so', async () => {
    const { code, left } = await runs({}, { ends: 4 });
    // GitLab has an exit code that is a warning; GitHub knows none: there it is an output.
    expect(code).toBe(kind === 'github' ? 0 : 4);
    if (kind === 'github') expect(left).toContain('on-its-way=true\n');
  });

  test.each([
    ['nothing', ''],
    ['no JSON', 'Killed'],
    ['another document', '{"ok":false,"problems":[]}'],
  ])('has no ID where the command has said %s', async (_, says) => {
    expect(await runs({}, { ends: 2, says })).toMatchObject({ code: 2, deployment: '' });
  });
});

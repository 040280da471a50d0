import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatProblems } from '../../src/plan/core/problems.js';
import { loadPlan } from '../../src/plan/load.js';
import { problemsOf, SHIPPED, shippedText, unmark, write } from './plan-files.js';

describe('files that are no plan', () => {
  const problems = (file: string) => problemsOf(() => loadPlan(file));

  test('a missing file is told with the one that was probably meant', () => {
    expect(problems('plans/eduautismo-performence.yaml')).toEqual([
      {
        file: 'plans/eduautismo-performence.yaml',
        path: '',
        line: 1,
        column: 1,
        message: 'There is no such file',
        suggestion: SHIPPED,
      },
    ]);
    expect(problems('/nowhere/at/all.yaml')).toMatchObject([{ message: 'There is no such file' }]);
  });

  test('a folder is not a plan', () => {
    expect(problems(mkdtempSync(join(tmpdir(), 'surefoot-')))).toMatchObject([
      { message: 'Is a folder; name the plan file in it' },
    ]);
  });

  test.each([
    ['an empty file', '', 'The file is empty'],
    ['a file of comments', '# nothing\n', 'The file is empty'],
    ['a list', '- a\n- b\n', 'not a map'],
    ['a text', 'hello', 'not a map'],
  ])('%s is told as such', (_, text, message) => {
    expect(problems(write('plan.yaml', text))).toMatchObject([
      { line: 1, column: 1, message: expect.stringContaining(message) },
    ]);
  });

  test('bytes that are no text are refused', () => {
    const file = write('plan.yaml', Buffer.from([0xff, 0xfe, 0x00, 0x41]) as unknown as string);
    expect(problems(file)).toMatchObject([{ message: 'Is not a text file in UTF-8' }]);
  });

  test.each([
    ['a tab as indentation', 'surefoot: 1\nhosts:\n¦\ta: b\n', '', 'A tab is used'],
    ['a key written twice', 'surefoot: 1\nhosts:\n  a: x\n  ¦a: y\n', 'hosts.a', 'written twice'],
    ['an anchor', 'surefoot: 1\nhosts: &h ¦{ a: b }\n', 'hosts', 'Anchors and aliases'],
    ['a second document', 'surefoot: 1\n¦---\nsurefoot: 1\n', '', 'more than one document'],
    ['a tag', 'surefoot: ¦!!python/object 1\n', '', 'Tags'],
  ])('%s is told with its line', (_, marked, path, message) => {
    const { text, place } = unmark(marked);
    const [problem] = problems(write('plan.yaml', text));
    expect(problem?.message).toMatch(message);
    expect(problem?.line).toBe(place?.line);
    if (path !== '') expect(problem).toMatchObject({ path, ...place });
  });

  test('an unclosed bracket is told without the text around it', () => {
    const [problem] = problems(write('plan.yaml', 'surefoot: 1\ncredentials: { a: hunter2\n'));
    expect(problem).toMatchObject({ path: 'credentials.a', line: 3 });
    expect(problem?.message).not.toMatch('hunter2');
  });

  test('Windows line ends and a byte order mark make no difference', () => {
    const file = write('plan.yaml', `\uFEFF${shippedText.replaceAll('\n', '\r\n')}`);
    expect(loadPlan(file).warnings).toEqual([]);
  });
});

describe('bindings', () => {
  const bound = (text: string) => loadPlan(SHIPPED, { bindings: write('bindings.yaml', `surefoot: 1\n${text}`) });

  test('replace hosts, references to credentials and folders', () => {
    const { resolved } = bound(
      'hosts: { staging-api: "http://127.0.0.1:8001/", staging-server: "local:", slack: "" }\n' +
        'credentials: { staging-test: "file:secrets/test" }\nfolders: { scripts: scripts, staging-application: app }\n',
    );
    expect(resolved.environments.staging.api).toBe('http://127.0.0.1:8001');
    expect(resolved.environments.staging.server).toEqual({ kind: 'local' });
    expect(resolved.notifications.channels[0]).toMatchObject({ id: 'deploys', api: '', off: true });
    expect(resolved.soak.metrics[0]?.source).toMatchObject({ url: 'http://127.0.0.1:8001/metrics' });
  });

  test('their relative folders and secret files start from their own folder, the plan’s from the plan’s', () => {
    const file = write(
      'bindings.yaml',
      'surefoot: 1\ncredentials: { staging-test: "file:secret" }\nfolders: { scripts: scripts }\n',
    );
    const { resolved } = loadPlan(SHIPPED, { bindings: file });
    expect(resolved.environments.staging.login).toMatchObject({ password: `file:${join(dirname(file), 'secret')}` });
    expect(resolved.commands.deploy.folder).toBe(join(dirname(file), 'scripts'));
    expect(resolved.evidence).toBe(join(process.cwd(), 'plans/evidence'));
  });

  test('a server is reached with the user, port and host keys that its URL names', () => {
    const file = write(
      'bindings.yaml',
      'surefoot: 1\nhosts: { staging-server: "ssh://deploy@[::1]:2222?known-hosts=keys" }\n',
    );
    expect(loadPlan(SHIPPED, { bindings: file }).resolved.environments.staging.server).toEqual({
      kind: 'ssh',
      host: '::1',
      user: 'deploy',
      port: 2222,
      knownHosts: join(dirname(file), 'keys'),
    });
  });

  test('change nothing of the plan but its machines', () => {
    const strip = (resolved: object) =>
      JSON.stringify(resolved, (key, value: unknown) =>
        [
          'api',
          'url',
          'server',
          'database',
          'folder',
          'repository',
          'evidence',
          'application',
          'tools',
          'scripts',
          'junit',
          'file',
          'password',
          'scratch',
          'secrets',
          'off',
        ].includes(key)
          ? undefined
          : value,
      );
    const { resolved } = bound(
      'hosts: { staging-api: "http://127.0.0.1:1", staging-server: "local:", staging-database: "postgresql://u@127.0.0.1:5/a", slack: "" }\n' +
        'credentials: { production-test: "env:X" }\nfolders: { repository: /r, evidence: /e }\n',
    );
    expect(strip(resolved)).toBe(strip(loadPlan(SHIPPED).resolved));
  });

  test.each([
    ['another section', '¦criteria: {}\n', 'criteria', 'not a known key'],
    [
      'a host that the plan does not have',
      'hosts:\n  ¦staging-apy: http://x\n',
      'hosts.staging-apy',
      'only replace what is there',
    ],
    ['a secret', 'credentials: { staging-test: ¦hunter2 }\n', 'credentials.staging-test', 'env:NAME'],
    ['a host of the wrong kind', 'hosts: { staging-api: ¦"ssh://x" }\n', 'hosts.staging-api', 'begins with "ssh:"'],
    [
      'a password in a URL',
      'hosts: { staging-database: ¦"postgresql://a:b@c/d" }\n',
      'hosts.staging-database',
      'Holds a password',
    ],
    ['an empty host that is needed', 'hosts: { staging-api: ¦"" }\n', 'hosts.staging-api', 'Is empty'],
    ['another plan', 'plan: ¦other.yaml\n', 'plan', 'another plan'],
  ])('can not hold %s', (_, marked, path, message) => {
    const { text, place } = unmark(`surefoot: 1\n${marked}`);
    const file = write('bindings.yaml', text);
    const problems = problemsOf(() => loadPlan(SHIPPED, { bindings: file }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ file, path, ...place, message: expect.stringContaining(message) });
  });

  test('a name with a slip in it is answered with the right one', () => {
    const file = write('bindings.yaml', 'surefoot: 1\nfolders: { evidense: . }\n');
    expect(problemsOf(() => loadPlan(SHIPPED, { bindings: file }))).toMatchObject([{ suggestion: 'evidence' }]);
  });

  test('mistakes of both files are told together, grouped by file', () => {
    const plan = write('plan.yaml', shippedText.replace('within: 300s', 'within: 300'));
    const bindings = write('bindings.yaml', 'surefoot: 1\nfolders: { nowhere: . }\n');
    const problems = problemsOf(() => loadPlan(plan, { bindings }));
    expect(problems.map(({ file }) => file)).toEqual([plan, bindings]);
  });

  test('a plan that is wrong where the bindings replace it is still wrong where it is not replaced', () => {
    const plan = write('plan.yaml', shippedText.replace('ssh://production-server', 'production-server'));
    expect(problemsOf(() => loadPlan(plan))).toMatchObject([{ path: 'hosts.production-server' }]);
    const bindings = write('bindings.yaml', 'surefoot: 1\nhosts: { production-server: "local:" }\n');
    expect(problemsOf(() => loadPlan(plan, { bindings }))).toEqual([]);
  });
});

describe('what is printed', () => {
  test('one line a problem: file, line, column, path, message, suggestion', () => {
    const problem = { file: 'plans/x.yaml', line: 42, column: 7, path: 'criteria.errors.breach' };
    const text = formatProblems([
      {
        ...problem,
        line: 50,
        path: 'criteria.errors.metric',
        message: 'There is no metric `eror`',
        suggestion: 'error',
      },
      { ...problem, message: '"10" has no unit; write for example "> 10 %"' },
    ]);
    expect(text.split('\n')).toEqual([
      'plans/x.yaml:42:7  criteria.errors.breach  "10" has no unit; write for example "> 10 %"',
      'plans/x.yaml:50:7  criteria.errors.metric  There is no metric `eror` (did you mean `error`?)',
    ]);
  });
});

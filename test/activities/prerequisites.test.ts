import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createPrerequisiteActivities } from '../../src/activities/prerequisites.js';
import type { Commands } from '../../src/contract/plan/commands.js';
import type { Database } from '../../src/contract/plan/environment.js';
import type { Review } from '../../src/contract/plan/proofs.js';
import { serveGitHub } from '../helpers/github.js';
import { startTestServer, type TestServer } from './postgres-server.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from './support.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

const KEY = { deployment: 'd', step: 'prerequisites', generation: 1 };
/** These store nothing themselves. */
const EVIDENCE = { store: '/nowhere', deployment: 'd' };
const activities = createPrerequisiteActivities();
const oks = (report: { facts: { name: string; ok: boolean }[] }) =>
  Object.fromEntries(report.facts.map(({ name, ok }) => [name, ok]));

describe('checkRepository', () => {
  async function repository() {
    const folder = temporaryFolder();
    const git = (...words: string[]) =>
      execa('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-C', folder, ...words]);
    await git('init', '--quiet', '--initial-branch', 'main');
    await git('commit', '--quiet', '--allow-empty', '--message', 'first');
    await git('tag', 'v1.2.3');
    await git('checkout', '--quiet', '-b', 'perf/optimize');
    await git('commit', '--quiet', '--allow-empty', '--message', 'second');
    await git('checkout', '--quiet', 'main');
    return { folder, git };
  }
  const check = (release: object, review?: Review, noBranch?: true) => {
    const whole = {
      repository: '',
      branch: 'perf/optimize',
      target: 'main',
      previous: 'v1.2.3',
      files: [],
      ...release,
    };
    return runActivity(() =>
      activities.checkRepository({ key: KEY, evidence: EVIDENCE, release: whole, review, noBranch }),
    );
  };

  test('knows whether the target holds the files that the plan names', async () => {
    const { folder } = await repository();
    writeFileSync(join(folder, 'not-committed.py'), '');
    const report = await check({ repository: folder, files: ['not-committed.py'] });
    expect(report.facts.find(({ name }) => name === 'files')).toMatchObject({
      ok: false,
      text: 'main does not hold not-committed.py',
    });
  });

  test('knows whether the branch is merged', async () => {
    const { folder, git } = await repository();
    expect(oks(await check({ repository: folder }))).toEqual({
      merged: false,
      target: true,
      previous: true,
      files: true,
    });
    await git('merge', '--quiet', '--no-ff', '--message', 'merged', 'perf/optimize');
    const report = await check({ repository: folder });
    expect(oks(report)).toEqual({ merged: true, target: true, previous: true, files: true });
    expect(report.commit).toBe((await git('rev-parse', 'main')).stdout);
  });

  test('a branch is no target where nothing holds the deployment to one commit; a tag and a commit are', async () => {
    const { folder, git } = await repository();
    await git('branch', 'release/5.1');
    await git('tag', 'v2');
    await git('branch', 'v2');
    const { stdout: commit } = await git('rev-parse', 'main');
    const targetOf = async (target: string, noBranch?: true) => {
      const report = await check({ repository: folder, target }, undefined, noBranch);
      expect(report.commit).toBe(commit);
      return report.facts.find(({ name }) => name === 'target');
    };
    // A name that is both is a branch, too.
    for (const name of ['main', 'release/5.1', 'HEAD', 'v2']) {
      expect(await targetOf(name, true)).toMatchObject({
        ok: false,
        text: expect.stringMatching(/a branch.*health\.commit/),
      });
      expect(await targetOf(name)).toMatchObject({ ok: true });
    }
    for (const name of ['v1.2.3', commit, commit.slice(0, 9)])
      expect(await targetOf(name, true)).toMatchObject({ ok: true });
  });

  test('a name that is not there fails its fact, and is never read as an option', async () => {
    const { folder } = await repository();
    const report = await check({ repository: folder, previous: 'v0', branch: '--all' });
    expect(oks(report)).toEqual({ merged: false, target: true, previous: false, files: true });
  });

  test('a branch that was squashed with other changes and deleted is merged when its forge says so', async () => {
    const { folder, git } = await repository();
    const head = (await git('rev-parse', 'perf/optimize')).stdout;
    await git('commit', '--quiet', '--allow-empty', '--message', 'squashed (#7)');
    const merged = (await git('rev-parse', 'main')).stdout;
    const github = await serveGitHub();
    process.env.TEST_GITHUB_TOKEN = github.token;
    const pull = { number: 7, user: { login: 'ana' }, state: 'closed', merged_at: '2025-11-24T20:40:00Z' };
    github.pulls = [{ ...pull, head: { ref: 'perf/optimize', sha: head }, merge_commit_sha: merged }];
    const source = { kind: 'github', api: github.server.url, token: 'env:TEST_GITHUB_TOKEN' } as const;
    const review = { source: { ...source, owner: 'eduautismo', repository: 'backend' }, tests: { passRate: 98 } };
    const mergedFact = async () =>
      (await check({ repository: folder }, review)).facts.find(({ name }) => name === 'merged');
    expect(await mergedFact()).toMatchObject({ ok: true, text: expect.stringContaining('was merged by #7') });
    await git('branch', '--quiet', '-D', 'perf/optimize');
    expect(await mergedFact()).toMatchObject({ ok: true, text: expect.stringContaining('deleted since') });
    github.comparison = 'diverged';
    expect(await mergedFact()).toMatchObject({ ok: false });
    process.env.TEST_GITHUB_TOKEN = 'wrong';
    expect(await mergedFact()).toMatchObject({ ok: false, unknown: true, text: expect.stringContaining('token') });
  });

  test('a folder without a repository says so', async () => {
    const report = await check({ repository: temporaryFolder() });
    expect(oks(report)).toEqual({ merged: false, target: false, previous: false, files: true });
    expect(report.summary).toContain('no readable git repository');
  });
});

describe('checkTools', () => {
  test('finds tools with their versions, scripts and programs', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'scripts'));
    writeFileSync(join(folder, 'scripts/validate.py'), '', { mode: 0o644 });
    writeFileSync(join(folder, 'deploy.sh'), '#!/bin/sh\n', { mode: 0o755 });
    const deploy = commandWith(['./deploy.sh', '{environment}'], { folder });
    const commands: Commands = { deploy, logs: commandWith(['./tail_logs.sh'], { folder }), restartService: deploy };
    const input = {
      key: KEY,
      evidence: EVIDENCE,
      tools: ['git', 'no-such-tool'],
      scripts: ['scripts/validate.py', 'scripts/none.py'],
      commands,
    };
    const report = await runActivity(() => activities.checkTools(input));
    expect(oks(report)).toEqual({
      'tool:git': true,
      'tool:no-such-tool': false,
      'script:validate.py': true,
      'script:none.py': false,
      commands: false,
      tools: false,
    });
    expect(report.facts[0]?.text).toMatch(/git version \d/);
    expect(report.summary).toContain('./tail_logs.sh: not found');
  });
});

describe('checkStaging', () => {
  let server: TestServer;
  let database: Database;
  const api = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const right = (JSON.parse(body) as { password: string }).password === 'right-password';
      response.writeHead(right ? 200 : 401).end(JSON.stringify({ access_token: 'token' }));
    });
  });
  beforeAll(async () => {
    server = await startTestServer();
    database = await server.create('staging');
    await server.query(database, 'create table plans as select generate_series(1, 1000) as id');
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    process.env.SUREFOOT_TEST_RIGHT = 'right-password';
    process.env.SUREFOOT_TEST_WRONG = 'wrong-password';
  });
  afterAll(async () => {
    api.close();
    await server.stop();
  });

  const check = (password: string, rows: number) => {
    const address = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const login = { path: '/login', username: 'test', password };
    const staging = environmentWith({ api: address, database, login });
    const environments = [staging, { ...staging, name: 'production' as const }];
    return runActivity(() =>
      activities.checkStaging({ key: KEY, evidence: EVIDENCE, environments, minimumRows: { table: 'plans', rows } }),
    );
  };

  test('counts rows and tries the logins of both environments', async () => {
    expect(oks(await check('env:SUREFOOT_TEST_RIGHT', 1000))).toEqual({ rows: true, credentials: true });
    expect(oks(await check('env:SUREFOOT_TEST_RIGHT', 1001))).toEqual({ rows: false, credentials: true });
  });

  test('says which login is refused, and which secret is missing', async () => {
    const refused = await check('env:SUREFOOT_TEST_WRONG', 1);
    expect(refused.summary).toMatch(/staging: login to .* refused: 401.*production: login/);
    expect(JSON.stringify(refused)).not.toContain('wrong-password');
    expect((await check('env:SUREFOOT_TEST_NONE', 1)).summary).toContain('SUREFOOT_TEST_NONE is not set');
  });
});

test('a variable that a plan lists for its commands is missed before the first of them is run', async () => {
  vi.stubEnv('SUREFOOT_PAYLOAD_KEYS', 'one=env:TEST_PAYLOAD_KEY');
  vi.stubEnv('TEST_KUBECONFIG', '/etc/kube');
  const check = (...variables: string[]) => {
    const environments = [environmentWith({ database: undefined, login: undefined, variables })];
    return runActivity(() => activities.checkStaging({ key: KEY, evidence: EVIDENCE, environments }));
  };
  expect(await check('TEST_KUBECONFIG')).toMatchObject({
    facts: [{ name: 'credentials', ok: true, text: 'variables of staging: all work' }],
  });
  const { facts } = await check('TEST_KUBECONFIG', 'TEST_NOT_SET', 'TEST_PAYLOAD_KEY');
  const missing = 'TEST_NOT_SET is not set for the worker, TEST_PAYLOAD_KEY is what the worker proves itself by';
  expect(facts).toMatchObject([{ name: 'credentials', ok: false, text: expect.stringContaining(missing) }]);
  vi.unstubAllEnvs();
});

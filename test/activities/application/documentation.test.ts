/** A real browser on a real FastAPI application's Swagger UI. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createBrowserActivities } from '../../../src/activities/application/documentation.js';
import { findBrowser, withPage } from '../../../src/adapters/application/browser.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import type { ApiDocumentation } from '../../../src/contract/plan/application.js';
import type { Environment } from '../../../src/contract/plan/environment.js';
import { environmentAt, evidencePlace, inActivity, key, PASSWORD } from '../../helpers/context.js';
import { deadPort, serve } from '../../helpers/server.js';
import { targetPython } from '../../helpers/target-python.js';

const { checkApiDocumentation } = createBrowserActivities();
const TOKEN = 'not.to.be-seen';
const DOCUMENTATION: ApiDocumentation = {
  path: '/docs',
  endpoint: { method: 'GET', path: '/api/v1/plans/pending-review' },
  parameters: ['priority', 'skip', 'limit'],
  fields: ['items', 'total', 'high_priority'],
  otherwise: ['qa'],
};
const root = fileURLToPath(new URL('../../..', import.meta.url));

async function look(api: string, changes: Partial<ApiDocumentation> = {}, mock = new MockActivityEnvironment()) {
  const evidence = await evidencePlace();
  const documentation = { ...DOCUMENTATION, ...changes };
  const input = { key, evidence, environment: environmentAt(api), documentation };
  const report = await inActivity(() => checkApiDocumentation(input), mock);
  const stored = await Promise.all(report.evidence.map(({ path }) => readFile(evidenceFile(evidence, path))));
  const facts = Object.fromEntries(report.facts.map(({ name, ok, text }) => [name, `${ok ? 'yes' : 'no'}: ${text}`]));
  return { report, facts, stored };
}

describe('the API documentation in a browser', () => {
  let api: string;
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    // Without a browser these tests fail: in CI there is one, and what they are about cannot be had otherwise.
    await findBrowser();
    const { python } = await targetPython();
    const port = await deadPort();
    api = `http://127.0.0.1:${port}`;
    const folder = join(root, 'test/activities/application/documented-api');
    const options = ['-B', '-m', 'uvicorn', 'app:app', '--app-dir', folder, '--port', String(port)];
    const env = { ...process.env, TEST_TOKEN: TOKEN, TEST_LOGIN_PASSWORD: PASSWORD };
    const server = spawn(python, [...options, '--log-level', 'warning'], {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = once(server, 'exit');
    closers.push(() => {
      server.kill();
      return ended;
    });
    await vi.waitFor(async () => expect((await fetch(`${api}/good/docs`)).status).toBe(200), { timeout: 30_000 });
  });
  afterAll(() => Promise.all(closers.map((close) => close())));

  test('all five facts hold for a page in order, and neither token nor names of people are kept', async () => {
    const { report, facts, stored } = await look(`${api}/good`);
    expect(report.browser).toBe(true);
    expect(facts).toEqual({
      loads: 'yes: the page loads without an error in console or network',
      listed: 'yes: GET /api/v1/plans/pending-review is listed',
      parameters: 'yes: priority, skip, limit are documented',
      schema: 'yes: items, total, high_priority, as in the OpenAPI document',
      example: 'yes: "Execute" asked /good/api/v1/plans/pending-review and got 200 OK',
    });
    expect(report.evidence.map(({ path }) => path)).toEqual([
      'staging.check/1/documentation.png',
      'staging.check/1/browser.log',
    ]);
    const [picture, log] = stored;
    expect(picture?.subarray(1, 4).toString()).toBe('PNG');
    expect(log?.toString()).toContain(`GET ${api}/good/openapi.json: 200`);
    for (const hidden of [TOKEN, PASSWORD, 'Ana Souza'])
      expect(JSON.stringify(report) + log?.toString()).not.toContain(hidden);
  });

  test.each(['folded', 'older', 'form', 'late'])('the page %s is read as well', async (variant) => {
    const { report } = await look(`${api}/${variant}`);
    expect(report.facts.filter(({ ok }) => !ok)).toEqual([]);
  });

  test.each([
    ['scriptless', ['loads', 'listed', 'parameters', 'schema', 'example'], 'loads', '/nowhere.js: 404'],
    ['noisy', ['loads'], 'loads', 'console error: something is wrong'],
    ['unlisted', ['listed', 'parameters', 'schema', 'example'], 'listed', 'is not among the 2 endpoints'],
    ['undocumented', ['parameters'], 'parameters', 'not documented: limit'],
    ['schemaless', ['schema'], 'schema', 'not in the schema: items, total, high_priority'],
    ['misdescribed', ['schema'], 'schema', 'shown: id, student_name, priority'],
    ['failing', ['example'], 'example', 'got 500'],
    ['locked', ['example'], 'example', 'got 401'],
    ['untried', ['example'], 'example', 'no "Try it out"'],
  ])('a page that is %s fails exactly what is wrong with it', async (variant, failed, fact, words) => {
    const { report, facts } = await look(`${api}/${variant}`);
    expect(report.facts.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(failed);
    expect(facts[fact]).toContain(words);
  });

  test('a login that is refused fails the example, and says so', async () => {
    const environment = {
      ...environmentAt(`${api}/good`),
      login: { path: '/nowhere', username: 'a', password: 'env:PATH' },
    };
    const evidence = await evidencePlace();
    const report = await inActivity(() =>
      checkApiDocumentation({ key, evidence, environment, documentation: DOCUMENTATION }),
    );
    expect(report.facts.filter(({ ok }) => !ok)).toEqual([
      { name: 'example', ok: false, text: 'login failed: 404 Not Found' },
    ]);
  });

  test('a login without a bearer token fails the example where one is wanted, and says so', async () => {
    const environment: Environment = {
      ...environmentAt(`${api}/good`),
      login: { kind: 'basic', username: 'a', password: 'env:TEST_LOGIN_PASSWORD' },
    };
    const evidence = await evidencePlace();
    const report = await inActivity(() =>
      checkApiDocumentation({ key, evidence, environment, documentation: DOCUMENTATION }),
    );
    expect(report.facts.filter(({ ok }) => !ok)).toEqual([
      { name: 'example', ok: false, text: expect.stringContaining('wants a bearer token, and the `login`') },
    ]);
  });

  test('an application that does not answer is a failed fact', async () => {
    const { facts } = await look(`http://127.0.0.1:${await deadPort()}`);
    expect(facts.loads).toMatch(/^no: .*ERR_CONNECTION_REFUSED/);
    expect(facts.example).toMatch(/^no: not looked at/);
  });

  test('a cancellation closes the browser and ends the work', async () => {
    const server = await serve(() => {});
    const mock = new MockActivityEnvironment();
    const report = look(server.url, {}, mock);
    await vi.waitUntil(() => server.requests.length > 0, { timeout: 20_000 });
    mock.cancel();
    await expect(report).rejects.toThrow(CancelledFailure);
  });
});

test('of a page that talks without end, and is answered what unfolds to 20 MB, so much is kept, and it is said what is not', async () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000, ' '));
  const script =
    'for (let at = 0; at < 3000; at += 1) console.log("x".repeat(10000));' +
    'fetch("/bomb").then((r) => r.text()).then(() => fetch("/small")).then((r) => r.text()).then(() => { document.title = "over"; })';
  const server = await serve((request, response) => {
    if (request.url === '/bomb') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(bomb);
    } else if (request.url === '/small') response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}');
    else response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>x</title><script>${script}</script>`);
  });
  const { answers, text } = await withPage(new AbortController().signal, async (observed) => {
    await observed.page.goto(server.url);
    await observed.page.waitForFunction('document.title === "over"');
    return { answers: await observed.answers.read(), text: observed.log.text((line) => line) };
  });
  expect(answers).toEqual([{ unread: 'it is larger than 16 MB' }, { json: { a: 1 } }]);
  expect(text).toMatch(/\(20\d\d more lines are left out, 0 of them problems\)\n$/);
  expect(text.length).toBeLessThan(1_100_000);
}, 30_000);

test.each([
  [
    'SUREFOOT_BROWSER points nowhere',
    '/nowhere/chromium',
    'SUREFOOT_BROWSER is /nowhere/chromium, which cannot be run',
  ],
  ['the browser does not start', '/bin/false', '/bin/false does not start'],
])('people are asked when %s', async (_, program, words) => {
  vi.stubEnv('SUREFOOT_BROWSER', program);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { report } = await look('http://127.0.0.1:1');
  expect(report.browser).toBe(false);
  expect(report.summary).toContain(words);
  expect(report.facts.map(({ name, ok }) => [name, ok])).toEqual([
    ['loads', false],
    ['listed', false],
    ['parameters', false],
    ['schema', false],
    ['example', false],
  ]);
});

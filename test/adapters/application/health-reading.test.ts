/** Applications that say how they are in words of their own, and what is made of it. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ANSWERS,
  agreed,
  askHealth,
  askInstances,
  isDown,
  startsOf,
} from '../../../src/adapters/application/health.js';
import { healthPlace } from '../../../src/adapters/application/health-reading.js';
import { NoAnswer } from '../../../src/adapters/http/http.js';
import type { HealthReading } from '../../../src/contract/plan/application.js';
import type { Command } from '../../../src/contract/plan/commands.js';
import { temporaryFolder } from '../../activities/support.js';
import { environmentAt } from '../../helpers/context.js';
import { deadPort, type Handler, serve } from '../../helpers/server.js';

/** What is seen of an application: whether it is up, its version, and when it started. */
async function seen(url: string, health: HealthReading) {
  const answers = await askInstances(healthPlace({ ...environmentAt(url), health }, '/healthz'), { timeout: 2_000 });
  const [first] = answers;
  const up = first instanceof NoAnswer ? first.message : first?.status === 200 ? 'up' : (first?.statusText ?? '');
  return { up, version: agreed(answers, 'version'), starts: startsOf(answers) };
}

const answering =
  (body: string, headers: Record<string, string> = {}, status = 200): Handler =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);

function script(text: string): Command {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'say'), `#!/bin/sh\n${text}\n`);
  chmodSync(join(folder, 'say'), 0o700);
  return { run: ['./say'], on: 'worker', folder, timeout: 2_000 };
}

describe('an answer over HTTP', () => {
  test.each<[string, Handler, HealthReading, string]>([
    ['in fields of its own', answering('{"app":{"rev":"v2"}}'), { version: { field: 'app.rev' } }, 'v2'],
    ['in a header', answering('ok', { 'X-Version': 'v2' }), { version: { header: 'X-Version' } }, 'v2'],
    ['in a text', answering('orders v2 (build 7)\n'), { version: { text: 'orders (\\S+)' } }, 'v2'],
    ['with another status', answering('', { 'x-v': 'v2' }, 204), { status: 204, version: { header: 'x-v' } }, 'v2'],
    ['a number', answering('{"version":42}'), { status: 200 }, '42'],
  ])('tells the version %s', async (_, handle, reading, version) => {
    const { url } = await serve(handle);
    expect(await seen(url, reading)).toMatchObject({ up: 'up', version: { value: version } });
  });

  test('tells the version by a command, which is asked once for all instances', async () => {
    const { url, requests } = await serve(answering('fine'));
    const command = script('echo asked >> count; echo v2');
    expect(await seen(url, { version: { command } })).toMatchObject({ up: 'up', version: { value: 'v2' } });
    expect(readFileSync(join(command.folder, 'count'), 'utf8')).toBe('asked\n');
    expect(requests).toHaveLength(ANSWERS);
  });

  test('tells what each instance says, also where a command tells the rest', async () => {
    let asked = 0;
    const { url } = await serve((_, response) => {
      asked += 1;
      response.end(`{"version":"v${asked % 2}"}`);
    });
    const { version, starts } = await seen(url, { startedAt: { command: script('echo 10:00') } });
    expect(version).toEqual({ unknown: expect.stringContaining('in 5 of 10 answers') });
    expect(starts).toEqual(['10:00']);
  });

  test('tells when it started in a field of its own', async () => {
    const { url } = await serve(answering('{"version":"v2","since":"10:00"}'));
    expect(await seen(url, { startedAt: { field: 'since' } })).toMatchObject({ starts: ['10:00'] });
  });

  test.each<[string, Handler, HealthReading, string]>([
    [
      'a field says otherwise',
      answering('{"status":"degraded"}'),
      { expect: { field: 'status', is: 'ok' } },
      '200 OK with status degraded instead of ok',
    ],
    ['the field is missing', answering('{}'), { expect: { field: 'status', is: 'ok' } }, '200 OK without status'],
    [
      'a header says otherwise',
      answering('', { 'x-state': 'down' }),
      { expect: { header: 'X-State', is: 'up' } },
      '200 OK with X-State down instead of up',
    ],
    ['the text is another', answering('Sorry'), { expect: { text: '^OK' } }, '200 OK without "^OK"'],
    ['the status is 200 and another is expected', answering('ok'), { status: 204 }, '200 OK instead of 204'],
    ['it is an error', answering('', {}, 500), { expect: { text: 'OK' } }, '500 Internal Server Error'],
  ])('is not up where %s', async (_, handle, reading, up) => {
    const { url } = await serve(handle);
    expect(await seen(url, reading)).toMatchObject({ up });
  });

  test.each<[string, HealthReading['version'], string]>([
    ['the field is not there', { field: 'rev' }, 'no rev in the answer'],
    ['the header is not there', { header: 'X-Version' }, 'no header X-Version in the answer'],
    ['the text does not match', { text: 'version (\\d+)' }, 'no "version (\\d+)" in the answer'],
  ])('with a version that is not told, since %s, is up, and its version unknown', async (_, version, unknown) => {
    // What it says elsewhere is not what the plan relies on.
    const { url } = await serve(answering('{"version":"v1"}'));
    const { up, version: found } = await seen(url, version ? { version } : {});
    expect(up).toBe('up');
    expect(found).toEqual({ unknown: expect.stringContaining(unknown) });
  });

  test.each([
    ['fails', 'echo v1; exit 2', 'the command for it ended with exit code 2'],
    ['prints nothing', 'true', 'the command for it prints no single line'],
    ['prints more than a line', 'echo v1; echo v2', 'the command for it prints no single line'],
  ])('whose version comes from a command that %s has none that is known', async (_, text, unknown) => {
    const { url } = await serve(answering('fine'));
    expect((await seen(url, { version: { command: script(text) } })).version).toEqual({ unknown });
  });
});

test('a page in place of the answer, as a proxy’s, is neither up nor down', async () => {
  const { url } = await serve(answering('<html>Sign in</html>', { 'content-type': 'text/html' }));
  const place = healthPlace({ ...environmentAt(url), health: { expect: { field: 'status', is: 'ok' } } }, '/');
  const [first] = await askInstances(place, { timeout: 2_000 });
  expect(first).toMatchObject({ message: '200 OK without status' });
  expect(first && isDown(first)).toBe(false);
});

describe('without HTTP', () => {
  const version = () => ({ command: script('echo v2') });

  test('a port that takes connections is up, one that refuses is not', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const api = 'http://127.0.0.1:1';
    expect(await seen(api, { by: { port }, version: version() })).toMatchObject({ up: 'up', version: { value: 'v2' } });
    const dead = await deadPort();
    expect(await seen(api, { by: { port: dead }, version: version() })).toMatchObject({
      up: `port ${dead}: connection refused`,
      version: { unknown: `port ${dead}: connection refused` },
    });
  });

  test.each([
    ['ends with 0', 'exit 0', 'up'],
    ['ends otherwise', 'exit 7', './say ended with exit code 7'],
    ['hangs', 'exec sleep 60', './say took longer than 2 s and was killed'],
  ])('a command that %s', async (_, text, up) => {
    expect(await seen('http://127.0.0.1:1', { by: { command: script(text) }, version: version() })).toMatchObject({
      up,
    });
  });

  test.each<[string, string | undefined, boolean]>([
    ['ends otherwise', 'exit 7', true],
    ['hangs', 'exec sleep 60', true],
    ['is not there', undefined, false],
    ['does not find its own program', 'no-such-program', false],
    ['is killed', 'kill -9 $$', false],
  ])('whether the application is down is told by how a command ends: one that %s', async (_, text, down) => {
    const command: Command = text === undefined ? { ...script(''), run: ['./other'] } : script(text);
    const place = healthPlace({ ...environmentAt('http://127.0.0.1:1'), health: { by: { command } } }, '');
    const health = await askHealth(place, 500);
    expect(health).toBeInstanceOf(NoAnswer);
    expect(isDown(health)).toBe(down);
  });

  test('a command that takes longer than the plan gives it is told with that time', async () => {
    const command = { ...script('exec sleep 60'), timeout: 100 };
    const place = healthPlace({ ...environmentAt('http://127.0.0.1:1'), health: { by: { command } } }, '');
    expect(await askHealth(place, 5_000)).toMatchObject({ message: './say took longer than 100 ms and was killed' });
  });

  test('a look that is cancelled says nothing of a port', async () => {
    const health: HealthReading = { by: { port: await deadPort() }, version: version() };
    const place = healthPlace({ ...environmentAt('http://127.0.0.1:1'), health }, '');
    await expect(askHealth(place, 2_000, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});

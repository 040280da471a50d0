/** Requests, criteria and commands as checks of the team's own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { createOwnCheckActivities } from '../../../src/activities/own-checks/own-checks.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import { MetricReaders } from '../../../src/adapters/metrics/metric-sources.js';
import type { EndpointCheck } from '../../../src/contract/plan/application.js';
import type { MetricSource } from '../../../src/contract/plan/metrics.js';
import type { CommandExpectation } from '../../../src/contract/plan/own-checks.js';
import { environmentAt, evidencePlace, inActivity } from '../../helpers/context.js';
import { criterionWith } from '../../helpers/criteria.js';
import { deadPort, json, serve } from '../../helpers/server.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../support.js';

vi.setConfig({ testTimeout: 30_000 });

const key = { deployment: 'd', step: 'invoices', generation: 1 };

describe('a request', () => {
  const { checkRequest } = createOwnCheckActivities();
  const request: EndpointCheck = {
    ...{ id: 'invoices', title: 'Invoices are listed', method: 'GET', path: '/invoices', query: {} },
    ...{ login: false, status: 200, structure: { 'items[].id': 'integer' } },
  };
  const ask = async (url: string, timeout = 5_000) => {
    const asked = { key, evidence: await evidencePlace(), environment: environmentAt(url), timeout };
    return inActivity(() => checkRequest({ ...asked, asks: { kind: 'http', request } }));
  };

  test('establishes what the smoke test would, under names of its own', async () => {
    const server = await serve((_, response) => json(response, { items: [{ id: 1 }] }));
    expect((await ask(server.url)).facts).toMatchObject([
      { name: 'status', ok: true, text: 'Invoices are listed: 200 OK' },
      { name: 'structure', ok: true },
    ]);
    server.handle = (_, response) => json(response, { items: [{ id: 'one' }] });
    expect((await ask(server.url)).facts).toMatchObject([{ ok: true }, { name: 'structure', ok: false }]);
    await server.stop();
    expect((await ask(server.url)).facts).toMatchObject([{ name: 'status', ok: false }, { unknown: true }]);
  });

  test('that is not answered within its time is unknown', async () => {
    const server = await serve(() => undefined);
    const { facts } = await ask(server.url, 300);
    const text = 'Invoices are listed: not known within 300 ms';
    expect(facts).toEqual([
      { name: 'status', ok: false, unknown: true, text },
      { name: 'structure', ok: false, unknown: true, text },
    ]);
  });
});

describe('a criterion', () => {
  const criterion = criterionWith({
    ...{
      id: 'few-errors',
      title: 'Few errors',
      metric: 'errors',
      unit: '%',
      breach: { comparison: '>', threshold: 5 },
    },
    // What silence means to a watch: here it is none.
    ...{ notANumber: 'healthy', noData: 'healthy', providerError: 'healthy', minimumSamples: 1 },
  });

  async function look(source: MetricSource, timeout = 5_000) {
    const readers = new MetricReaders({ answer: 500, whole: 1_000, pause: 10 });
    onTestFinished(() => readers.close());
    const { checkMetric } = createOwnCheckActivities(readers);
    const metric = { name: 'errors', title: 'Errors', unit: '%', source };
    const evidence = await evidencePlace();
    const asked = { key, evidence, environment: environmentWith(), timeout, clock: 'real' as const };
    const report = await inActivity(() => checkMetric({ ...asked, asks: { kind: 'metric', metric, criterion } }));
    const kept = JSON.parse(await readFile(evidenceFile(evidence, report.evidence[0]?.path ?? ''), 'utf8'));
    return { fact: report.facts[0], kept };
  }
  const scraped = (url: string, window = 60_000): MetricSource => ({
    ...{ kind: 'scrape', url: `${url}/metrics`, window },
    read: { ratio: { of: { name: 'requests_total', labels: { status: '500' } }, to: { name: 'requests_total' } } },
  });
  const gauge = (url: string): MetricSource => ({
    ...{ kind: 'scrape', url: `${url}/metrics`, window: 60_000 },
    read: { gauge: { name: 'errors' } },
  });

  test('holds by one value, and fails by one', async () => {
    const server = await serve((_, response) => void response.end('errors 5\n'));
    const good = await look(gauge(server.url));
    expect(good.fact).toEqual({ name: 'few-errors', ok: true, text: 'Few errors: 5 % (breach: > 5 %)' });
    expect(good.kept.sample).toMatchObject({ kind: 'ok', value: 5 });
    server.handle = (_, response) => void response.end('errors 5.5\n');
    expect((await look(gauge(server.url))).fact).toMatchObject({
      ok: false,
      text: 'Few errors: 5.5 % (breach: > 5 %)',
    });
  });

  test('over a rate is looked at twice, as far apart as the window of its metric', async () => {
    let looks = 0;
    const server = await serve((_, response) => {
      looks += 1;
      response.end(`requests_total{status="200"} ${looks * 90}\nrequests_total{status="500"} ${looks * 10}\n`);
    });
    const { fact } = await look(scraped(server.url, 1_100));
    expect([looks, fact]).toMatchObject([2, { ok: false, text: 'Few errors: 10 % (breach: > 5 %)' }]);
    expect(fact?.unknown).toBeUndefined();
  });

  test('is unknown without a value, whatever silence means to a watch', async () => {
    const quiet = await serve((_, response) => void response.end('requests_total{status="200"} 7\n'));
    expect((await look(scraped(quiet.url, 1_100))).fact).toMatchObject({ ok: false, unknown: true });
    const other = await serve((_, response) => void response.end('others 1\n'));
    expect((await look(gauge(other.url), 500)).fact).toMatchObject({ ok: false, unknown: true });
  });

  test('is asked again while there is time where its source cannot be, and is unknown then', async () => {
    let looks = 0;
    const server = await serve((_, response) => {
      looks += 1;
      if (looks === 1) response.writeHead(500).end();
      else response.end('errors 0\n');
    });
    expect((await look(gauge(server.url))).fact).toMatchObject({ ok: true });
    const dead = `http://127.0.0.1:${await deadPort()}`;
    expect((await look(gauge(dead), 500)).fact).toMatchObject({
      ok: false,
      unknown: true,
      text: expect.stringMatching(/^Few errors: not known: .+ \(breach: > 5 %\)$/),
    });
  });
});

describe('a command', () => {
  const SECRET = 'geheim/4711';
  process.env.SUREFOOT_TEST_PASSWORD = SECRET;

  async function run(script: string, expected: Partial<CommandExpectation> = {}, timeout = 20_000) {
    const state = temporaryFolder();
    const { checkCommand } = createCommandActivities({ state });
    const evidence = { store: join(state, 'evidence'), deployment: 'd' };
    const command = commandWith(['sh', '-c', script, 'sh', '{environment}', '{version}'], { folder: state, timeout });
    const input = { key, evidence, environment: environmentWith(), command, values: { version: 'v5.1.0' } };
    return runActivity(() => checkCommand({ ...input, expect: { exitCodes: [0], ...expected } }));
  }
  const field = (path: string, operand: string): Partial<CommandExpectation> => ({
    field: { path, value: { comparison: '=', operand } },
  });

  test('holds by its exit code, or one of several, and fails by another', async () => {
    expect((await run('exit 0')).facts).toMatchObject([{ name: 'ran', ok: true }]);
    expect((await run('exit 3', { exitCodes: [0, 3] })).facts).toMatchObject([{ name: 'ran', ok: true }]);
    const bad = await run('echo no room left >&2; exit 4', { exitCodes: [0, 3] });
    expect(bad.facts).toMatchObject([
      { name: 'ran', ok: false, text: expect.stringMatching(/exit code 4.*no room left/s) },
    ]);
    expect(bad.facts[0]?.unknown).toBeUndefined();
    const good = await run('exit 0', { exitCodes: [3] });
    expect(good.facts).toMatchObject([{ ok: false, text: expect.stringContaining('exit code 0 instead of 3') }]);
  });

  test('holds by a field of the JSON that it prints', async () => {
    const said = `echo '{ "queue": { "length": 0 }, "of": "'$1 $2'" }'`;
    expect((await run(said, field('queue.length', '0'))).facts).toEqual([
      expect.objectContaining({ name: 'ran', ok: true }),
      { name: 'field', ok: true, text: 'queue.length is 0, must be = 0' },
    ]);
    expect((await run(said, field('of', 'staging v5.1.0'))).facts[1]).toMatchObject({ ok: true });
    expect((await run(said, field('queue.length', '1'))).facts[1]).toMatchObject({ ok: false });
  });

  test.each([
    ['nothing', 'true', 'printed nothing'],
    ['no JSON', 'echo ready', 'no JSON'],
    ['half of it', `printf '{ "queue": { "length": 0 }'`, 'no JSON'],
    ['another field', `echo '{ "queues": 0 }'`, 'not there'],
    ['null', `echo '{ "queue": { "length": null } }'`, 'null'],
    ['a list', `echo '{ "queue": { "length": [0] } }'`, 'no single value'],
  ])('that prints %s leaves the field unknown', async (_, script, why) => {
    const [ran, read] = (await run(script, field('queue.length', '0'))).facts;
    expect(ran).toMatchObject({ ok: true });
    expect(read).toMatchObject({ name: 'field', ok: false, unknown: true, text: expect.stringContaining(why) });
  });

  test('that was killed, took too long or is not there has not said anything', async () => {
    const printed = `echo '{ "length": 0 }';`;
    for (const [script, timeout] of [
      [`${printed} kill -9 $$`, undefined],
      [`${printed} sleep 60`, 500],
    ] as const) {
      const { facts } = await run(script, field('length', '0'), timeout);
      expect(facts).toMatchObject([
        { name: 'ran', ok: false, unknown: true },
        { name: 'field', ok: false, unknown: true },
      ]);
    }
    const state = temporaryFolder();
    const { checkCommand } = createCommandActivities({ state });
    const evidence = { store: join(state, 'evidence'), deployment: 'd' };
    const command = commandWith(['./not-there'], { folder: state });
    const input = { key, evidence, environment: environmentWith(), command, values: {}, expect: { exitCodes: [0] } };
    expect((await runActivity(() => checkCommand(input))).facts).toMatchObject([{ ok: false, unknown: true }]);
  });

  test('is run once for its step, and tells no secret', async () => {
    const state = temporaryFolder();
    const { checkCommand } = createCommandActivities({ state });
    const evidence = { store: join(state, 'evidence'), deployment: 'd' };
    const command = commandWith(['sh', '-c', 'echo once >> count; echo $SUREFOOT_TEST_PASSWORD >&2; exit 1'], {
      folder: state,
    });
    const input = { key, evidence, environment: environmentWith(), command, values: {}, expect: { exitCodes: [0] } };
    const first = await runActivity(() => checkCommand(input));
    expect(await runActivity(() => checkCommand(input))).toEqual(first);
    expect(await readFile(join(state, 'count'), 'utf8')).toBe('once\n');
    expect(JSON.stringify(first)).not.toContain(SECRET);
  });
});

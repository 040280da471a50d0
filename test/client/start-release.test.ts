/** One plan, many releases: what the command line does with what is said, found out and not known. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import type { DeployInput } from '../../src/contract/deployment.js';
import { deployWorkflowId, searchAttributes } from '../../src/contract/names.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/local/temporal.js';
import { loadPlan } from '../../src/plan/load.js';
import { statementIn } from '../../src/policy/open-envelope.js';
import { json } from '../helpers/server.js';
import { makeKey } from '../helpers/ssh-keys.js';
import { replaceOnce, write } from '../plan/plan-files.js';
import { shortPlanText } from '../rehearsal/short-plan.js';
import { newService, planLeavingOpen, type Service } from '../releases/many-releases.js';
import { surefoot } from './command-line.js';

const WORKFLOW = deployWorkflowId('eduautismo');
let folder: string;
let server: TemporalServer;
let connection: Connection;
let service: Service;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'surefoot-start-'));
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  server = await startTemporalServer({ folder, ports, virtualTime: false });
  connection = await Connection.connect({ address: server.address });
}, 120_000);

afterAll(async () => {
  await connection.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  vi.stubEnv('SUREFOOT_HOME', join(folder, 'home'));
  vi.stubEnv('TEMPORAL_ADDRESS', server.address);
  vi.stubEnv('TEMPORAL_CONFIG_FILE', join(folder, 'none.toml'));
  service = await newService();
});

afterEach(() => {
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

const command = (name: string, ...more: string[]) =>
  surefoot(...name.split(' '), service.plan, '--bindings', service.bindings, ...more);
const start = (...more: string[]) => command('start', '--as', 'ana.souza', ...more);
const SAID = ['--target', 'v5.1.0', '--branch', 'feature/refunds'];

/** As after its retention: one that was ended from outside would be in the way of the next. */
async function forgotten({ workflowId, runId }: { workflowId: string; runId: string }): Promise<void> {
  const namespace = 'default';
  await connection.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } });
  const list = () => connection.workflowService.listWorkflowExecutions({ namespace, query: `RunId = '${runId}'` });
  await vi.waitUntil(async () => (await list()).executions?.length === 0, { timeout: 20_000, interval: 100 });
}

/** What has been started, and no longer runs afterwards; undefined when nothing has. */
async function started() {
  const handle = new Client({ connection }).workflow.getHandle(WORKFLOW);
  const description = await handle.describe().catch(() => undefined);
  if (description?.status.name !== 'RUNNING') return undefined;
  const { events } = await handle.fetchHistory();
  const data = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
  await forgotten(description);
  return { description, input: JSON.parse(Buffer.from(data ?? []).toString()) as DeployInput };
}

test('a release is started by its target: what is not said is found out, shown, and part of what people agree on', async () => {
  const { code, out, err } = await start(...SAID);
  expect({ code, err }).toMatchObject({ code: 0 });
  const shown = err.indexOf('eduautismo: v5.0.0 → v5.1.0, revision bbb2\n');
  expect(shown).toBeGreaterThanOrEqual(0);
  expect(err).toContain('  previous  v5.0.0 is what production says it runs\n');
  expect(err).toMatch(/ {2}revision {2}bbb2 is the newest of the migrations of v5\.1\.0 \(commit \w{12}\)\n/);
  expect(out).toContain('release   v5.0.0 → v5.1.0, revision bbb2');

  const found = await started();
  const release = { branch: 'feature/refunds', target: 'v5.1.0', previous: 'v5.0.0', revision: 'bbb2' };
  const { resolved, digest } = loadPlan(service.plan, { bindings: service.bindings, release });
  expect(found?.input).toMatchObject({ plan: resolved, digest });
  const attributes = found?.description.typedSearchAttributes;
  expect(attributes?.get(searchAttributes.target)).toBe('v5.1.0');
  expect(attributes?.get(searchAttributes.previous)).toBe('v5.0.0');
  expect(attributes?.get(searchAttributes.revision)).toBe('bbb2');
  expect(await found?.description.staticSummary()).toBe('eduautismo: v5.0.0 → v5.1.0, revision bbb2');
}, 60_000);

test('what is allowed but probably not meant is told with its place, as by `plan check`', async () => {
  const [section, text] = ['folders:\n', readFileSync(service.plan, 'utf8')];
  const plan = write('plan.yaml', replaceOnce(text, [section, `${section}  attic: /var/attic\n`]));
  const { err } = await surefoot('start', plan, '--bindings', service.bindings, '--as', 'ana.souza', ...SAID);
  expect(await started()).toBeDefined();
  const line = readFileSync(plan, 'utf8').split('\n').indexOf('  attic: /var/attic') + 1;
  expect(err).toContain(`Allowed, but probably not meant:\n${plan}:${line}:3  folders.attic  Nothing uses it\n`);
}, 60_000);

test('another release of the same plan has another digest', async () => {
  const digests = [];
  for (const target of ['v5.1.0', 'main']) {
    const { out } = await start('--target', target, '--branch', 'feature/refunds', '--json');
    digests.push(JSON.parse(out).digest);
    expect(JSON.parse(out).release).toMatchObject({ target, revision: target === 'main' ? 'ccc3' : 'bbb2' });
    expect((await started())?.input.digest).toBe(digests.at(-1));
  }
  expect(new Set(digests).size).toBe(2);
}, 60_000);

test('nothing is started while production does not say what it runs, unless somebody says it', async () => {
  service.production.handle = (_, response) => json(response, { status: 'ok' });
  const refused = await start(...SAID);
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain('previous  not known: which release production runs is not known');
  expect(refused.err).toContain('Add --previous VERSION.');
  expect(await started()).toBeUndefined();
  const asJson = await start(...SAID, '--json');
  expect(JSON.parse(asJson.out)).toMatchObject({ ok: false, error: { hint: 'Add --previous VERSION.' } });
  expect(await started()).toBeUndefined();

  expect(await start(...SAID, '--previous', 'v5.0.0')).toMatchObject({ code: 0 });
  expect((await started())?.input.plan.release.previous).toBe('v5.0.0');
}, 60_000);

test('all that is not known is told at once', async () => {
  const { code, err } = await start();
  expect(code).toBe(2);
  expect(err).toContain('Add --branch BRANCH --target VERSION --revision REVISION.');
  expect(await started()).toBeUndefined();
}, 60_000);

test('what a plan fixes stays: another value is a mistake with its place, the same one is none', async () => {
  const plan = planLeavingOpen(['target']);
  const args = ['start', plan, '--bindings', service.bindings, '--as', 'ana.souza', '--target', 'v5.1.0'];
  const { code, err } = await surefoot(...args, '--previous', 'v5.0.0');
  expect(code).toBe(2);
  expect(err).toContain('release.previous  Is fixed here, so it can’t be v5.0.0: leave --previous out');
  expect(await surefoot(...args, '--previous', 'v1.2.3')).toMatchObject({ code: 0 });
  expect((await started())?.input.plan).toMatchObject({
    release: { target: 'v5.1.0', previous: 'v1.2.3' },
    migration: { revision: '5403edb1d087' },
  });
  expect(service.production.requests).toEqual([]);
}, 60_000);

test('what is said becomes no option of a command', async () => {
  expect(await start('--target', '-rf', '--branch', 'main')).toMatchObject({ code: 2 });
  expect(await start('--target=--force', '--branch', 'main')).toMatchObject({
    code: 2,
    err: expect.stringContaining('Begins with "-"'),
  });
});

test('check and show say what is not known, with no digest before all is, and ask nobody but the repository', async () => {
  const check = await command('plan check');
  expect(check).toMatchObject({ code: 0, out: expect.stringContaining('eduautismo, <previous> → <target>') });
  expect(check.out).toContain('target    not known: nobody has said what is deployed');
  expect(check.out).toContain('no digest before all of it is known');
  const known = JSON.parse((await command('plan check', ...SAID, '--json')).out);
  expect(known).toMatchObject({ ok: true, digest: null, unknown: [{ name: 'previous' }] });

  const show = await command('plan show', ...SAID);
  expect(show.out).toContain('<previous> → v5.1.0');
  expect(show.out).toContain('revision  bbb2 is the newest of the migrations of v5.1.0');
  const whole = JSON.parse((await command('plan show', ...SAID, '--previous', 'v5.0.0', '--json')).out);
  const release = { branch: 'feature/refunds', target: 'v5.1.0', previous: 'v5.0.0', revision: 'bbb2' };
  expect(whole.digest).toBe(loadPlan(service.plan, { bindings: service.bindings, release }).digest);
  expect(service.production.requests).toEqual([]);
}, 60_000);

test('two releases by one plan differ in what is deployed and where its migrations go', async () => {
  const { plan, bindings } = service;
  const of = (target: string) => `${plan}@${target}`;
  const { code, out } = await surefoot('plan', 'diff', of('v5.0.0'), of('v5.1.0'), '--bindings', bindings, '--json');
  expect(code).toBe(1);
  const { before, general, steps } = JSON.parse(out);
  expect(before).toMatchObject({ file: plan, digest: null, unknown: [{ name: 'branch' }, { name: 'previous' }] });
  expect(general).toEqual([]);
  const migration = steps.find(({ id }: { id: string }) => id === 'production.migration');
  expect(migration.differences).toEqual([{ path: 'migration.revision', before: 'aaa1', after: 'bbb2' }]);
  const deploy = steps.find(({ id }: { id: string }) => id === 'production.deploy');
  expect(deploy.differences).toEqual([{ path: 'release.target', before: 'v5.0.0', after: 'v5.1.0' }]);
  expect(await surefoot('plan', 'diff', of('v5.0.0'), of('--force'), '--bindings', bindings)).toMatchObject({
    code: 2,
    err: expect.stringContaining('Begins with "-"'),
  });
}, 60_000);

test('a rehearsal goes on with what is not known, and says so', async () => {
  const short = parse(shortPlanText());
  const { repository, files } = short.release;
  const { revision: _, ...migration } = short.migration;
  const plan = { ...short, release: { repository, files }, migration };
  const file = write('plan.yaml', stringify(plan));
  const { code, err, out } = await surefoot('rehearse', file, '--target', 'v5.1.0');
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('1 of 1 as expected') });
  expect(err).toContain('Not known before a deployment, and rehearsed as <branch>, <previous>, <revision>.');
}, 240_000);

test('a plan that somebody has signed is handed in at the start, and that of another release is not', async () => {
  const rita = makeKey(folder, 'rita');
  const file = join(folder, 'signed.json');
  const by = ['--as', 'rita.lopes', '--role', 'architect', '--sign', rita.file];
  const signed = await command('plan sign', ...SAID, ...by, '--out', file);
  expect(signed).toMatchObject({ code: 0, out: '', err: expect.stringContaining('signed by rita.lopes (architect)') });
  expect((await start(...SAID, '--signed-plan', file)).code).toBe(0);
  const { input } = (await started()) ?? {};
  const signedPlan = { who: 'rita.lopes', role: 'architect', envelope: readFileSync(file, 'utf8').trim() };
  expect(input?.signedPlan).toEqual(signedPlan);
  expect(statementIn(signedPlan.envelope)).toMatchObject({ deployment: '', decision: 'plan', plan: input?.digest });
  const other = await start(...SAID, '--branch', 'feature/other', '--signed-plan', file);
  expect(other).toMatchObject({
    code: 2,
    err: expect.stringContaining(`rita.lopes has signed in ${file} is a plan of`),
  });
  expect(other.err).toContain('`surefoot plan sign PLAN --as WHO --role ROLE --sign KEY --out FILE`');
  const none = await start(...SAID, '--signed-plan', write('none.json', '{}'));
  expect(none).toMatchObject({ code: 2, err: expect.stringContaining('is no signed plan: nothing was started') });
  expect(await started()).toBeUndefined();
});

/** `surefoot console` on a real server, with deployments of which only the ledger is real. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { deploymentsFromTemporal } from '../../src/console/from-temporal.js';
import type { Deployments } from '../../src/console/look.js';
import type { Connected } from '../../src/temporal/connection.js';
import { surefoot } from '../client/command-line.js';
import { ledgerWith, questionWith } from '../client/ledgers.js';
import { standIns } from '../helpers/stand-ins.js';
import { workflowServer } from '../helpers/workflow-server.js';

const temporal = workflowServer();
const served = standIns(temporal);
const unserved = standIns(temporal, { queue: 'nobody', served: false });
const of = (service: string) => ({ service, deployment: `${service}-20251124-120000-ab12` });
let known: Deployments;

beforeAll(async () => {
  const { client, address } = temporal;
  const connected = { client, connection: client.connection, address, namespace: 'default' } as Connected;
  known = deploymentsFromTemporal(connected, {
    evidence: join(temporal.folder, 'evidence'),
    committed: async () => undefined,
  });
  await served.begin(ledgerWith({ ...of('shop'), phase: 'approval', questions: [questionWith({ roles: ['qa'] })] }));
  await served.begin(ledgerWith({ ...of('orders'), outcome: 'rolled-back' }));
  await unserved.begin(ledgerWith(of('lost')));
  await vi.waitUntil(async () => (await known.all()).rows.length === 3, { timeout: 20_000, interval: 500 });
}, 60_000);

afterAll(() => vi.unstubAllEnvs());

test('all deployments are known, with what those that run say of themselves, and which say nothing', async () => {
  const { rows } = await known.all();
  const by = (service: string) => rows.find(({ listed }) => listed.service === service);
  expect(by('shop')?.ledger?.questions).toHaveLength(1);
  expect(by('orders')).toMatchObject({ listed: { outcome: 'rolled-back' } });
  expect(by('lost')?.ledger).toBeUndefined();
  expect(by('lost')?.unanswered).toContain('No worker answers');
});

test('one that was started with what cannot be read is shown without its plan', async () => {
  const look = await known.look(of('shop').deployment);
  expect(look?.ledger.phase).toBe('approval');
  expect(look?.planned).toBeUndefined();
  expect(await known.look('nobody-20251124-120000-ab12')).toBeUndefined();
});

test('what is sent to one that has ended is refused in words', async () => {
  const decision = { kind: 'hold' as const, who: 'rui', role: 'qa' };
  await expect(known.send(of('orders').deployment, decision)).rejects.toThrow(/is not running any more/);
  await expect(known.send('nobody-1', decision)).rejects.toThrow(/There is no deployment/);
});

test('the command serves them to this machine until it is interrupted, and says that nobody signs in', async () => {
  vi.stubEnv('TEMPORAL_ADDRESS', temporal.address);
  vi.stubEnv('TEMPORAL_CONFIG_FILE', join(temporal.folder, 'none.toml'));
  const ended = surefoot('console', '--port', '0', '--json', '--evidence', join(temporal.folder, 'evidence'));
  const printed = () => vi.mocked(process.stdout.write).mock?.calls.join('') ?? '';
  await vi.waitUntil(() => printed().includes('http'), { timeout: 20_000 });
  const { url } = JSON.parse(printed());
  const page = await (await fetch(url)).text();
  expect(page).toContain(of('shop').deployment);
  expect(page).toContain('Nobody signs in here.');
  process.emit('SIGHUP');
  const { code, err } = await ended;
  expect(code).toBe(0);
  expect(err).toContain('nobody signs in here');
  await expect(fetch(url)).rejects.toThrow();
});

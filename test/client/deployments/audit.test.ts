/** `surefoot audit` against a real server, with deployments of which only the ledger is real. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { standIns } from '../../helpers/stand-ins.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { commandsAsk, surefoot } from '../command-line.js';
import { ledgerWith, START, stepWith } from '../ledgers.js';

const temporal = workflowServer();
const deployments = standIns(temporal);
const unserved = standIns(temporal, { queue: 'nobody', served: false });
let log: string;

const of = (service: string, parts: Partial<Ledger> = {}): Ledger =>
  ledgerWith({ deployment: `${service}-20251124-120000-ab12`, service, ...parts });

const exported = (...options: string[]) =>
  surefoot('audit', 'export', '--evidence', join(temporal.folder, 'none'), ...options);

beforeAll(async () => {
  log = join(temporal.folder, 'audit.jsonl');
  await deployments.begin(of('orders', { outcome: 'rolled-back', endedAt: START + 1, reason: 'slow' }));
  await deployments.begin(of('shop', { steps: [stepWith({ endedAt: START + 1, state: 'passed', title: 'Größe ✓' })] }));
  await unserved.begin(of('lost'));
  const { workflowService } = temporal.client.connection;
  const listed = () => workflowService.countWorkflowExecutions({ namespace: 'default' });
  await vi.waitUntil(async () => Number((await listed()).count) === 3, { timeout: 30_000 });
}, 60_000);

commandsAsk(temporal);

const eventsIn = (text: string) =>
  text
    .split('\n')
    .slice(0, -2)
    .map((line) => JSON.parse(line).event as Record<string, unknown>);

test('every deployment that there is word of is in the log, and what nobody could tell is in it as not known', async () => {
  const { code, out, err } = await exported();
  expect(code).toBe(0);
  const events = eventsIn(out);
  const of = (service: string) => events.filter((event) => event.service === service).map(({ kind }) => kind);
  expect(events[0]).toMatchObject({ kind: 'exported' });
  expect(of('orders')).toEqual(['deployment-started', 'deployment-ended']);
  expect(of('shop')).toEqual(['deployment-started', 'step-began', 'step-ended']);
  const unknown = events.filter(({ kind }) => kind === 'not-known').map(({ text }) => text);
  expect(unknown).toEqual([
    expect.stringContaining('there is no evidence folder'),
    expect.stringMatching(/^what happened in lost-20251124-120000-ab12: No worker answers/),
  ]);
  expect(err).toContain(`not known: ${unknown[1]}`);
});

test('the log is verified, and its head is the one that was said when it was exported', async () => {
  const { out, err } = await exported('--service', 'orders');
  await writeFile(log, out);
  const { code, out: said } = await surefoot('audit', 'verify', log);
  expect(code).toBe(0);
  expect(said).toContain(/head ([0-9a-f]{64})/.exec(err)?.[1]);
  const [events] = /^\d+ events/m.exec(err) ?? [];
  expect(said).toContain(events);
});

test('a log of which one byte is another is not, and where is said; whatever byte it is', async () => {
  const { out } = await exported('--service', 'shop');
  const bytes = Buffer.from(out);
  // Its two bytes make one character, and each other byte no character or another.
  const at = bytes.indexOf('ö');
  for (const place of [0, at, at + 1, bytes.length - 2, bytes.length - 1]) {
    for (const byte of [0x00, 0x0a, 0x41, 0x80, 0xc2, 0xff]) {
      const forged = bytes.with(place, byte);
      await writeFile(log, forged);
      const { code, out: said } = await surefoot('audit', 'verify', log, '--json');
      const isSame = bytes[place] === byte;
      expect({ place, byte, code }).toEqual({ place, byte, code: isSame ? 0 : 1 });
      if (!isSame) expect(JSON.parse(said)).toMatchObject({ ok: false, whole: false, line: expect.any(Number) });
    }
  }
});

test('a log that was cut off is not whole, wherever it was; nor is what is no log', async () => {
  const { out } = await exported('--service', 'orders');
  const ends = [...out.matchAll(/\n/g)].map(({ index }) => index + 1);
  for (const end of [0, 1, ...ends.slice(0, -1), out.length - 1]) {
    await writeFile(log, out.slice(0, end));
    expect({ end, ...(await surefoot('audit', 'verify', log)) }).toMatchObject({ end, code: 1 });
  }
  expect(await surefoot('audit', 'verify', join(temporal.folder, 'no-such-log'))).toMatchObject({ code: 2 });
});

/**
 * How long the console's pages take, and how large they are, with a thousand deployments in the history: those that
 * Temporal no longer has, from their archives. Exit 1 when a page's first view is 100 KB or more, or it takes 200 ms or more,
 * as the first one after the console's start or in 1 of 20 later ones.
 *
 *   npm run bench:console [-- --json]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { payloadAsJson } from '../src/adapters/evidence/history-archive.js';
import { consoleApp } from '../src/console/app.js';
import { deploymentsFromTemporal } from '../src/console/from-temporal.js';
import { NOBODY } from '../src/console/signed-in.js';
import type { ArchiveIndex } from '../src/contract/archive.js';
import { watchesOf } from '../src/contract/plan/parts.js';
import type { WatchRecord } from '../src/domain/ledger/ledger.js';
import { percentile } from '../src/domain/statistics.js';
import type { Connected } from '../src/temporal/connection.js';
import { goodLedger, plan } from '../test/report/reports.js';
import { round, tell } from './pairs.js';
import { onServer } from './stage.js';

const DEPLOYMENTS = 1_000;
const ROUNDS = 20;
/** Milliseconds, and bytes. */
const MOST = { time: 200, size: 100_000 };
const ORIGIN = 'http://127.0.0.1:8080';
const DAY = 86_400_000;

/** What a deployment was started with, as the first event of its history has it. */
function startOf({ deployment, evidence }: { deployment: string; evidence: string }) {
  const input = {
    deployment,
    plan: { ...plan, evidence },
    digest: 'f'.repeat(64),
    startedBy: 'ana.souza',
    clock: 'real',
  };
  const payload = JSON.parse(payloadAsJson(defaultPayloadConverter.toPayload(input)));
  const { EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: eventType } = proto.temporal.api.enums.v1.EventType;
  return { eventId: 1, eventType, workflowExecutionStartedEventAttributes: { input: { payloads: [payload] } } };
}

/** The plan's watches, with all that they hold against their thresholds. */
const watched = (startedAt: number): WatchRecord[] =>
  watchesOf(plan).map(({ id, title, criteria }) => ({
    ...{
      id,
      title,
      workflowId: id,
      startedAt,
      endedAt: startedAt + DAY / 2,
      verdict: 'healthy',
      ticks: 60,
      samples: 600,
    },
    criteria: criteria.map((criterion) => ({
      ...{
        id: criterion.id,
        title: criterion.title,
        tier: criterion.tier,
        unit: criterion.unit,
        rule: '> 10 % for 2 min',
      },
      ...{ verdict: 'healthy', samples: 60, unknown: 0, worst: 12.345 },
    })),
  }));

async function archive(evidence: string, index: number): Promise<void> {
  const startedAt = Date.now() - (index % 80) * DAY;
  const service = `service-${index % 7}`;
  const deployment = `${service}-${index}`;
  const runId = `run-${index}`;
  const folder = join(evidence, deployment, 'archive');
  await mkdir(join(folder, runId), { recursive: true });
  const ledger = goodLedger({
    deployment,
    service,
    startedAt,
    endedAt: startedAt + DAY / 2,
    monitors: watched(startedAt),
  });
  const text = payloadAsJson(defaultPayloadConverter.toPayload(ledger));
  await writeFile(join(folder, runId, 'ledger.json'), text);
  const history = `archive/${runId}/history.jsonl`;
  await writeFile(join(evidence, deployment, history), `${JSON.stringify(startOf({ deployment, evidence }))}\n`);
  const about: ArchiveIndex = {
    format: 1,
    ...{ deployment, service, runId, startedAt },
    workflowId: `surefoot/${service}/production`,
    archivedAt: startedAt + DAY / 2,
    ledger: {
      title: 'Closing ledger',
      path: `archive/${runId}/ledger.json`,
      sha256: String(index),
      bytes: text.length,
    },
    histories: [
      {
        ...{ title: 'History', path: history, sha256: String(index), bytes: 0 },
        ...{ workflowId: `surefoot/${service}/production`, runId, type: 'DeployWorkflow', events: 390, closed: true },
      },
    ],
    missing: [],
  };
  await writeFile(join(folder, `${runId}.json`), JSON.stringify(about));
}

await onServer(async ({ folder, address, client }) => {
  const evidence = join(folder, 'evidence');
  for (let index = 0; index < DEPLOYMENTS; index += 1) await archive(evidence, index);
  const connected = { client, connection: client.connection, address, namespace: 'default' } as Connected;
  const deployments = deploymentsFromTemporal(connected, { evidence, committed: async () => undefined });
  // As the command does before it tells people the address.
  const began = performance.now();
  await deployments.all();
  const start = { page: 'its start', first: round(performance.now() - began), bound: 'none' };
  const app = consoleApp({ deployments, signIn: NOBODY, origins: [ORIGIN] });
  const ask = async (path: string) => {
    const began = performance.now();
    const answer = await app.request(`${ORIGIN}${path}`, { headers: { Host: new URL(ORIGIN).host } });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path} is answered with ${answer.status}: ${text}`);
    return { took: performance.now() - began, bytes: Buffer.byteLength(text) };
  };
  const rows: { page: string; first: number; bound: string }[] = [start];
  const one = '/deployments/service-0-0';
  const own = [one, `${one}/evidence`, `${one}/watches/1`, `${one}/decide`];
  for (const page of ['/', '/?search=service-3&page=2', '/waiting', '/history', ...own]) {
    const first = await ask(page);
    const asked: number[] = [];
    for (let number = 0; number < ROUNDS; number += 1) {
      // What is known is looked up again after two seconds: most who come find it old.
      await new Promise((done) => setTimeout(done, number % 4 === 0 ? 2_100 : 0));
      asked.push((await ask(page)).took);
    }
    const p95 = percentile(asked, 95);
    const isGood = Math.max(p95, first.took) < MOST.time && first.bytes < MOST.size;
    rows.push({
      page,
      first: round(first.took),
      ...{ median: round(percentile(asked, 50)), p95: round(p95), kilobytes: round(first.bytes / 1_000) },
      bound: `${isGood ? 'pass' : 'FAIL'} (${MOST.time} ms, ${MOST.size / 1_000} KB)`,
    });
  }
  process.exitCode = tell(rows);
});

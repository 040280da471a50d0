/**
 * How long the console's pages take, and how large they are, with a thousand deployments in the history: those that
 * Temporal no longer has, from their archives. Exit 1 when a page's first view is 100 KB or more, or takes 200 ms or more.
 *
 *   npm run bench:console [-- --json]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { payloadAsJson } from '../src/adapters/evidence/history-archive.js';
import { consoleApp } from '../src/console/app.js';
import { deploymentsFromTemporal } from '../src/console/from-temporal.js';
import { NOBODY } from '../src/console/signed-in.js';
import type { ArchiveIndex } from '../src/contract/archive.js';
import { percentile } from '../src/domain/statistics.js';
import type { Connected } from '../src/temporal/connection.js';
import { goodLedger } from '../test/report/reports.js';
import { round, tell } from './pairs.js';
import { onServer } from './stage.js';

const DEPLOYMENTS = 1_000;
const ROUNDS = 20;
/** Milliseconds, and bytes. */
const MOST = { time: 200, size: 100_000 };
const ORIGIN = 'http://127.0.0.1:8080';
const DAY = 86_400_000;

async function archive(evidence: string, index: number): Promise<void> {
  const startedAt = Date.now() - (index % 80) * DAY;
  const service = `service-${index % 7}`;
  const deployment = `${service}-${index}`;
  const runId = `run-${index}`;
  const folder = join(evidence, deployment, 'archive');
  await mkdir(join(folder, runId), { recursive: true });
  const ledger = goodLedger({ deployment, service, startedAt, endedAt: startedAt + DAY / 2 });
  const text = payloadAsJson(defaultPayloadConverter.toPayload(ledger));
  await writeFile(join(folder, runId, 'ledger.json'), text);
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
    histories: [],
    missing: [],
  };
  await writeFile(join(folder, `${runId}.json`), JSON.stringify(about));
}

await onServer(async ({ folder, address, client }) => {
  const evidence = join(folder, 'evidence');
  for (let index = 0; index < DEPLOYMENTS; index += 1) await archive(evidence, index);
  const connected = { client, connection: client.connection, address, namespace: 'default' } as Connected;
  const deployments = deploymentsFromTemporal(connected, { evidence, committed: async () => undefined });
  const app = consoleApp({ deployments, signIn: NOBODY, origins: [ORIGIN] });
  const ask = async (path: string) => {
    const began = performance.now();
    const answer = await app.request(`${ORIGIN}${path}`, { headers: { Host: new URL(ORIGIN).host } });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path} is answered with ${answer.status}: ${text}`);
    return { took: performance.now() - began, bytes: Buffer.byteLength(text) };
  };
  const rows = [];
  for (const page of ['/', '/?search=service-3&page=2', '/waiting', '/history']) {
    const first = await ask(page);
    const asked: number[] = [];
    for (let number = 0; number < ROUNDS; number += 1) {
      // What is known is looked up again after two seconds: most who come find it old.
      await new Promise((done) => setTimeout(done, number % 4 === 0 ? 2_100 : 0));
      asked.push((await ask(page)).took);
    }
    const p95 = percentile(asked, 95);
    const isGood = p95 < MOST.time && first.bytes < MOST.size;
    rows.push({
      page,
      kilobytes: round(first.bytes / 1_000),
      'after the start': round(first.took),
      median: round(percentile(asked, 50)),
      p95: round(p95),
      bound: `${isGood ? 'pass' : 'FAIL'} (${MOST.time} ms, ${MOST.size / 1_000} KB)`,
    });
  }
  process.exitCode = tell(rows);
});

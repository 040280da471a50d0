/** The whole checklist for real, in virtual time: what `npm run demo` does. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { summary } from '../../src/client/commands/demo.js';
import { SILENT_SINKS } from '../../src/contract/sinks.js';
import type { DemoRun } from '../../src/demo/run.js';
import { dataConverter } from '../../src/encryption/data-converter.js';
import { demo, newHome } from './demo.js';

const INDEXES = [
  'ix_intervention_plans_created_by_id',
  'ix_intervention_plans_last_reviewed_at',
  'ix_intervention_plans_review_frequency',
  'ix_intervention_plans_status_needs_review',
];
const HOURS_49 = 176_000;

let run: DemoRun;
let client: Client;

beforeAll(async () => {
  run = await demo(await newHome());
  client = new Client({ connection: await Connection.connect({ address: run.address }) });
  return () => client.connection.close();
}, 400_000);

test('the deployment succeeds, its 49 hours pass, and its history stays short enough to read', () => {
  const document = summary(run);
  expect(document.reason).toBe('all phases passed');
  expect(document).toMatchObject({
    outcome: 'succeeded',
    rollback: null,
    workflowId: 'surefoot/eduautismo/production',
  });
  expect(document.virtualSeconds).toBeGreaterThanOrEqual(HOURS_49);
  expect(document.virtualSeconds).toBeLessThan(HOURS_49 + 3_600);
  expect(document.historyEvents).toBeLessThanOrEqual(400);
});

test('production is at the new revision with four valid indexes, and runs main', () => {
  expect(run.production).toEqual({ version: 'main', revision: '5403edb1d087', indexes: INDEXES });
});

test('each command of the checklist ran once: the target has counted them itself', async () => {
  const count = async (environment: string) => {
    const log = await readFile(join(run.home, 'environments', environment, 'operations.log'), 'utf8');
    // Time and pid come first; the rest is the operation.
    return log
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(2).join(' '));
  };
  expect(await count('staging')).toEqual([
    'deploy staging main',
    'alembic upgrade head',
    // The proof of the way back.
    'alembic downgrade 8c1f0a2d4b6e',
    'alembic upgrade head',
    'deploy staging v1.2.3',
    'deploy staging main',
  ]);
  expect(await count('production')).toEqual([
    'maintenance_mode enable production',
    'deploy production main',
    'alembic upgrade head',
    'maintenance_mode disable production',
  ]);
});

test('people were told over HTTP: announcements in one thread, notices before production, and nothing is untold', async () => {
  expect(run.result.untold).toEqual([]);
  const lines = (await readFile(join(run.home, 'announcements.jsonl'), 'utf8')).trim().split('\n');
  const told = lines.map((line) => JSON.parse(line) as { channel: string; text: string; thread_ts?: string });
  const deploys = told.filter(({ channel }) => channel === '#deploys');
  expect(deploys[0]?.thread_ts).toBeUndefined();
  expect(new Set(deploys.slice(1).map(({ thread_ts }) => thread_ts)).size).toBe(1);
  const notice = deploys.findIndex(({ text }) => text.includes('fica mais rápida'));
  expect(notice).toBeGreaterThan(0);
  expect(notice).toBeLessThan(deploys.findIndex(({ text }) => text.includes('deploy de main em produção.')));
  expect(deploys.at(-1)?.text).toContain('succeeded');
});

test('every event group that the Web UI shows says in words what it is', async () => {
  const { workflows } = await histories();
  for (const { history } of workflows) {
    for (const event of history.events ?? []) {
      const { activityTaskScheduledEventAttributes: activity, timerStartedEventAttributes: timer } = event;
      // A local activity is one event, of how it ended.
      const attributes = activity ?? timer ?? event.markerRecordedEventAttributes;
      if (attributes) expect(event.userMetadata?.summary, JSON.stringify(attributes).slice(0, 200)).toBeTruthy();
    }
  }
});

test('the histories replay under the code that is released', async () => {
  const { workflows } = await histories();
  const workflowBundle = { codePath: new URL('../../dist/encrypting-workflow-bundle.js', import.meta.url).pathname };
  const released = { workflowBundle, dataConverter: dataConverter('replace'), sinks: SILENT_SINKS };
  for (const { workflowId, history } of workflows) await Worker.runReplayHistory(released, history, workflowId);
}, 120_000);

test('Temporal holds nothing of it that who has no key could read', async () => {
  const { workflows } = await histories();
  for (const { workflowId, history } of workflows) {
    const bytes = Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish());
    expect(bytes.includes('binary/encrypted'), workflowId).toBe(true);
    // Who signs off is in every plan; names of a deployment and its releases are what Temporal searches by.
    expect(bytes.includes('bruno.lima'), workflowId).toBe(false);
  }
});

/** The deployment's own history and those of its monitors. */
async function histories() {
  const ids = [run.workflowId, ...['soak', 'watch-5m', 'watch-1h'].map((id) => `${run.result.deployment}/${id}`)];
  const workflows = await Promise.all(
    ids.map(async (workflowId) => ({
      workflowId,
      history: await client.workflow.getHandle(workflowId).fetchHistory(),
    })),
  );
  return { workflows };
}

/** Histories of any size: read page by page, with the runs that they name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowService } from '@temporalio/client';
import proto from '@temporalio/proto';
import { expect, test } from 'vitest';
import { archiveHistory } from '../../../src/adapters/evidence/history-archive.js';
import { temporaryFolder } from '../../activities/support.js';

const { GetWorkflowExecutionHistoryResponse: Response } = proto.temporal.api.workflowservice.v1;
const run = { workflowId: 'surefoot/shop/production', runId: 'run-2' };
const PAYLOAD = { data: new Uint8Array([0, 255, 10]), metadata: { encoding: Buffer.from('binary/encrypted') } };

/** A server that has these pages, and how much of them was asked for at any time. */
function serving(pages: object[][]) {
  const asked: number[] = [];
  const getWorkflowExecutionHistory = async ({ nextPageToken }: { nextPageToken?: Uint8Array | null }) => {
    const page = Number(Buffer.from(nextPageToken ?? []).toString() || 0);
    asked.push(page);
    const next = page + 1 < pages.length ? Buffer.from(String(page + 1)) : new Uint8Array();
    return Response.fromObject({ history: { events: pages[page] }, nextPageToken: next });
  };
  return { asked, workflowService: { getWorkflowExecutionHistory } as unknown as WorkflowService };
}

const started = {
  eventId: 1,
  workflowExecutionStartedEventAttributes: {
    workflowType: { name: 'MonitorWorkflow' },
    input: { payloads: [PAYLOAD] },
    firstExecutionRunId: 'run-1',
    originalExecutionRunId: 'run-2',
    continuedExecutionRunId: 'run-1',
  },
};
const child = (runId: string) => ({
  childWorkflowExecutionStartedEventAttributes: { workflowExecution: { workflowId: 'a-child', runId } },
});

test('every page is in it, in its order, with payloads as they are and each run that is named', async () => {
  const folder = temporaryFolder();
  const last = { eventId: 4, workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'run-3' } };
  const pages = [[started, { eventId: 2, ...child('c-1') }], [{ eventId: 3 }], [last]];
  const { workflowService, asked } = serving(pages);
  const source = { workflowService, namespace: 'default', signal: new AbortController().signal };
  const place = { store: folder, deployment: 'shop' };
  const { history, named } = await archiveHistory(source, { run, place, path: 'archive/h.jsonl' });
  expect(asked).toEqual([0, 1, 2]);
  expect(history).toMatchObject({ ...run, type: 'MonitorWorkflow', events: 4, closed: true, path: 'archive/h.jsonl' });
  const lines = readFileSync(join(folder, 'shop', 'archive', 'h.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const events = lines.map((line) => proto.temporal.api.history.v1.HistoryEvent.fromObject(JSON.parse(line)));
  expect(events.map(({ eventId }) => Number(eventId))).toEqual([1, 2, 3, 4]);
  const [payload] = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  expect([...(payload?.data ?? [])]).toEqual([0, 255, 10]);
  expect(new Set(named.map(({ workflowId, runId }) => `${workflowId} ${runId}`))).toEqual(
    new Set([...['run-1', 'run-2', 'run-3'].map((id) => `${run.workflowId} ${id}`), 'a-child c-1']),
  );
});

test('a history that goes on is not closed, and reading ends with whoever waits for it', async () => {
  const place = { store: temporaryFolder(), deployment: 'shop' };
  const { workflowService } = serving([[started]]);
  const gone = new AbortController();
  const source = { workflowService, namespace: 'default', signal: gone.signal };
  const { history } = await archiveHistory(source, { run, place, path: 'archive/h.jsonl' });
  expect(history.closed).toBe(false);
  gone.abort(new Error('nobody waits'));
  await expect(archiveHistory(source, { run, place, path: 'archive/i.jsonl' })).rejects.toThrow('nobody waits');
});

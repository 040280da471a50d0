import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter, type LoadedDataConverter, type Payload } from '@temporalio/common';
import { expect, test } from 'vitest';
import { withWork } from '../../src/contract/progress.js';
import type { Ledger, StepRecord } from '../../src/domain/ledger/ledger.js';
import { activityProgress } from '../../src/temporal/activity-progress.js';
import type { Connected } from '../../src/temporal/connection.js';

const converter = { payloadConverter: defaultPayloadConverter, payloadCodecs: [] } as unknown as LoadedDataConverter;
const connected = { client: { options: { loadedDataConverter: converter } } } as Connected;

/** As the server describes a workflow with activities that have told this in their heartbeats. */
const describing = (payloads: (Payload | undefined)[]) => {
  const heartbeats = payloads.map((one) => ({ heartbeatDetails: one === undefined ? null : { payloads: [one] } }));
  return { raw: { pendingActivities: heartbeats as object[] } } as WorkflowExecutionDescription;
};
const described = (...details: unknown[]) =>
  describing(details.map((one) => (one === undefined ? undefined : defaultPayloadConverter.toPayload(one))));

test.each<[string, unknown[], string | undefined]>([
  ['words alone', ['50 of 100 requests'], '50 of 100 requests'],
  ['words beside what the next attempt has to know', [{ begun: ['a'], progress: '7 bytes dumped' }], '7 bytes dumped'],
  ['several activities', ['one', undefined, 'two'], 'one; two'],
  ['nothing for people', [{ begun: ['a'] }, undefined, 7, { progress: 7 }], undefined],
  ['nothing at all', [], undefined],
])('of %s only the words are told', async (_, details, told) => {
  expect(await activityProgress(connected, described(...details))).toBe(told);
});

test('what cannot be read here is nothing, and no error', async () => {
  const encrypted = { metadata: { encoding: new TextEncoder().encode('binary/encrypted') }, data: new Uint8Array() };
  expect(await activityProgress(connected, describing([encrypted]))).toBeUndefined();
});

const step = (id: string, state: StepRecord['state']) => ({ id, state }) as StepRecord;

test('it stands with the step that runs, or with the rollback, which is another workflow', async () => {
  const ledger = { steps: [step('a', 'passed'), step('b', 'running')] } as Ledger;
  const work = async (rollback?: string) => `of ${rollback ?? 'the deployment'}`;
  expect((await withWork(ledger, work)).steps).toEqual([
    step('a', 'passed'),
    { ...step('b', 'running'), progress: 'of the deployment' },
  ]);
  const rollback = { workflowId: 'w' } as Ledger['rollback'];
  expect((await withWork({ ...ledger, rollback }, work)).rollback).toEqual({ workflowId: 'w', progress: 'of w' });
  const over = { ...ledger, steps: [step('a', 'passed')] };
  expect(await withWork(over, work)).toEqual(over);
  expect(await withWork(ledger, async () => undefined)).toEqual(ledger);
});

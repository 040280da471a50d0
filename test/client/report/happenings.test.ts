/** A history as it lies in Temporal: encrypted or not, with garbage in it, decoded into what happened. */
import { randomBytes } from 'node:crypto';
import {
  defaultFailureConverter,
  defaultPayloadConverter,
  type LoadedDataConverter,
  type Payload,
} from '@temporalio/common';
import { encodeToPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { readHistory } from '../../../src/client/report/happenings.js';
import { EncryptionCodec } from '../../../src/encryption/codec.js';

type Event = temporal.api.history.v1.IHistoryEvent;

const plain: LoadedDataConverter = {
  payloadConverter: defaultPayloadConverter,
  failureConverter: defaultFailureConverter,
  payloadCodecs: [],
};
const keyring = { active: 'k1', keys: new Map([['k1', randomBytes(32)]]) };
const encrypting: LoadedDataConverter = { ...plain, payloadCodecs: [new EncryptionCodec(keyring, 'throw')] };

const input = { deployment: 'd-1', plan: { service: 'shop' } };
const report = { summary: 'well', facts: [{ name: 'ran', ok: true, text: 'ran' }], evidence: [] };
const key = { deployment: 'd-1', step: 'staging.deploy', generation: 1 };

/** A deployment that ran one command, was told something, and was terminated; its times are seconds after 1970. */
async function events(converter: LoadedDataConverter): Promise<Event[]> {
  const payloads = async (value: unknown) => ({ payloads: (await encodeToPayloads(converter, value)) as Payload[] });
  const list: Omit<Event, 'eventId' | 'eventTime'>[] = [
    { workflowExecutionStartedEventAttributes: { input: await payloads(input) } },
    { workflowTaskScheduledEventAttributes: {} },
    { workflowTaskStartedEventAttributes: {} },
    { workflowTaskCompletedEventAttributes: { startedEventId: 3 as never } },
    {
      activityTaskScheduledEventAttributes: {
        activityType: { name: 'runCommand' },
        input: await payloads({ key }),
        workflowTaskCompletedEventId: 4 as never,
      },
    },
    { activityTaskStartedEventAttributes: {} },
    { activityTaskCompletedEventAttributes: { scheduledEventId: 5 as never, result: await payloads(report) } },
    { workflowTaskStartedEventAttributes: {} },
    // Somebody without a key has sent this one: it is in plain text.
    {
      workflowExecutionSignaledEventAttributes: {
        signalName: 'approve',
        input: await payloadsOf(plain, { who: 'eve' }),
      },
    },
    { workflowExecutionTerminatedEventAttributes: { reason: 'postponed' } },
  ];
  return list.map((event, index) => ({
    ...event,
    eventId: (index + 1) as never,
    eventTime: msToTs((index + 1) * 1_000),
  }));
}

const payloadsOf = async (converter: LoadedDataConverter, value: unknown) => ({
  payloads: (await encodeToPayloads(converter, value)) as Payload[],
});

test('times are the workflow’s: when it gave a command, and when it heard of an answer', async () => {
  const history = await readHistory(await events(plain), plain);
  expect(history).toMatchObject({ input, failure: 'terminated: postponed', events: 10 });
  expect(history.happenings).toMatchObject([
    { kind: 'began', at: 3_000, activity: 'runCommand', input: { key } },
    { kind: 'reported', at: 8_000, activity: 'runCommand', input: { key }, result: report },
    { kind: 'signalled', at: 9_000, name: 'approve', sent: { who: 'eve' } },
  ]);
});

test('an encrypted history is read with its keys; what was sent in plain text is not taken', async () => {
  const { happenings, ...history } = await readHistory(await events(encrypting), encrypting);
  expect(history).toMatchObject({ input, failure: 'terminated: postponed' });
  expect(happenings.map(({ kind }) => kind)).toEqual(['began', 'reported', 'signalled']);
  expect(happenings[1]).toMatchObject({ result: report });
  expect(happenings[2]).toMatchObject({ sent: undefined });
});

test('without the keys nothing of it can be read, and nothing is made up', async () => {
  const other = { active: 'k1', keys: new Map([['k1', randomBytes(32)]]) };
  const stranger: LoadedDataConverter = { ...plain, payloadCodecs: [new EncryptionCodec(other, 'throw')] };
  for (const converter of [plain, stranger]) {
    const { input: read, happenings } = await readHistory(await events(encrypting), converter);
    expect(JSON.stringify(read ?? null)).not.toContain('shop');
    expect(JSON.stringify(happenings)).not.toContain('ran');
  }
});

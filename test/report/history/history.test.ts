/** A history as it lies in Temporal, encrypted or not: what it says by itself. */
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
import { EncryptionCodec } from '../../../src/encryption/codec.js';
import { readHistory } from '../../../src/report/history/history.js';

type Event = temporal.api.history.v1.IHistoryEvent;

const plain: LoadedDataConverter = {
  payloadConverter: defaultPayloadConverter,
  failureConverter: defaultFailureConverter,
  payloadCodecs: [],
};
const keyring = { active: 'k1', keys: new Map([['k1', randomBytes(32)]]) };
const encrypting: LoadedDataConverter = { ...plain, payloadCodecs: [new EncryptionCodec(keyring, 'throw')] };

const input = { deployment: 'd-1', plan: { service: 'shop' } };
/** A deployment that was started by a release and terminated; its times are seconds after 1970. */
async function events(converter: LoadedDataConverter): Promise<Event[]> {
  const payloads = async (value: unknown) => ({ payloads: (await encodeToPayloads(converter, value)) as Payload[] });
  const [release] = (await payloads('0.0.9')).payloads;
  const list: Omit<Event, 'eventId' | 'eventTime'>[] = [
    {
      workflowExecutionStartedEventAttributes: {
        input: await payloads(input),
        memo: { fields: { release: release as Payload } },
      },
    },
    { workflowTaskScheduledEventAttributes: {} },
    { workflowExecutionTerminatedEventAttributes: { reason: 'postponed' } },
  ];
  return list.map((event, index) => ({
    ...event,
    eventId: (index + 1) as never,
    eventTime: msToTs((index + 1) * 1_000),
  }));
}

test.each([
  ['plain', plain],
  ['encrypted, with its keys', encrypting],
])('%s: what it was started with, by which release, and how it ended', async (_, converter) => {
  const history = await readHistory(await events(converter), converter);
  expect(history).toMatchObject({ input, release: '0.0.9', startedAt: 1_000, failure: 'terminated: postponed' });
  expect(history.events).toHaveLength(3);
});

test('without the keys nothing of it can be read, and nothing is made up', async () => {
  const other = { active: 'k1', keys: new Map([['k1', randomBytes(32)]]) };
  const stranger: LoadedDataConverter = { ...plain, payloadCodecs: [new EncryptionCodec(other, 'throw')] };
  for (const converter of [plain, stranger]) {
    const { input: read, release } = await readHistory(await events(encrypting), converter);
    expect(JSON.stringify([read, release])).not.toMatch(/shop|0\.0\.9/);
  }
});

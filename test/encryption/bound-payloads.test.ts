/** What comes into the sandbox of a workflow is held against what it was encrypted for. */
import { randomBytes } from 'node:crypto';
import { CancelledFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { NOT_IN_HAND } from '../../src/contract/errors.js';
import { interceptors } from '../../src/encryption/bound-payloads.js';
import { EncryptionCodec } from '../../src/encryption/codec.js';
import { failureConverter } from '../../src/encryption/failures.js';
import { markedAs, useOf } from '../../src/encryption/places.js';

type Jobs = Record<string, object>[];

const plain = defaultPayloadConverter.toPayload({ who: 'ana.souza' }) as Payload;
let count = 0;
/** As the codec hands on what was encrypted for this. */
const proven = (use: string): Payload => markedAs(use, String(++count), plain);
const unknownKey: Payload = {
  metadata: { encoding: Buffer.from('unreadable. Its key is not named') },
  data: new Uint8Array(),
};

/** The inner interceptors of one run: what they make of jobs, and of commands. */
function run() {
  const [internals] = interceptors().internals ?? [];
  return {
    activate(jobs: Jobs): Jobs {
      internals?.activate?.({ activation: { jobs }, batchIndex: 0 } as never, () => undefined);
      return jobs;
    },
    conclude(commands: object[]): object[] {
      internals?.concludeActivation?.({ commands } as never, (input) => input as never);
      return commands;
    },
  };
}

const REFUSED = { surefoot: expect.stringContaining('refused') };
const contentOf = (payload: Payload) => defaultPayloadConverter.fromPayload(payload);

test.each([
  ['a start', 'start', (input: Payload) => ({ initializeWorkflow: { arguments: [input] } }), 'arguments'],
  [
    'a signal',
    'signal hold',
    (input: Payload) => ({ signalWorkflow: { signalName: 'hold', input: [input] } }),
    'input',
  ],
  ['an update', 'update decide', (input: Payload) => ({ doUpdate: { name: 'decide', input: [input] } }), 'input'],
  [
    'a query',
    'query status',
    (input: Payload) => ({ queryWorkflow: { queryType: 'status', arguments: [input] } }),
    'arguments',
  ],
])('%s takes what was encrypted for it, and nothing else', (_, use, jobWith, field) => {
  const { activate } = run();
  const given = (payload: Payload): Payload => {
    const [job] = activate([jobWith(payload) as Record<string, object>]);
    const [sent] = Object.values(job ?? {}) as Record<string, Payload[]>[];
    return sent?.[field]?.[0] as Payload;
  };
  expect(contentOf(given(proven(use)))).toEqual({ who: 'ana.souza' });
  expect(contentOf(given(plain))).toEqual(REFUSED);
  for (const other of ['result', 'shown', 'signal resume', 'update x', 'query x', 'failure X'])
    expect(contentOf(given(proven(other)))).toEqual(REFUSED);
  expect(given(unknownKey), 'it is refused for its own reason').toBe(unknownKey);
});

test('a message counts once in a run, and once more in another', () => {
  const copied = proven('signal hold');
  const sent = () => [{ signalWorkflow: { signalName: 'hold', input: [copied] } }];
  const contents = (jobs: Jobs) =>
    jobs.map(({ signalWorkflow }) => contentOf((signalWorkflow as { input: [Payload] }).input[0]));
  const { activate } = run();
  expect(contents(activate([...sent(), ...sent()]))).toEqual([{ who: 'ana.souza' }, REFUSED]);
  expect(contents(run().activate(sent()))).toEqual([{ who: 'ana.souza' }]);
});

test.each([
  ['its result', { completed: { result: proven('result') } }, undefined],
  ['its own failure', { failed: { failure: failed('RunnerFailed', proven('failure RunnerFailed')) } }, undefined],
  ['what a server says', { failed: { failure: { cause: { timeoutFailureInfo: {} } } } }, undefined],
  ['what cannot be read yet', { completed: { result: unknownKey } }, undefined],
  ['plain text', { completed: { result: plain } }, 'forged'],
  ['nothing', { completed: {} }, 'forged'],
  ['what was encrypted for something else', { completed: { result: proven('signal hold') } }, 'forged'],
  ['a failure in clear', { failed: { failure: failed('RunnerFailed') } }, 'forged'],
  ['a failure of another type', { failed: { failure: failed('RunnerFailed', proven('failure X')) } }, 'forged'],
])('an activity that is answered by %s', (_, result, forged) => {
  const { activate, conclude } = run();
  const [command] = conclude([
    { scheduleActivity: { seq: 1, activityId: 'a', activityType: 'deploy', arguments: [plain] } },
  ]);
  const { scheduleActivity } = command as { scheduleActivity: { arguments: Payload[] } };
  expect(useOf(scheduleActivity.arguments[0])).toBe('input deploy');
  const [job] = activate([{ resolveActivity: { seq: 1, result: { ...result } } }]);
  const answer = (job as { resolveActivity: { result: object } }).resolveActivity.result;
  if (forged === undefined) expect(answer).toEqual(result);
  else
    expect(answer).toMatchObject({
      failed: {
        failure: {
          activityFailureInfo: { activityId: 'a', activityType: { name: 'deploy' } },
          cause: {
            message: expect.stringContaining('was not encrypted for it by a worker'),
            applicationFailureInfo: { type: 'OutcomeUnknown', nonRetryable: true },
          },
        },
      },
    });
});

describe('the word that a server has for what no worker has in hand', () => {
  const word = defaultPayloadConverter.toPayload(NOT_IN_HAND) as Payload;
  const keyring = { active: 'k', keys: new Map([['k', randomBytes(32)]]) };
  const decoded = async (payload: Payload) =>
    (await new EncryptionCodec(keyring, 'replace').decode([payload]))[0] as Payload;

  test('is read in the details of a cancellation, though no worker has encrypted it', async () => {
    const details = { payloads: [await decoded(word)] };
    const cause = { message: 'activity canceled', canceledFailureInfo: { details } };
    const result = { cancelled: { failure: { activityFailureInfo: { activityType: { name: 'runCommand' } }, cause } } };
    const [job] = run().activate([{ resolveActivity: { seq: 1, result } }]);
    const { failure } = (job as { resolveActivity: { result: typeof result } }).resolveActivity.result.cancelled;
    const error = failureConverter.failureToError(failure as never, defaultPayloadConverter);
    expect(error.cause).toBeInstanceOf(CancelledFailure);
    expect((error.cause as CancelledFailure).details).toEqual([NOT_IN_HAND]);
  });

  test('is no message and no result, whoever sends it', async () => {
    const { activate, conclude } = run();
    const [signal] = activate([{ signalWorkflow: { signalName: 'hold', input: [await decoded(word)] } }]);
    const [sent] = (signal as { signalWorkflow: { input: Payload[] } }).signalWorkflow.input;
    expect(contentOf(sent as Payload)).toEqual(REFUSED);
    for (const use of ['signal hold', 'result']) expect(useOf(await decoded(markedAs(use, '1', word)))).toBeUndefined();
    conclude([{ scheduleActivity: { seq: 1, activityId: 'a', activityType: 'deploy', arguments: [] } }]);
    const result = { completed: { result: await decoded(word) } };
    const [job] = activate([{ resolveActivity: { seq: 1, result } }]);
    expect((job as { resolveActivity: { result: object } }).resolveActivity.result).toMatchObject({
      failed: { failure: { cause: { applicationFailureInfo: { type: 'OutcomeUnknown' } } } },
    });
  });

  test('is the only one: another text in clear is not used, nor is this one where people read', async () => {
    const another = defaultPayloadConverter.toPayload(`${NOT_IN_HAND} `) as Payload;
    expect(contentOf(await decoded(another))).toEqual(REFUSED);
    await expect(new EncryptionCodec(keyring, 'throw').decode([word])).rejects.toThrow('in plain text');
  });
});

function failed(type: string, encodedAttributes?: Payload) {
  return { activityFailureInfo: {}, cause: { applicationFailureInfo: { type }, encodedAttributes } };
}

import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { memoOf } from '../../src/temporal/runs.js';

const decodedBy = (decode: 'well' | 'not at all', memo?: Record<string, unknown>) => {
  const fail = async () => {
    throw new Error('encrypted with an unknown key');
  };
  const payloadCodecs = decode === 'well' ? [] : [{ encode: fail, decode: fail }];
  const fields =
    memo &&
    Object.fromEntries(Object.entries(memo).map(([name, value]) => [name, defaultPayloadConverter.toPayload(value)]));
  const client = { options: { loadedDataConverter: { ...defaultDataConverter, payloadCodecs }, namespace: 'default' } };
  const described = { workflowId: 'surefoot/shop/production', raw: { workflowExecutionInfo: { memo: { fields } } } };
  return memoOf(client as unknown as Client, described as unknown as WorkflowExecutionDescription);
};

test('a memo that cannot be decoded is not known: it is neither empty nor a memo of real time', async () => {
  expect(await decodedBy('not at all', { deployment: 'shop-1', clock: 'virtual' })).toBeUndefined();
  expect(await decodedBy('well', { deployment: 'shop-1', clock: 'virtual' })).toEqual({
    deployment: 'shop-1',
    clock: 'virtual',
  });
  expect(await decodedBy('well')).toEqual({});
});

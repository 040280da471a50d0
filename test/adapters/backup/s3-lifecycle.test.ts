import type { LifecycleRule } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { judgeLifetime, lifetimeOf, withRule } from '../../../src/adapters/backup/s3-lifecycle.js';

const OBJECT = { key: 'pre-deploy/eduautismo/production/20251124T115100Z_d_1_8d969eef6eca.dump', bytes: 1_000 };
const rule = (changes: Partial<LifecycleRule> = {}): LifecycleRule => ({
  ID: 'r',
  Status: 'Enabled',
  Filter: { Prefix: 'pre-deploy/' },
  Expiration: { Days: 30 },
  ...changes,
});
const judge = (rules: LifecycleRule[], versioned = false) =>
  judgeLifetime(lifetimeOf(rules, OBJECT), { days: 30, versioned });

describe('an expiration rule', () => {
  test.each<[string, LifecycleRule]>([
    ['for the prefix', rule()],
    ['for the whole bucket', rule({ Filter: {} })],
    ['in the older form', { ID: 'r', Status: 'Enabled', Prefix: 'pre-deploy/', Expiration: { Days: 30 } }],
    ['a little later', rule({ Expiration: { Days: 36 } })],
    ['for objects of this size', rule({ Filter: { And: { Prefix: '', ObjectSizeGreaterThan: 999 } } })],
  ])('%s is right', (_, one) => {
    expect(judge([one])).toMatchObject({ ok: true });
  });

  test.each<[string, LifecycleRule]>([
    ['that is off', rule({ Status: 'Disabled' })],
    ['for another prefix', rule({ Filter: { Prefix: 'logs/' } })],
    ['for tagged objects', rule({ Filter: { And: { Prefix: 'pre-deploy/', Tags: [{ Key: 'a', Value: 'b' }] } } })],
    ['for one tag', rule({ Filter: { Tag: { Key: 'a', Value: 'b' } } })],
    ['for larger objects', rule({ Filter: { ObjectSizeGreaterThan: 1_000 } })],
    ['that only moves objects', rule({ Expiration: undefined, Transitions: [{ Days: 30, StorageClass: 'GLACIER' }] })],
  ])('%s does not count, and another may be added', (_, one) => {
    expect(judge([one])).toMatchObject({
      ok: false,
      mendable: true,
      text: expect.stringContaining('no lifecycle rule'),
    });
  });

  test('that comes much too late is mended by another', () => {
    expect(judge([rule({ Expiration: { Days: 37 } })])).toMatchObject({ ok: false, mendable: true });
    expect(judge([rule({ Expiration: { Days: 365 } }), rule()])).toMatchObject({ ok: true });
  });

  test('that comes too early, or on a date, is not mended by any other', () => {
    expect(
      judge([rule(), rule({ Filter: { Prefix: 'pre-deploy/eduautismo/' }, Expiration: { Days: 7 } })]),
    ).toMatchObject({
      ok: false,
      mendable: false,
      text: expect.stringContaining('after only 7 days'),
    });
    expect(judge([rule(), rule({ Expiration: { Date: new Date(0) } })])).toMatchObject({ ok: false, mendable: false });
  });

  test('is not enough where the bucket keeps versions', () => {
    expect(judge([rule()], true)).toMatchObject({
      ok: false,
      mendable: true,
      text: expect.stringContaining('keeps versions'),
    });
    expect(judge([rule({ NoncurrentVersionExpiration: { NoncurrentDays: 7 } })], true)).toMatchObject({ ok: true });
    expect(judge([rule({ NoncurrentVersionExpiration: { NoncurrentDays: 90 } })], true)).toMatchObject({ ok: false });
  });
});

test('a rule of ours is added once, and makes the lifetime right; others stay', () => {
  const others = [rule({ ID: 'logs', Filter: { Prefix: 'logs/' }, Expiration: { Days: 3 } })];
  const prefix = 'pre-deploy/eduautismo/';
  const once = withRule(others, { prefix, days: 20 });
  const twice = withRule(once, { prefix, days: 30 });
  expect(twice).toHaveLength(2);
  expect(twice[0]).toBe(others[0]);
  expect(judge(twice, true)).toMatchObject({ ok: true });
});

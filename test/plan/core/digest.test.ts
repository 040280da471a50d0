import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/domain/duration.js';
import { compares } from '../../../src/domain/watch/criteria.js';
import { canonicalJson, digestOf } from '../../../src/plan/core/digest.js';
import { editDistance, nearest } from '../../../src/plan/core/suggest.js';
import { NEGATED, parseThreshold } from '../../../src/plan/core/units.js';
import { loadPlan } from '../../../src/plan/load.js';
import { SHIPPED } from '../plan-files.js';

type Json = fc.JsonValue;

const reversed = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, content]) => [key, reversed(content as Json)]),
  );
};

describe('the digest', () => {
  test('does not depend on the order of keys', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => digestOf(reversed(value)) === digestOf(value)));
  });

  test('is of text that reads back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('differs for different values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = canonicalJson(JSON.parse(JSON.stringify(a))) === canonicalJson(JSON.parse(JSON.stringify(b)));
        return (digestOf(a) === digestOf(b)) === same;
      }),
    );
  });

  test('changes with any single value of the shipped plan', () => {
    const { resolved, digest } = loadPlan(SHIPPED);
    const leaves = paths(resolved as unknown as Json);
    expect(leaves.length).toBeGreaterThan(500);
    fc.assert(
      fc.property(fc.constantFrom(...leaves), (path) => {
        const copy = structuredClone(resolved) as unknown as Record<string, Json>;
        const holder = path
          .slice(0, -1)
          .reduce<Json>((value, step) => (value as Record<string, Json>)[step] as Json, copy);
        const key = path.at(-1) as string;
        const old = (holder as Record<string, Json>)[key];
        (holder as Record<string, Json>)[key] =
          typeof old === 'number' ? old + 1 : typeof old === 'boolean' ? !old : `${String(old)}x`;
        return digestOf(copy) !== digest;
      }),
      { numRuns: 100 },
    );
  }, 30_000);

  test('refuses what JSON cannot say rather than saying something else', () => {
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError);
    expect(() => canonicalJson([() => 1])).toThrow(TypeError);
    expect(canonicalJson({ b: undefined, a: [undefined] })).toBe('{"a":[null]}');
  });
});

function paths(value: Json, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  return Object.entries(value).flatMap(([key, content]) => paths(content as Json, [...at, key]));
}

describe('durations', () => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

  test('are the sum of their parts', () => {
    const part = fc.tuple(fc.nat(1_000), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const written = parts.map(([amount, unit]) => `${amount}${unit}`).join('');
        return parseDuration(written) === parts.reduce((sum, [amount, unit]) => sum + amount * units[unit], 0);
      }),
    );
  });

  test('are read from nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const milliseconds = parseDuration(text);
        return milliseconds === undefined ? true : /^[\d.msdh]+$/.test(text) && Number.isInteger(milliseconds);
      }),
    );
    for (const text of ['', '5', 'm', '5 m', '-5m', '5min', '1h 30m', '1e3s'])
      expect(parseDuration(text)).toBeUndefined();
  });

  test('are shown for people', () => expect(formatDuration(parseDuration('1h5m') ?? 0)).toBe('1 h 5 min'));
});

describe('thresholds', () => {
  test('what is expected is broken exactly where it does not hold', () => {
    const comparison = fc.constantFrom('>', '>=', '<', '<=');
    fc.assert(
      fc.property(comparison, fc.integer(), fc.integer(), (sign, value, limit) => {
        return compares(value, NEGATED[sign], limit) === !compares(value, sign, limit);
      }),
    );
  });

  test('are read with or without spaces', () => {
    expect(parseThreshold('>10%', '')).toEqual({ comparison: '>', value: 10, unit: '%' });
    expect(parseThreshold(' <=  0.5  /min ', '')).toEqual({ comparison: '<=', value: 0.5, unit: '/min' });
  });
});

describe('suggestions', () => {
  test('a slip is understood, something else is not', () => {
    const known = ['error-rate', 'latency-p95', 'cpu'];
    expect(nearest('eror-rate', known)).toBe('error-rate');
    expect(nearest('ERROR_RATE', known)).toBe('error-rate');
    expect(nearest('latency-p59', known)).toBe('latency-p95');
    expect(nearest('throughput', known)).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });

  test('the distance is the same both ways, and nothing only for equals', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        return (
          distance === editDistance(b, a) && (distance === 0) === (a === b) && distance <= Math.max(a.length, b.length)
        );
      }),
    );
  });
});

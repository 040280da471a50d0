import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EarlierRun, refusalToStart, unfinishedRun } from '../../src/domain/precedents.js';

const run = (status: string, verdict?: string): EarlierRun => ({ runId: `${status}-${verdict}`, status, verdict });
const succeeded = run('COMPLETED', 'succeeded');
const aborted = run('COMPLETED', 'aborted');
const terminated = run('TERMINATED', 'running');

const anyRun = fc.record({
  runId: fc.uuid(),
  deployment: fc.option(fc.uuid(), { nil: undefined }),
  status: fc.constantFrom('COMPLETED', 'TERMINATED', 'FAILED', 'CANCELLED', 'TIMED_OUT'),
  verdict: fc.constantFrom(undefined, 'succeeded', 'rolled-back', 'rollback-failed', 'aborted', 'rejected', 'running'),
});

describe('the run that has left production to nobody', () => {
  test.each<[string, EarlierRun[], EarlierRun | undefined]>([
    ['none, where there has been none', [], undefined],
    ['none after one that ended by itself', [succeeded, terminated], undefined],
    [
      'none after one whose rollback failed: people have taken it over',
      [run('COMPLETED', 'rollback-failed'), terminated],
      undefined,
    ],
    ['the last one, when it was terminated', [terminated, succeeded], terminated],
    [
      'the one before those that never came to production',
      [aborted, run('COMPLETED', 'rejected'), terminated],
      terminated,
    ],
    ['none, where those that never came to production are all there are', [aborted], undefined],
    ['one that failed without a word', [run('FAILED')], run('FAILED')],
  ])('is %s', (_, runs, unfinished) => expect(unfinishedRun(runs)).toEqual(unfinished));
});

describe('a start', () => {
  test('is refused while anything rolls back, whatever people say', () => {
    fc.assert(
      fc.property(fc.array(anyRun), fc.option(fc.uuid(), { nil: undefined }), (runs, after) => {
        expect(refusalToStart({ runs, rollbacks: ['shop/rollback-code'] }, after)).toContain('shop/rollback-code');
      }),
    );
  });

  test('is free exactly where nothing is unfinished and nothing is named, or what is unfinished is named', () => {
    fc.assert(
      fc.property(fc.array(anyRun), fc.nat(), fc.boolean(), (runs, which, isNamed) => {
        const named = isNamed ? (runs[which % Math.max(runs.length, 1)]?.runId ?? 'x') : undefined;
        const isFree = refusalToStart({ runs, rollbacks: [] }, named) === undefined;
        expect(isFree).toBe(unfinishedRun(runs)?.runId === named);
      }),
    );
  });

  test('beside one that runs is refused, also where people name it', () => {
    const running = { ...run('RUNNING'), runId: 'r' };
    expect(refusalToStart({ runs: [running], rollbacks: [] }, 'r')).toContain('is running');
  });
});

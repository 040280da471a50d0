import { describe, expect, test } from 'vitest';
import { renderRunbook, shownSteps } from '../../../src/client/rendering/runbook.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { replaceOnce, SHIPPED, shippedText, write } from '../plan-files.js';

const SAID = /\n {4}(noData|notANumber|providerError): unknown(?=\n)/g;
const load = (text: string) => loadWhole(write('plan.yaml', text));
const criteria = (plan: ReturnType<typeof load>) =>
  [plan.soak, ...plan.watches].flatMap((watch) => watch.criteria.map((criterion) => ({ watch, criterion })));

describe('what silence means to a criterion', () => {
  test('is unknown where the plan does not say: no data, not a number and an error of the source alike', () => {
    const silent = shippedText.replaceAll(SAID, '');
    expect(silent.length).toBeLessThan(shippedText.length);
    expect(criteria(load(silent)).map(({ criterion }) => criterion)).toEqual(
      criteria(loadWhole(SHIPPED)).map(({ criterion }) => criterion),
    );
  });

  test('leaves a watch unknown when fewer than half of its samples are known, where the plan does not say', () => {
    const silent = shippedText.replaceAll(/\n {4}minimumSamples: (30|144|720)(?=\n)(?!\n {4}(tier|notEnough))/g, '');
    for (const { watch, criterion } of criteria(load(silent))) {
      expect(criterion.minimumSamples, criterion.id).toBe(Math.floor(watch.duration / watch.tick / 2));
    }
  });

  test('follows a watch that is made shorter', () => {
    const file = write(
      'plan.yaml',
      [
        ['  - id: watch-5m\n', '  - id: watch-5m\n    minimum: 4m\n'],
        [
          '    rollback: code\n    noData: unknown\n    notANumber: unknown\n    providerError: unknown\n    minimumSamples: 30\n  latency-p95-5m',
          '    rollback: code\n  latency-p95-5m',
        ],
      ].reduce((text, edit) => replaceOnce(text, edit as [string, string]), shippedText),
    );
    const least = (shorten?: Record<string, number>) =>
      loadWhole(file, { shorten }).watches[0]?.criteria.find(({ id }) => id === 'logs-5m')?.minimumSamples;
    expect(least()).toBe(30);
    expect(least({ 'watch-5m': 240_000 })).toBe(24);
  });

  test('is shown with the runbook, once for all criteria to which it means the same', () => {
    const steps = shownSteps(loadWhole(SHIPPED));
    const shown = renderRunbook(steps, { bold: String, dim: String } as never);
    expect(shown).toContain('no data: unknown, not a number: unknown, error: unknown, fewest samples: 144 (all)');
    expect(shown).toMatch(
      /no data: breached, not a number: breached, error: breached, fewest samples: 30 \(immediate-down\)/,
    );
  });
});

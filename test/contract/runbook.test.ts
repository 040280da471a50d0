import { describe, expect, test } from 'vitest';
import { renderRunbook, shownSteps } from '../../src/client/rendering/runbook.js';
import { runbookOf } from '../../src/contract/runbook.js';
import { timelineOf } from '../../src/contract/timeline.js';
import { PHASES } from '../../src/domain/steps.js';
import { loadPlan } from '../../src/plan/load.js';
import { SHIPPED } from '../plan/plan-files.js';

const plain = { bold: String, dim: String } as never;

describe.each([
  ['the shipped plan', SHIPPED],
  ['the second example', 'plans/orders-node.yaml'],
])('the runbook of %s', (_, file) => {
  const { resolved } = loadPlan(file);
  const runbook = runbookOf(resolved);

  test('has no step twice', () => {
    expect(new Set(runbook.map(({ id }) => id)).size).toBe(runbook.length);
  });

  test('is in the order of the phases, and of the times at which its steps begin', () => {
    const phases = runbook.map(({ phase }) => PHASES.indexOf(phase));
    expect(phases).toEqual([...phases].sort((a, b) => a - b));
    const times = [...timelineOf(resolved).values()].map(({ after }) => after);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('has every step and fact that a box rests on', () => {
    const facts = new Set(runbook.flatMap((step) => step.facts.map((fact) => `${step.id}/${fact}`)));
    for (const { by } of resolved.items) for (const { step, fact } of by) expect(facts).toContain(`${step}/${fact}`);
  });

  test('is shown with every step, and every box of the plan', () => {
    const steps = shownSteps(resolved);
    const shown = renderRunbook(steps, plain);
    for (const { id, title } of runbook) expect(shown).toContain(`${id}: ${title}`);
    const boxes = new Set(steps.flatMap(({ facts }) => facts.flatMap((fact) => fact.boxes)));
    expect(boxes).toEqual(new Set(resolved.items.map(({ id }) => id)));
  });
});

test('what may have changed production is rolled back when it fails, and nothing before or after', () => {
  const steps = runbookOf(loadPlan(SHIPPED).resolved);
  const changing = steps.filter(({ onFailure }) => onFailure === 'rollback').map(({ id }) => id);
  const first = steps.findIndex(({ id }) => id === 'production.deploy');
  const last = steps.findIndex(({ id }) => id === 'production.restart');
  expect(changing).toEqual(steps.slice(first, last + 1).map(({ id }) => id));
});

test('a step stands in the section of its first box in the plan’s own checklist, and in none where no box rests on it', () => {
  const sections = (file: string) =>
    Object.fromEntries(runbookOf(loadPlan(file).resolved).map(({ id, section }) => [id, section]));
  expect(sections(SHIPPED)).toMatchObject({
    'staging.backup': '1.1',
    'watch.database': '4.2',
    soak: '1.7',
    admission: '',
  });
  expect(sections('plans/orders-node.yaml')).toMatchObject({
    'watch-15m': '4.1',
    'sign-offs': '2',
    'closing.state': '4.2',
  });
  expect(new Set(Object.values(sections('plans/minimal.yaml')))).toEqual(new Set(['']));
});

test('production’s statistics are looked into where a box rests on one, and only there', () => {
  const steps = (file: string) => new Map(runbookOf(loadPlan(file).resolved).map(({ id, off }) => [id, off]));
  const shipped = steps(SHIPPED);
  expect([shipped.get('watch.database'), shipped.get('watch-5m.index-use')]).toEqual([undefined, undefined]);
  const orders = steps('plans/orders-node.yaml');
  expect([orders.get('watch.database'), orders.get('watch-6h.index-use')]).toEqual(['items', undefined]);
});

/** What a plan says of the order of deploy and migration, and of what follows when a step of production fails. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { betweenOf } from '../../src/contract/plan/parts.js';
import { runbookOf, stepsByID } from '../../src/contract/runbook.js';
import { loadPlan } from '../../src/plan/load.js';
import { problemsOf, write } from './plan-files.js';

const PLAN = 'plans/web-and-database.yaml';
const changed = (changes: Record<string, unknown>) => loadPlan(PLAN, { changes });

describe('the migration', () => {
  test('comes before the deploy, on staging and in production, where the plan says so', () => {
    const { resolved } = changed({ 'migration.when': 'before-deploy' });
    const steps = runbookOf(resolved).map(({ id }) => id);
    for (const environment of ['staging', 'production']) {
      const [migration, deploy, health] = ['migration', 'deploy', 'health'].map((step) =>
        steps.indexOf(`${environment}.${step}`),
      );
      expect([migration, deploy, health]).toEqual([migration, deploy, health].sort((a, b) => Number(a) - Number(b)));
    }
    expect(steps.indexOf('production.indexes')).toBeLessThan(steps.indexOf('production.deploy'));
    expect(steps.indexOf('staging.reversibility')).toBeGreaterThan(steps.indexOf('staging.deploy'));
    expect(betweenOf(resolved)).toMatchObject({ migratesFirst: true, maintenance: false, tried: true });
  });

  test('comes after it where the plan does not say, which leaves its digest as it was', () => {
    const { resolved, digest } = loadPlan(PLAN);
    expect(resolved.migration).not.toHaveProperty('when');
    expect(betweenOf(resolved)).toMatchObject({ migratesFirst: false });
    expect(runbookOf(changed({ 'migration.when': 'after-deploy' }).resolved)).toEqual(runbookOf(resolved));
    expect(changed({ 'migration.when': 'before-deploy' }).digest).not.toBe(digest);
  });

  test('that goes first is warned of where its commands are run from the folder of what is deployed', () => {
    const { warnings } = changed({ 'migration.when': 'before-deploy' });
    expect(warnings.map(({ path }) => path)).toEqual(['migration.heads', 'migration.upgrade']);
    const elsewhere = { 'migration.heads.in': 'repository', 'migration.upgrade.in': 'repository' };
    const local = { ...elsewhere, 'migration.heads.on': 'worker', 'migration.upgrade.on': 'worker' };
    expect(changed({ 'migration.when': 'before-deploy', ...local }).warnings).toEqual([]);
  });

  test('has users on nothing in between where there is none', () => {
    expect(betweenOf(loadPlan('plans/minimal.yaml').resolved)).toBeUndefined();
  });
});

describe('a step that fails after production has changed', () => {
  test('is asked about where the plan says so, each step for itself', () => {
    const { resolved } = changed({ 'production.onFailure': { smoke: 'ask', migration: 'roll-back' } });
    const failing = (id: string) => stepsByID(resolved).get(id)?.onFailure;
    expect(['production.smoke', 'production.migration', 'production.health'].map(failing)).toEqual([
      ...['ask', 'rollback', 'rollback'],
    ]);
    expect(loadPlan(PLAN).resolved.production).not.toHaveProperty('onFailure');
  });

  test('is named as the plan’s reference has it', () => {
    const section = 'production: { onFailure: { smokes: ask, indexes: stop } }';
    const file = write('plan.yaml', `${readFileSync(PLAN, 'utf8')}\n${section}\n`);
    expect(problemsOf(() => loadPlan(file))).toMatchObject([
      { path: 'production.onFailure.smokes', suggestion: 'smoke' },
      { path: 'production.onFailure.indexes', message: '"stop" is not known here; write ask or roll-back' },
    ]);
  });
});

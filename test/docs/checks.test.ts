/** The example of docs/checks.md is one: in a plan it has its steps where the page says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { runbookOf } from '../../src/contract/runbook.js';
import { loadPlan } from '../../src/plan/load.js';
import { write } from '../plan/plan-files.js';

const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/checks.md', 'utf8')) ?? [];

test('the checks that the page shows are steps of a plan that has them', () => {
  const plan = parse(readFileSync('plans/web-and-database.yaml', 'utf8'));
  const file = write('plan.yaml', stringify({ ...plan, ...parse(example), functional: ['invoices'] }));
  const { resolved, warnings } = loadPlan(file);
  expect(warnings).toEqual([]);
  const steps = runbookOf(resolved).map(({ id, phase, onFailure, facts }) => ({ id, phase, onFailure, facts }));
  expect(steps.filter(({ id }) => /^(queue|invoices|no-|calm|notes)/.test(id))).toEqual([
    { id: 'queue-drained', phase: 'prerequisites', onFailure: 'stop', facts: ['ran', 'field'] },
    { id: 'invoices-there', phase: 'staging', onFailure: 'ask', facts: ['status', 'structure'] },
    { id: 'no-drafts', phase: 'staging', onFailure: 'ask', facts: ['rows'] },
    { id: 'calm', phase: 'approval', onFailure: 'ask', facts: ['few-errors'] },
    { id: 'invoices-kept.before', phase: 'production', onFailure: 'ask', facts: ['read'] },
    { id: 'invoices-kept', phase: 'production', onFailure: 'rollback', facts: ['before'] },
    { id: 'notes', phase: 'closing', onFailure: 'ask', facts: ['confirmed'] },
  ]);
});

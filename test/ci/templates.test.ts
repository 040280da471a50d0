/** What `ci/` offers to pipelines: its inputs are told and used, and nothing that was said becomes part of a script. */
import { describe, expect, test } from 'vitest';
import { MILESTONES } from '../../src/domain/deployments/until.js';
import { action, job, jobs, TEMPLATES } from './templates.js';

const used = (text: string): string[] => [...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name = '']) => name);
const INPUT = /^\$(?:\{\{ inputs\.[\w-]+ \}\}|\[\[ inputs\.[\w-]+ \]\])$/;

describe.each(Object.entries(TEMPLATES))('ci/%s', (kind, { inputs, variables, script }) => {
  test('every input is told, and used; nothing else is', () => {
    for (const [name, { description }] of Object.entries(inputs)) expect(description, name).toMatch(/^[A-Z].{10,}/);
    const all = used(kind === 'github' ? JSON.stringify(action.runs) : JSON.stringify(jobs));
    expect(new Set(all)).toEqual(new Set(Object.keys(inputs)));
  });

  test('a script reads what was said to it from variables: nothing that was said becomes part of it', () => {
    expect(script).not.toMatch(/\$\{\{|\$\[\[/);
    const read = [...script.matchAll(/"\$(SUREFOOT\w*)"|\$(SUREFOOT)\b/g)].map(([, one, other]) => one ?? other);
    expect(new Set(read)).toEqual(new Set(Object.keys(variables)));
    const filled = Object.entries(variables).filter(([name]) => name !== 'SUREFOOT_HERE');
    for (const [name, value] of filled) expect(value, name).toMatch(INPUT);
  });

  test('as far as one can be waited for, it is told', () => {
    const { description = '', options } = inputs.until ?? {};
    if (options) expect(options).toEqual(['', ...MILESTONES]);
    else expect(description).toContain(`(${MILESTONES.join(', ')})`);
  });
});

test('what is still on its way is no failure of a job', () => {
  expect(job.allow_failure).toEqual({ exit_codes: [4] });
});

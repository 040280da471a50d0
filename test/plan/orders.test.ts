import { describe, expect, test } from 'vitest';
import { stepsByID } from '../../src/contract/runbook.js';
import { loadPlan } from '../../src/plan/load.js';

const { resolved, warnings } = loadPlan('plans/orders-node.yaml');

describe('the second example: a Node service that is rolled out while it serves', () => {
  test('loads without warnings', () => {
    expect(warnings).toEqual([]);
  });

  test('migrates with another tool, without maintenance mode, and asks three roles', () => {
    expect(resolved.migration).toMatchObject({
      tool: 'node-pg-migrate',
      revision: '1764000000000_reserve-stock',
      within: 20_000,
    });
    expect(resolved.production.maintenance.enabled).toBe(false);
    expect(resolved.approvals.roles.map(({ role }) => role)).toEqual(['tech-lead', 'on-call', 'product']);
  });

  test('has boxes of its own, each settled by steps that run', () => {
    const established = stepsByID(resolved);
    expect(resolved.items).toHaveLength(52);
    for (const { id, by, off } of resolved.items) {
      expect(off, id).toBeUndefined();
      expect(by, id).not.toEqual([]);
      for (const { step, fact } of by) expect(established.get(step)?.facts, id).toContain(fact);
    }
  });

  test('soaks for six hours, then watches twice', () => {
    expect(resolved.soak?.duration).toBe(6 * 3_600_000);
    expect(resolved.watches.map(({ id }) => id)).toEqual(['watch-15m', 'watch-6h']);
  });

  test('tells one webhook everything that happens, and names it where people are asked', () => {
    expect(resolved.notifications.channels.map(({ id }) => id)).toEqual(['team']);
  });
});

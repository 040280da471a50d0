/** Whom a watchdog with a policy tells nothing, whatever a start in Temporal says. */
import { expect, test } from 'vitest';
import { deployWorkflowId } from '../../src/contract/names.js';
import { WATCHDOG_RULES } from '../../src/domain/watchdog/symptoms.js';
import { loadPlan } from '../../src/plan/load.js';
import type { Policy } from '../../src/policy/policy.js';
import { Lookout } from '../../src/watchdog/look.js';
import type { ServerView } from '../../src/watchdog/server-view.js';
import { whyUnheard } from '../../src/watchdog/unheard.js';
import { SHIPPED } from '../plan/plan-files.js';

const { resolved: plan, digest } = loadPlan(SHIPPED);
const policy: Policy = {
  people: new Map([['ana.souza', { id: 'ana.souza', name: 'Ana', roles: ['lead'], keys: [] }]]),
  services: new Map([[plan.service, { start: ['lead'], approve: [], plans: [digest] }]]),
  ...{ identityProviders: new Map(), proofs: new Map(), decisions: {}, signed: new Set() },
  ...{ automaticRollback: true, runners: {} },
};
const deployment = `${plan.service}-20261127-000000-abcd`;
const start = { deployment, plan, digest, startedBy: 'ana.souza', clock: 'real' as const };

test('channels of a start that the policy does not let be are told nothing by the watchdog, and that is said', async () => {
  expect(await whyUnheard(policy, start)).toBeUndefined();
  const channel = { id: 'hook', kind: 'webhook', url: 'https://evil.example', token: 'env:PAGER_TOKEN' };
  const theirs = { ...plan, notifications: { ...plan.notifications, channels: [channel] } };
  const run = { workflowId: deployWorkflowId(plan.service), runId: 'theirs' };
  const seenOf = (input: unknown) => {
    const view: Partial<ServerView> = {
      open: async () => [{ ...run, type: 'DeployWorkflow', root: run }],
      describe: async () => ({ workflowExecutionInfo: { status: 1 } }) as never,
      input: async () => input as never,
    };
    const lookout = new Lookout((sent) => whyUnheard(policy, sent));
    return lookout.look(view as ServerView, [], WATCHDOG_RULES);
  };
  for (const [input, reason] of [
    // Its digest is the one that was agreed on, and its plan is not.
    [{ ...start, plan: theirs }, 'the plan is not one that the policy lets be carried out'],
    [{ ...start, startedBy: 'mallory' }, 'mallory is not one of the people of the policy'],
  ] as const) {
    const { seen, starts, unknown } = await seenOf(input);
    expect([seen, [...starts]]).toEqual([[], []]);
    expect(unknown).toEqual([expect.stringMatching(`whom to tell, is not known: .*told nothing, .*: .*${reason}`)]);
  }
});

/** Steps that put several activities and people together, on a real server: the documentation, the restart. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createBrowserActivities } from '../../src/activities/application/documentation.js';
import { createHttpActivities } from '../../src/activities/application/endpoints.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import type { Command } from '../../src/contract/plan/commands.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Decision, OpenQuestion, StepRecord } from '../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../src/plan/load.js';
import { json, serve } from '../helpers/server.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

const temporal = workflowServer();
beforeAll(async () => {
  await temporal.work({
    taskQueue: 'steps',
    workflowsPath: fileURLToPath(new URL('./steps.ts', import.meta.url)),
    activities: {
      ...createPeopleActivities(),
      ...createBrowserActivities(),
      ...createHttpActivities(),
      ...createCommandActivities({ state: join(temporal.folder, 'state') }),
    },
  });
});

const shipped = loadPlan(SHIPPED).resolved;
let count = 0;

/** Carries one step out, and says this when it asks. @returns what became of it, and what it asked */
async function carryOut(
  workflow: string,
  changes: Partial<ResolvedPlan>,
  say?: Decision,
): Promise<{ steps: StepRecord[]; asked?: OpenQuestion }> {
  count += 1;
  const notifications = { ...shipped.notifications, channels: [], events: {} };
  const plan: ResolvedPlan = { ...shipped, evidence: join(temporal.folder, 'evidence'), notifications, ...changes };
  const deployment = `d-${count}`;
  const input: DeployInput = { deployment, plan, digest: '0'.repeat(64), startedBy: 'ana.souza', clock: 'real' };
  const handle = await temporal.client.workflow.start(workflow, {
    taskQueue: 'steps',
    workflowId: deployment,
    args: [input],
  });
  const question = async () => (await handle.query(statusQuery)).questions[0];
  const asked = say && (await vi.waitUntil(question, { timeout: 20_000, interval: 50 }));
  if (say) await handle.executeUpdate(decideUpdate, { args: [say] });
  return { steps: (await handle.result()) as StepRecord[], asked };
}

test('where the worker has no browser, a person with the plan’s role vouches for the documentation', async () => {
  vi.stubEnv('SUREFOOT_BROWSER', '/nowhere/chromium');
  onTestFinished(() => void vi.unstubAllEnvs());
  const why = 'looked at it in Firefox';
  const { steps, asked } = await carryOut('documenting', {}, { kind: 'confirm', who: 'fabio.nunes', role: 'qa', why });
  expect(asked).toMatchObject({
    kind: 'confirmation',
    id: 'staging.swagger',
    roles: ['qa'],
    title: expect.stringContaining('/docs'),
    text: expect.stringContaining('SUREFOOT_BROWSER is /nowhere/chromium'),
  });
  const by = { who: 'fabio.nunes', role: 'qa', why };
  const text = `confirmed by fabio.nunes as qa: ${why}`;
  expect(steps[0]).toMatchObject({
    id: 'staging.swagger',
    state: 'passed',
    facts: ['loads', 'listed', 'parameters', 'schema', 'example'].map((name) => ({ name, ok: true, text, by })),
  });
}, 60_000);

test('a plan without documentation has no such step', async () => {
  const { steps } = await carryOut('documenting', { apiDocumentation: undefined });
  expect(steps).toEqual([]);
});

/** The shipped plan with a service whose restart writes these lines to its log. */
async function restartable(lines: string[], version = 'main'): Promise<Partial<ResolvedPlan>> {
  const { url } = await serve((_, response) => json(response, { version }));
  const log = join(temporal.folder, `app-${count}.log`);
  writeFileSync(log, 'application started\nCRITICAL: long ago\n');
  const command = (...run: string[]): Command => ({ run, on: 'worker', folder: temporal.folder, timeout: 10_000 });
  const restartService = command('sh', '-c', 'for line in "$@"; do echo "$line" >> "$0"; done', log, ...lines);
  const { production } = shipped.environments;
  return {
    environments: { ...shipped.environments, production: { ...production, api: url, tools: [] } },
    commands: { ...shipped.commands, restartService, logs: command('cat', log) },
    production: { ...shipped.production, restart: true },
    healthWithin: 3_000,
  };
}

test('a restart is proven by its command, the health check with the release, and the new lines of the log', async () => {
  const lines = ['application stopped', 'application started'];
  const [step] = (await carryOut('restarting', await restartable(lines))).steps;
  expect(step?.facts.map(({ name, ok }) => [name, ok])).toEqual([
    ['ran', true],
    ['status', true],
    ['logs', true],
  ]);
  expect(step).toMatchObject({ id: 'production.restart', state: 'passed' });
}, 60_000);

test.each<[string, string[], string, string]>([
  ['does not start well', ['application stopped'], 'main', 'logs'],
  ['fails while it starts', ['CRITICAL: no database', 'application started'], 'main', 'logs'],
  ['runs another release', ['application started'], 'v1.2.3', 'status'],
])(
  'a service that %s after the restart fails exactly that',
  async (_, lines, version, failed) => {
    const say: Decision = { kind: 'skip', who: 'diego.alves', role: 'devops', why: 'looked at it' };
    const { steps, asked } = await carryOut('restarting', await restartable(lines, version), say);
    const [step] = steps;
    expect(asked).toMatchObject({ kind: 'step-failed', id: 'production.restart' });
    expect(step?.facts.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([failed]);
    expect(step?.facts).toHaveLength(3);
  },
  60_000,
);

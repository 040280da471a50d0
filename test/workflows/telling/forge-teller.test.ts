/** The forge shows each state of a deployment: the deployment's own code on a real server, and a forge that keeps what it is told. */
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createForgeActivities } from '../../../src/activities/forge/forge.js';
import { createPeopleActivities } from '../../../src/activities/notify/people.js';
import type { DeployInput } from '../../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../../src/contract/messages.js';
import type { Forge } from '../../../src/contract/plan/forge.js';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../../src/plan/load.js';
import { COMMIT, type GitHubForge, githubForgeServer } from '../../helpers/forges.js';
import { broken, silent } from '../../helpers/receivers.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED } from '../../plan/plan-files.js';

const temporal = workflowServer();
/** How often the activity is begun before it is let through. */
let refusals = 0;
let archiving: () => Promise<{ untold: string[] }>;

beforeAll(async () => {
  const { tellForge } = createForgeActivities({ patience: { answer: 400, whole: 2_000, pause: 10 } });
  await temporal.work({
    taskQueue: 'forge',
    workflowsPath: fileURLToPath(new URL('./shown.ts', import.meta.url)),
    activities: {
      ...createPeopleActivities(),
      archiveDeployment: () => archiving(),
      tellForge: async (input: Parameters<typeof tellForge>[0]) => {
        const told = await tellForge(input);
        // The worker is gone before Temporal has heard of it.
        if (refusals-- > 0) throw ApplicationFailure.retryable('the worker has died');
        return told;
      },
    },
  });
});

let github: GitHubForge;
beforeEach(async () => {
  process.env.TEST_GITHUB_TOKEN = 'ghp_canary-token';
  refusals = 0;
  archiving = async () => ({ untold: [] });
  github = await githubForgeServer();
});

const { resolved } = loadPlan(SHIPPED);
let count = 0;

async function start(
  { commit, clock = 'real' }: { commit?: string; clock?: DeployInput['clock'] } = { commit: COMMIT },
) {
  const forge: Forge = {
    kind: 'github',
    api: github.url,
    token: 'env:TEST_GITHUB_TOKEN',
    owner: 'shop',
    repository: 'backend',
    environment: 'production',
  };
  const notifications = { channels: [], events: {}, templates: {}, contacts: [], notices: [] };
  const plan = { ...resolved, forge, notifications };
  const workflowId = `forge-${++count}`;
  const input = { deployment: workflowId, plan, digest: 'd'.repeat(64), startedBy: 'ana.souza', clock, commit };
  const handle = await temporal.virtual.workflow.start('shown', { taskQueue: 'forge', workflowId, args: [input] });
  const confirm = async (subject: string, who: string, role: string) => {
    const isAsked = async () => (await handle.query(statusQuery)).questions.some(({ id }) => id === subject);
    await vi.waitUntil(isAsked, { timeout: 10_000 });
    await handle.executeUpdate(decideUpdate, { args: [{ kind: 'confirm', who, role, subject }] });
  };
  const isShown = (text: string) => vi.waitUntil(() => shownAt().at(-1)?.includes(text), { timeout: 10_000 });
  return { handle, confirm, isShown };
}

const shownAt = () => [...github.states.values()].flat().map(({ state, description }) => `${state}: ${description}`);

test('each state is shown in its turn, with whom is waited for, and the end is not lost with the workflow', async () => {
  const { handle, confirm, isShown } = await start();
  await isShown('waits for qa');
  await confirm('manual', 'fabio.nunes', 'qa');
  await isShown('waits for devops');
  await confirm('access', 'diego.alves', 'devops');
  expect(await handle.result()).toMatchObject({ outcome: 'succeeded', untold: [] });
  expect(shownAt()).toEqual([
    'pending: waits for qa: Is manual ready?',
    'pending: waits for devops: Is access ready?',
    'success: succeeded: all phases passed',
  ]);
  expect(github.deployments).toHaveLength(1);
  expect(github.statuses.map(({ state }) => state)).toEqual(['pending', 'pending', 'success']);
});

test('what a worker wrote before it died is found, and not written again', async () => {
  refusals = 2;
  const { handle, isShown } = await start();
  await isShown('waits for qa');
  await vi.waitUntil(() => refusals < 0, { timeout: 20_000 });
  expect([github.deployments.length, shownAt().length, github.statuses.length]).toEqual([1, 1, 1]);
  await handle.terminate();
});

test.each([
  ['answers with errors', broken, '500'],
  ['closes the connection', (response: ServerResponse) => void response.destroy(), 'no answer'],
  ['hangs', silent, 'no answer'],
])(
  'a forge that %s delays nothing and fails nothing: what it does not show is in the ledger',
  async (_, answer, why) => {
    let seen = (): void => {};
    const looked = new Promise<void>((resolve) => {
      seen = resolve;
    });
    github.handle = (_request, response) => void looked.then(() => answer(response));
    const { handle, confirm } = await start();
    await confirm('manual', 'fabio.nunes', 'qa');
    await confirm('access', 'diego.alves', 'devops');
    await vi.waitUntil(async () => (await handle.query(statusQuery)).outcome === 'succeeded', { timeout: 10_000 });
    // It has come to its end while the forge was still being told of its beginning.
    expect((await handle.query(statusQuery)).untold).toEqual([]);
    seen();
    const { outcome, untold } = (await handle.result()) as Ledger;
    expect(outcome).toBe('succeeded');
    const unshown = (state: string) =>
      expect.stringMatching(`^GitHub .shop/backend. does not show “${state}”: .*${why}`);
    expect(untold).toEqual([unshown('pending'), unshown('success')]);
  },
);

test('nothing is told of a commit that is not known, and that is said', async () => {
  const { handle, confirm } = await start({});
  await confirm('manual', 'fabio.nunes', 'qa');
  await confirm('access', 'diego.alves', 'devops');
  const { untold } = (await handle.result()) as Ledger;
  expect(untold).toEqual([expect.stringMatching(/the forge does not show “success”: which commit .* was not known/)]);
  expect(github.requests).toEqual([]);
});

test('nothing is told of what is played in virtual time', async () => {
  const { handle, confirm } = await start({ commit: COMMIT, clock: 'virtual' });
  await confirm('manual', 'fabio.nunes', 'qa');
  await confirm('access', 'diego.alves', 'devops');
  expect(await handle.result()).toMatchObject({ outcome: 'succeeded', untold: [] });
  expect(github.requests).toEqual([]);
});

test('an archive that could not be written is told by the ledger and by the board, and fails nothing', async () => {
  archiving = () => Promise.reject(ApplicationFailure.nonRetryable('ENOSPC: no space left on device'));
  const { handle, confirm } = await start({ clock: 'virtual' });
  await confirm('manual', 'fabio.nunes', 'qa');
  await confirm('access', 'diego.alves', 'devops');
  const why = 'the deployment could not be archived: ENOSPC: no space left on device';
  expect(await handle.result()).toMatchObject({ outcome: 'succeeded', untold: [], unkept: [why] });
  const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain(why);
});

/** How a deployment stands, told to forges that keep what they are told. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createForgeActivities } from '../../../src/activities/forge/forge.js';
import { probeForge } from '../../../src/adapters/forge/forges.js';
import type { ForgeDeployment, ForgeSubject } from '../../../src/contract/activities/forge.js';
import type { Forge } from '../../../src/contract/plan/forge.js';
import type { ForgeReport } from '../../../src/domain/forge/forge-report.js';
import { inActivity } from '../../helpers/context.js';
import {
  COMMIT,
  type GitHubForge,
  type GitLabForge,
  githubForgeServer,
  gitlabForgeServer,
  lost,
} from '../../helpers/forges.js';
import { broken, nonsense, silent, tooMany } from '../../helpers/receivers.js';
import { json } from '../../helpers/server.js';

const PATIENCE = { answer: 400, whole: 4_000, pause: 10 };
const { tellForge } = createForgeActivities({ patience: PATIENCE });

beforeEach(() => {
  process.env.TEST_GITHUB_TOKEN = 'ghp_canary-token';
  process.env.TEST_GITLAB_TOKEN = 'glpat-canary-token';
});

const subject: ForgeSubject = {
  deployment: 'shop-20251124-120000-ab12',
  service: 'shop',
  ref: COMMIT,
  target: 'v2',
  link: 'https://temporal.example.com/workflows/shop',
  startedAt: Date.now(),
};

const QUEUED: ForgeReport = { state: 'queued', text: 'staging; production is not touched yet' };
const WAITING: ForgeReport = { state: 'pending', text: 'waits for qa, dba: Sign-offs', waitsFor: ['qa', 'dba'] };
const WAITING_STILL: ForgeReport = { state: 'pending', text: 'waits for dba: Sign-offs', waitsFor: ['dba'] };
const WORKING: ForgeReport = { state: 'in-progress', text: 'production' };
const DONE: ForgeReport = { state: 'success', text: 'succeeded: all phases passed' };
const BACK: ForgeReport = { state: 'inactive', text: 'rolled back: errors at 12 %' };
const WAY = [QUEUED, WAITING, WAITING_STILL, WORKING, DONE];

const github = ({ url }: GitHubForge): Forge => ({
  kind: 'github',
  api: url,
  token: 'env:TEST_GITHUB_TOKEN',
  owner: 'shop',
  repository: 'backend',
  environment: 'production',
});
const gitlab = ({ url }: GitLabForge): Forge => ({
  kind: 'gitlab',
  api: `${url}/api/v4`,
  token: 'env:TEST_GITLAB_TOKEN',
  project: 'shop/web/backend',
  environment: 'production',
});

const tell = (
  forge: Forge,
  report: ForgeReport,
  more: { known?: ForgeDeployment; about?: Partial<ForgeSubject> } = {},
) => inActivity(() => tellForge({ forge, subject: { ...subject, ...more.about }, report, known: more.known }));

async function tellAll(forge: Forge, reports: readonly ForgeReport[], about: Partial<ForgeSubject> = {}) {
  for (const report of reports) expect(await tell(forge, report, { about })).toEqual({ known: expect.anything() });
}

describe('GitHub', () => {
  const statesOf = ({ states }: GitHubForge) => [...states.values()].flat().map(({ state }) => state);

  test('each state is added to one deployment of the commit, and to the status of the commit', async () => {
    const forge = await githubForgeServer();
    await tellAll(github(forge), WAY);
    expect(forge.deployments).toMatchObject([
      { sha: COMMIT, environment: 'production', payload: { surefoot: subject.deployment, service: 'shop' } },
    ]);
    expect(statesOf(forge)).toEqual(['queued', 'pending', 'pending', 'in_progress', 'success']);
    const shown = forge.statuses.map(({ state, context, description }) => `${context} ${state}: ${description}`);
    expect(shown).toEqual([
      'surefoot/shop pending: staging; production is not touched yet',
      'surefoot/shop pending: waits for qa, dba: Sign-offs',
      'surefoot/shop pending: waits for dba: Sign-offs',
      'surefoot/shop pending: production',
      'surefoot/shop success: succeeded: all phases passed',
    ]);
    expect(forge.statuses.every(({ target_url }) => target_url === subject.link)).toBe(true);
  });

  test('what was rolled back is inactive, its commit has failed, and no older deployment is touched', async () => {
    const forge = await githubForgeServer();
    await tellAll(github(forge), [WORKING, BACK]);
    expect(statesOf(forge)).toEqual(['in_progress', 'inactive']);
    expect(forge.statuses.at(-1)).toMatchObject({ state: 'failure', description: 'rolled back: errors at 12 %' });
    expect([...forge.states.values()].flat().every(({ auto_inactive }) => auto_inactive === false)).toBe(true);
  });

  test('nothing is doubled when the answer to any of its requests is lost', async () => {
    for (const at of [0, 1, 2]) {
      const forge = await githubForgeServer();
      forge.instead.push(...[0, 1, 2].map((n) => (n === at ? lost : undefined)));
      await tellAll(github(forge), [QUEUED, QUEUED]);
      expect(forge.deployments).toHaveLength(1);
      expect([statesOf(forge), forge.statuses.length]).toEqual([['queued'], 1]);
    }
  });

  test('a worker that knows nothing of what another one wrote finds it by its payload, among those of others', async () => {
    const forge = await githubForgeServer();
    await tellAll(github(forge), [QUEUED]);
    for (let other = 0; other < 120; other += 1) {
      forge.deployments.push({
        ...(forge.deployments[0] as never as object),
        id: 1_000 + other,
        payload: '{}',
      } as never);
    }
    const { known } = await tell(github(forge), WORKING);
    expect(known).toEqual({ id: forge.deployments[0]?.id, commit: COMMIT });
    expect(forge.written.filter((request) => request.endsWith('/deployments'))).toHaveLength(1);
  });

  test('a second deployment of the same commit has its own, and the status says so', async () => {
    const forge = await githubForgeServer();
    const link = `${subject.link}-again`;
    await tellAll(github(forge), [WORKING, DONE]);
    await tellAll(github(forge), [DONE], { deployment: 'shop-20251125-120000-cd34', link });
    expect(forge.deployments).toHaveLength(2);
    expect(forge.statuses.at(-1)).toMatchObject({ state: 'success', target_url: link });
  });

  test('a text that GitHub would refuse for its length is cut', async () => {
    const forge = await githubForgeServer();
    await tellAll(github(forge), [{ state: 'failure', text: `aborted: ${'é'.repeat(500)}` }]);
    expect(forge.statuses[0]?.description).toHaveLength(140);
  });
});

describe('GitLab', () => {
  const shownOf = ({ statuses }: GitLabForge) => statuses.map(({ name, status }) => `${name}: ${status}`);

  test('the deployment goes from running to its end, and whom is waited for is a status of its own', async () => {
    const forge = await gitlabForgeServer();
    await tellAll(gitlab(forge), [QUEUED, WAITING]);
    expect(shownOf(forge)).toEqual(['surefoot/shop: pending', 'surefoot/shop waits for qa, dba: pending']);
    await tellAll(gitlab(forge), [WAITING_STILL]);
    expect(shownOf(forge).slice(1)).toEqual([
      'surefoot/shop waits for qa, dba: success',
      'surefoot/shop waits for dba: pending',
    ]);
    await tellAll(gitlab(forge), [WORKING, WAITING, DONE]);
    expect(shownOf(forge)).toEqual([
      'surefoot/shop: success',
      'surefoot/shop waits for qa, dba: success',
      'surefoot/shop waits for dba: success',
      'surefoot/shop waits for qa, dba: success',
    ]);
    expect(forge.deployments).toMatchObject([{ sha: COMMIT, ref: 'v2', tag: true, status: 'success' }]);
  });

  test('what was rolled back has failed', async () => {
    const forge = await gitlabForgeServer();
    await tellAll(gitlab(forge), [WORKING, BACK]);
    expect(forge.deployments).toMatchObject([{ status: 'failed' }]);
    expect(forge.statuses).toMatchObject([{ status: 'failed', description: 'rolled back: errors at 12 %' }]);
  });

  test('nothing is doubled when the answer to any of its requests is lost, or all is told again', async () => {
    for (const at of [0, 1, 2]) {
      const forge = await gitlabForgeServer();
      forge.instead.push(...[0, 1, 2].map((n) => (n === at ? lost : undefined)));
      await tellAll(gitlab(forge), [WAITING, WAITING]);
      expect([forge.deployments.length, shownOf(forge)]).toEqual([
        1,
        ['surefoot/shop: pending', 'surefoot/shop waits for qa, dba: pending'],
      ]);
    }
  });

  test('a deployment that a pipeline has made is not taken for one of its own, nor one from before', async () => {
    const forge = await gitlabForgeServer();
    forge.byPipeline();
    await tellAll(gitlab(forge), [WORKING]);
    await tellAll(gitlab(forge), [WORKING], { startedAt: Date.now() + 3_600_000, deployment: 'later' });
    expect(forge.deployments).toHaveLength(3);
  });
});

describe.each([
  ['GitHub', async () => github(await githubForgeServer()), githubForgeServer, github],
  ['GitLab', async () => gitlab(await gitlabForgeServer()), gitlabForgeServer, gitlab],
] as const)('%s, when things go wrong', (_, open, serve, placeOf) => {
  const place = placeOf as (server: unknown) => Forge;

  test.each([
    ['an error', broken],
    ['nonsense', nonsense],
    ['no answer', silent],
    ['a rate limit', tooMany('3600')],
  ])('%s is a state that is not shown, told with its reason, and no failure', async (_name, answer) => {
    const server = await serve();
    server.handle = (_request, response) => answer(response);
    const { untold } = await tell(place(server), WORKING);
    expect(untold).toMatch(/^Git(Hub|Lab) \(shop\/(web\/)?backend\) does not show “in-progress”: ./);
    expect(untold?.length).toBeLessThan(700);
  });

  test('what passes is waited for: it is shown in the end', async () => {
    const server = await serve();
    const { handle } = server;
    const answers = [broken, tooMany('0'), broken];
    server.handle = (request, response) => (answers.shift() ?? ((one) => handle(request, one)))(response);
    expect(await tell(place(server), WORKING)).toEqual({ known: expect.objectContaining({ commit: COMMIT }) });
  });

  test('the token is never told, also where the forge quotes it', async () => {
    const server = await serve();
    server.handle = (request, response) => {
      json(response, { message: JSON.stringify(request.headers) }, 400);
    };
    const { untold } = await tell(place(server), WORKING);
    expect(untold).toContain('user-agent');
    expect(untold).not.toContain('canary');
  });

  test('a token that is not accepted, or is not there, is said', async () => {
    process.env.TEST_GITHUB_TOKEN = 'another';
    process.env.TEST_GITLAB_TOKEN = 'another';
    expect((await tell(await open(), WORKING)).untold).toContain('the token is not accepted');
    delete process.env.TEST_GITHUB_TOKEN;
    delete process.env.TEST_GITLAB_TOKEN;
    expect((await tell(await open(), WORKING)).untold).toMatch(/TEST_GIT(HUB|LAB)_TOKEN/);
  });

  const probe = (forge: Forge) => probeForge(forge, { signal: new AbortController().signal, patience: PATIENCE });

  test('a trial reads the repository and its deployments, and writes nothing', async () => {
    const server = await serve();
    expect(await probe(place(server))).toMatchObject({ ok: true, note: true });
    expect(server.written).toEqual([]);
    await server.stop();
    expect(await probe(place(server))).toMatchObject({ ok: false, text: expect.stringContaining('no answer') });
  });

  test('a repository that is archived, not there, or may only be read fails the trial', async () => {
    const server = await serve();
    const change = (parts: object) => Object.assign('project' in server ? server.project : server.repository, parts);
    change({ permissions: { push: false, project_access: { access_level: 20 }, group_access: null } });
    expect(await probe(place(server))).toMatchObject({ ok: false, text: expect.stringContaining('may only read') });
    change({ archived: true });
    expect(await probe(place(server))).toMatchObject({ ok: false, text: expect.stringContaining('archived') });
    const elsewhere = Object.assign(place(server), { owner: 'nobody', project: 'nobody/nothing' });
    expect(await probe(elsewhere)).toMatchObject({ ok: false, text: expect.stringContaining('not found') });
  });
});

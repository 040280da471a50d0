/**
 * Pipelines from end to end: jobs start deployments of a small service, an ordinary worker carries them out, people sign, and
 * forges keep what they are told. In the middle the worker is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import { deployWorkflowId } from '../../src/contract/names.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { type GitHubForge, type GitLabForge, githubForgeServer, gitlabForgeServer } from '../helpers/forges.js';
import { json, serve } from '../helpers/server.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { type JobKind, type JobResult, PUSHED_BY, runJob } from './jobs.js';

const temporal = workflowServer();
const MAIN = resolve('dist/src/client/main.js');
const RELEASE = { target: 'v2', previous: 'v1' };
const TOKENS = { FORGE_GITHUB: 'ghp_canary-token', FORGE_GITLAB: 'glpat-canary-token' };

/** Each a service of its own. What is broken answers in production with errors, and is rolled back. */
const SERVICES = ['github-sound', 'gitlab-sound', 'github-broken', 'gitlab-broken'] as const;
type Service = (typeof SERVICES)[number];
const kindOf = (service: Service) => service.split('-')[0] as JobKind;

/** How far each job waits. */
const WAITS: Record<Service, Record<string, string>> = {
  'github-sound': {},
  'gitlab-sound': { until: 'sign-offs', timeout: '2m' },
  'github-broken': { until: 'end' },
  'gitlab-broken': { until: 'production', timeout: '2s' },
};

const ends: (() => unknown)[] = [];
let forges: Record<Service, GitHubForge | GitLabForge>;
let worker: { kill: () => Promise<void> };
let jobs: Record<Service, Promise<JobResult>>;
let ledgers: Record<Service, Ledger>;
/** How the deployment stood when its job had ended. */
const stoodAt: Partial<Record<Service, Ledger>> = {};

const of = <T>(make: (service: Service) => T) =>
  Object.fromEntries(SERVICES.map((service) => [service, make(service)])) as Record<Service, T>;
const all = async <T>(promises: Record<Service, Promise<T>>): Promise<Record<Service, T>> => {
  const done = await Promise.all(SERVICES.map((service) => promises[service]));
  return of((service) => done[SERVICES.indexOf(service)] as T);
};
const path = (...names: string[]) => join(temporal.folder, ...names);

function writePlan(service: Service, application: string): string {
  const kind = kindOf(service);
  const plan = {
    surefoot: 1,
    service,
    hosts: { production: `${application}/${service}`, server: 'local:', forge: forges[service].url },
    credentials: { 'forge-token': `env:FORGE_${kind.toUpperCase()}` },
    folders: { here: temporal.folder, evidence: path('evidence') },
    evidence: 'evidence',
    release: RELEASE,
    environments: { production: { api: 'production', server: 'server' } },
    commands: { deploy: { run: ['./deploy', service, '{version}'], in: 'here', timeout: '1m' } },
    health: { path: '/healthz', within: '30s' },
    smoke: [{ id: 'greets', title: 'It greets', path: '/' }],
    metrics: { down: { title: 'Not answering', unit: 'count', source: 'health', read: 'down' } },
    criteria: {
      gone: {
        ...{ title: 'Not answering', metric: 'down', breach: '> 0 count', for: '0s' },
        ...{ tier: 'rollback', rollback: 'code', minimumSamples: 1 },
      },
    },
    watches: [
      { id: 'first', title: 'The first seconds', duration: '3s', tick: '1s', criteria: ['gone'], gate: 'rollback' },
    ],
    approvals: {
      roles: {
        lead: { title: 'Lead', statement: 'The change is what we want' },
        operations: { title: 'Operations', statement: 'I can run this now' },
      },
      roster: {
        aisha: { name: 'Aisha Bello', roles: ['lead'] },
        maya: { name: 'Maya Iyer', roles: ['lead'] },
        jonas: { name: 'Jonas Weber', roles: ['operations'] },
      },
    },
    forge: {
      ...{ kind, host: 'forge', token: 'forge-token' },
      repository: kind === 'github' ? 'shop/backend' : 'shop/web/backend',
    },
    acknowledge: { 'no-staging': 'It is a test', 'no-second-place': 'It is a test' },
  };
  const file = path(`${service}.yaml`);
  writeFileSync(file, stringify(plan, { aliasDuplicateObjects: false }));
  return file;
}

/**
 * The services, by the first part of the path: each runs what its deploy command has written. That one waits until the
 * forge has shown what it is part of.
 */
async function startApplication(): Promise<string> {
  const deploy = 'until [ -e "$1.$2" ]; do sleep 0.1; done; printf %s "$2" > "$1.version"';
  writeFileSync(path('deploy'), `#!/bin/sh\n${deploy}\n`);
  chmodSync(path('deploy'), 0o755);
  for (const service of SERVICES) writeFileSync(path(`${service}.version`), RELEASE.previous);
  const { url } = await serve(
    ({ url = '' }, response) => {
      const [, service = '', page] = url.split('/');
      const version = readFileSync(path(`${service}.version`), 'utf8');
      const isBroken = service.endsWith('broken') && version === RELEASE.target && page !== 'healthz';
      json(response, { status: 'ok', version }, isBroken ? 500 : 200);
    },
    (end) => ends.push(end),
  );
  return url;
}

async function startWorker(): Promise<{ kill: () => Promise<void> }> {
  const log = openSync(path('worker.log'), 'a', 0o600);
  const others = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|SUREFOOT)_/.test(name));
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'worker', '--state', path('state')], {
    env: {
      ...Object.fromEntries(others),
      ...TOKENS,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_CONFIG_FILE: path('none'),
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return {
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const isCurrent = () => readFileSync(path('worker.log'), 'utf8').includes('is current from now on');

/** The token is the worker's: no job has it. */
function startJob(service: Service, plan: string): Promise<JobResult> {
  const kind = kindOf(service);
  const inputs = { plan, ...WAITS[service], ...(kind === 'gitlab' ? { surefoot: `node ${MAIN}` } : {}) };
  const variables = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_CONFIG_FILE: path('none') };
  return runJob(kind, { inputs, variables, folder: path(`job-${service}`) });
}

const handleOf = (service: Service) => temporal.client.workflow.getHandle(deployWorkflowId(service));
const statusOf = (service: Service): Promise<Ledger> => handleOf(service).query(statusQuery);

/** When it stands with the commit, which is told last. */
async function isShown(service: Service, text: string): Promise<void> {
  const isThere = () => JSON.stringify(forges[service].statuses).includes(text);
  await vi.waitUntil(isThere, { timeout: 60_000, interval: 50 }).catch(async () => {
    const { phase, questions, steps, untold } = await statusOf(service);
    const said = JSON.stringify({ said: forges[service].said, phase, questions, steps, untold }, undefined, 1);
    throw new Error(`${service} does not show “${text}”: ${said}`);
  });
  const isTold = async () => ((await handleOf(service).describe()).raw.pendingActivities ?? []).length === 0;
  await vi.waitUntil(isTold, { timeout: 30_000, interval: 50 });
}

async function sign(service: Service, { who, role }: { who: string; role: string }): Promise<void> {
  const { digest = '' } = (await statusOf(service)).proposal ?? {};
  await handleOf(service).executeUpdate(decideUpdate, { args: [{ kind: 'approve', who, role, digest }] });
}

/** Each to its end; the forge is what says how far it is. */
async function carriedOn(service: Service): Promise<Ledger> {
  await isShown(service, 'waits for operations');
  await sign(service, { who: 'jonas', role: 'operations' });
  const isSaid = (text: string) => JSON.stringify(forges[service].said).includes(text);
  const proceed = async (when: string, version: string) => {
    await vi.waitUntil(() => isSaid(when), { timeout: 60_000, interval: 50 });
    writeFileSync(path(`${service}.${version}`), '');
  };
  const [inProduction, back] = kindOf(service) === 'github' ? ['in_progress', 'rolling back'] : ['running', 'running'];
  await proceed(inProduction, RELEASE.target);
  if (service.endsWith('broken')) await proceed(back, RELEASE.previous);
  return handleOf(service).result() as Promise<Ledger>;
}

beforeAll(async () => {
  ends.push(() => worker?.kill());
  const end = (cleanUp: () => Promise<void>) => void ends.push(cleanUp);
  forges = await all(
    of<Promise<GitHubForge | GitLabForge>>((service) =>
      kindOf(service) === 'github' ? githubForgeServer(end) : gitlabForgeServer(end),
    ),
  );
  const application = await startApplication();
  worker = await startWorker();
  await vi.waitUntil(isCurrent, { timeout: 60_000, interval: 50 });

  jobs = of((service) => startJob(service, writePlan(service, application)));
  const waited = SERVICES.map(async (service) => {
    await jobs[service];
    stoodAt[service] = await statusOf(service);
  });
  const [atOnce, atSignOffs, , underway] = waited;
  await Promise.all([
    atOnce,
    atSignOffs,
    underway,
    ...SERVICES.map((service) => isShown(service, 'waits for lead, operations')),
  ]);

  // The forge has begun to show what comes next, and the worker is killed before it hears of that.
  let unheard = 0;
  for (const service of SERVICES) {
    forges[service].instead.push((_, carryOut) => {
      carryOut();
      unheard += 1;
    });
  }
  await Promise.all(SERVICES.map((service) => sign(service, { who: 'maya', role: 'lead' })));
  await vi.waitUntil(() => unheard === SERVICES.length, { timeout: 30_000, interval: 10 });
  await worker.kill();
  worker = await startWorker();

  ledgers = await all(of(carriedOn));
  await Promise.all(waited);
}, 180_000);

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

describe('a job', () => {
  test('that waits for nothing comes back at once, with the ID of what it has started', async () => {
    const { code, deployment, log } = await jobs['github-sound'];
    expect({ code, deployment }, log).toEqual({ code: 0, deployment: ledgers['github-sound'].deployment });
    expect(stoodAt['github-sound']).toMatchObject({ startedBy: PUSHED_BY, approvals: [] });
  });

  test('that waits for the sign-offs comes back when they are asked for', async () => {
    const { code, deployment, log } = await jobs['gitlab-sound'];
    expect({ code, deployment }, log).toEqual({ code: 0, deployment: ledgers['gitlab-sound'].deployment });
    expect(stoodAt['gitlab-sound']).toMatchObject({ phase: 'approval', approvals: [] });
  });

  test('whose time is over before says that it is still on its way: exit code 4', async () => {
    const { code, deployment, log } = await jobs['gitlab-broken'];
    expect({ code, deployment }, log).toEqual({ code: 4, deployment: ledgers['gitlab-broken'].deployment });
    expect(stoodAt['gitlab-broken']?.outcome).toBeUndefined();
  });

  test('that waits for the end fails with a deployment that was rolled back', async () => {
    const { code, deployment, log } = await jobs['github-broken'];
    expect({ code, deployment }, log).toEqual({ code: 1, deployment: ledgers['github-broken'].deployment });
  });
});

describe('the forge shows each state in its turn, and none twice, though the worker was killed', () => {
  const BEFORE = (service: Service) => [
    'queued: prerequisites; production is not touched yet',
    `pending: waits for lead, operations: Sign off v2 of ${service} for production`,
    `pending: waits for operations: Sign off v2 of ${service} for production`,
    'in_progress: production',
  ];
  /** Only the newest is told: of what is over in a moment nobody hears where something is being told meanwhile. */
  const BRIEF = ['queued: approval; production is not touched yet', 'in_progress: watch', 'in_progress: closing'];
  const statesOf = ({ states }: GitHubForge) =>
    [...states.values()]
      .flat()
      .map(({ state, description }) => `${state}: ${description}`)
      .filter((text) => !BRIEF.includes(text));

  test.each([
    ['github-sound', 'succeeded'],
    ['gitlab-sound', 'succeeded'],
    ['github-broken', 'rolled-back'],
    ['gitlab-broken', 'rolled-back'],
  ] as const)('all of %s, which has %s, was shown, and its deployment was made once', (service, outcome) => {
    expect(ledgers[service]).toMatchObject({ outcome, untold: [] });
    expect(forges[service].deployments).toHaveLength(1);
  });

  test('at GitHub: queued, pending with whom, in progress, success', () => {
    const github = forges['github-sound'] as GitHubForge;
    expect(statesOf(github)).toEqual([...BEFORE('github-sound'), 'success: succeeded: all phases passed']);
    expect(github.statuses.slice(0, -1).every(({ state }) => state === 'pending')).toBe(true);
    expect(github.statuses.at(-1)).toMatchObject({ state: 'success', description: 'succeeded: all phases passed' });
  });

  test('at GitHub, of what was rolled back: inactive in the end, and its commit has failed', () => {
    const github = forges['github-broken'] as GitHubForge;
    expect(statesOf(github)).toEqual([
      ...BEFORE('github-broken'),
      expect.stringMatching(/^in_progress: rolling back \(code\): /),
      expect.stringMatching(/^inactive: rolled back: /),
    ]);
    expect(github.statuses.slice(0, -1).every(({ state }) => state === 'pending')).toBe(true);
    expect(github.statuses.at(-1)).toMatchObject({ state: 'failure' });
  });

  test.each([
    ['gitlab-sound', 'success'],
    ['gitlab-broken', 'failed'],
  ] as const)('at GitLab, of %s: pending, whom it waits for as a status of its own, running, %s', (service, end) => {
    const { deployments, said, statuses } = forges[service] as GitLabForge;
    expect(deployments).toMatchObject([{ status: end, ref: RELEASE.target, tag: true }]);
    const name = `surefoot/${service}`;
    const inOrder = said.flatMap((one) => ('state' in one ? [`${one.name}: ${one.state}`] : []));
    expect(inOrder).toEqual([
      `${name}: pending`,
      `${name} waits for lead, operations: pending`,
      `${name} waits for lead, operations: success`,
      `${name} waits for operations: pending`,
      `${name} waits for operations: success`,
      `${name}: running`,
      `${name}: ${end}`,
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([end, 'success', 'success']);
  });
});

test('no token is in a history, a log, or what a job leaves', async () => {
  const kept = [readFileSync(path('worker.log'), 'utf8')];
  for (const { log, left } of Object.values(await all(jobs))) kept.push(log, left);
  for await (const { workflowId, runId } of temporal.client.workflow.list()) {
    const history = await temporal.client.workflow.getHandle(workflowId, runId).fetchHistory();
    kept.push(Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish()).toString('latin1'));
  }
  expect(kept.length).toBeGreaterThan(1 + 2 * SERVICES.length + SERVICES.length);
  expect(kept.join('')).toContain('env:FORGE_GITHUB');
  for (const token of Object.values(TOKENS)) expect(kept.filter((text) => text.includes(token))).toEqual([]);
});

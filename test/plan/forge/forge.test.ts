/** The forge that a plan names, as it is written and as it is resolved; and the examples of the page about it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { secretReferences } from '../../../src/doctor/checks/credentials.js';
import { loadPlan } from '../../../src/plan/load.js';
import { problemsOf, write } from '../plan-files.js';

const plan = parse(readFileSync('plans/web-and-database.yaml', 'utf8'));
const RELEASE = { target: 'v2', branch: 'work', previous: 'v1', revision: 'b2' };

const fileWith = (forge: object | undefined, hosts: Record<string, string> = {}) => {
  const credentials = { ...plan.credentials, 'forge-token': 'env:FORGE_TOKEN' };
  return write('plan.yaml', stringify({ ...plan, credentials, hosts: { ...plan.hosts, ...hosts }, forge }));
};
const load = (forge: object, hosts?: Record<string, string>) =>
  loadPlan(fileWith(forge, hosts), { release: RELEASE }).resolved;

const GITHUB = { kind: 'github', repository: 'shop/backend', token: 'forge-token' };
const GITLAB = { kind: 'gitlab', repository: 'shop/web/backend', token: 'forge-token' };

test('a forge is resolved to its API, with the reference to its token and production’s name there', () => {
  const resolved = load(GITHUB);
  expect(resolved.forge).toEqual({
    kind: 'github',
    api: 'https://api.github.com',
    token: 'env:FORGE_TOKEN',
    owner: 'shop',
    repository: 'backend',
    environment: 'production',
  });
  expect(resolved.secrets).toContain('env:FORGE_TOKEN');
  expect(load({ ...GITLAB, environment: 'live' }).forge).toEqual({
    kind: 'gitlab',
    api: 'https://gitlab.com/api/v4',
    token: 'env:FORGE_TOKEN',
    project: 'shop/web/backend',
    environment: 'live',
  });
});

test('a host is another API, and an empty one turns the forge off on that machine', () => {
  const own = { forge: 'https://git.example.com/' };
  expect(load({ ...GITHUB, host: 'forge' }, { forge: 'https://git.example.com/api/v3' }).forge).toMatchObject({
    api: 'https://git.example.com/api/v3',
  });
  expect(load({ ...GITLAB, host: 'forge' }, own).forge).toMatchObject({ api: 'https://git.example.com/api/v4' });
  expect(load({ ...GITHUB, host: 'forge' }, { forge: '' }).forge).toBeUndefined();
});

test('a plan without one has no such key: its digest is what it was', () => {
  expect(loadPlan(fileWith(undefined), { release: RELEASE }).resolved).not.toHaveProperty('forge');
});

test('a repository that is none, and a token that is no credential, are told with their places', () => {
  const problems = (forge: object) =>
    problemsOf(() => loadPlan(fileWith(forge), { release: RELEASE })).map(({ path }) => path);
  expect(problems({ ...GITHUB, repository: 'shop/web/backend' })).toEqual(['forge.repository']);
  expect(problems({ ...GITLAB, repository: 'backend' })).toEqual(['forge.repository']);
  expect(problems({ ...GITHUB, token: 'ghp_0123' })).toContain('forge.token');
});

test('the doctor looks for its token from the first step on', () => {
  expect(secretReferences(load(GITHUB))).toContainEqual({ reference: 'env:FORGE_TOKEN', step: 'admission' });
});

const EXAMPLES = [...readFileSync('docs/pipelines.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) =>
  parse(text ?? ''),
);

test('the examples of docs/pipelines.md are a forge of a plan, and inputs that the templates have', () => {
  const [job, include, { forge }] = EXAMPLES;
  expect(load(forge).forge).toMatchObject({ kind: 'github', owner: 'shop' });
  const action = parse(readFileSync('ci/github/action.yml', 'utf8'));
  const step = job.jobs.deploy.steps.find(({ uses }: { uses: string }) => uses.includes('ci/github'));
  expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step.with)));
  const [spec] = readFileSync('ci/gitlab/surefoot.gitlab-ci.yml', 'utf8').split('\n---\n');
  const { inputs } = include.include[0];
  expect(Object.keys(parse(spec ?? '').spec.inputs)).toEqual(expect.arrayContaining(Object.keys(inputs)));
});

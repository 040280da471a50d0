import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { ReleaseValues } from '../../src/contract/plan/release-values.js';
import { loadPlan } from '../../src/plan/load.js';
import { findRelease } from '../../src/releases/find-release.js';
import { cloneOf } from '../helpers/repository.js';
import { json } from '../helpers/server.js';
import { migrationFile, newService, type Service } from './many-releases.js';

let service: Service;

beforeEach(async () => {
  service = await newService();
});

const signal = new AbortController().signal;

/** What is found out, by name. */
async function found(release: ReleaseValues, asking: { production?: boolean; folder?: string } = {}) {
  const { plan, bindings } = service;
  const { resolved } = loadPlan(plan, { bindings, release });
  if (asking.folder !== undefined) resolved.release.repository = asking.folder;
  const { production = true } = asking;
  const values = await findRelease(resolved, { signal, production, answer: 2_000 });
  return Object.fromEntries(values.map(({ name, ...answer }) => [name, 'value' in answer ? answer.value : answer]));
}

test('previous is what production runs, revision the newest of the target’s own migrations', async () => {
  expect(await found({ target: 'v5.1.0', branch: 'feature/refunds' })).toEqual({
    previous: 'v5.0.0',
    revision: 'bbb2',
  });
  expect(await found({ target: 'main', branch: 'main' })).toMatchObject({ revision: 'ccc3' });
  expect(await found({ target: 'v5.0.0', branch: 'main', previous: 'v4' })).toEqual({ revision: 'aaa1' });
});

test('what has been said is not asked for again', async () => {
  const said = { target: 'v5.1.0', branch: 'main', previous: 'v4.9.0', revision: 'zzz9' };
  expect(await found(said)).toEqual({});
  expect(service.production.requests).toEqual([]);
});

test('what is deployed, and the branch, nobody can find out', async () => {
  expect(await found({})).toEqual({
    branch: { unknown: 'nobody has said which branch must have been merged' },
    target: { unknown: 'nobody has said what is deployed' },
    previous: 'v5.0.0',
    revision: { unknown: 'it is the newest of what is deployed, and what that is is not known' },
  });
});

test('of a production that tells no version somebody has to say what it runs', async () => {
  const { resolved } = loadPlan(service.plan, { bindings: service.bindings, release: { target: 'v5.1.0' } });
  resolved.environments.production.health = { version: 'none' };
  const values = await findRelease(resolved, { signal, production: true });
  expect(values.find(({ name }) => name === 'previous')).toMatchObject({
    unknown: 'production does not tell its version (`health.version`): nobody but you can say it',
  });
  expect(service.production.requests).toEqual([]);
});

const previous = async () => (await found({ target: 'v5.1.0', branch: 'main' })).previous;

test('a production that does not say what it runs leaves it unknown', async () => {
  service.production.handle = (_, response) => json(response, { status: 'ok' });
  expect(await previous()).toEqual({
    unknown: 'which release production runs is not known: the health check answers: no version',
  });
  let turn = 0;
  service.production.handle = (_, response) => {
    turn += 1;
    json(response, { version: turn % 2 ? 'v5.0.0' : 'v5.0.1' });
  };
  expect(await previous()).toEqual({ unknown: expect.stringContaining('version v5.0.0 in 5 of 10 answers') });
  await service.production.stop();
  expect(await previous()).toEqual({ unknown: expect.stringContaining('the health check did not answer') });
});

test('a production that runs the target already says nothing of what ran before', async () => {
  service.production.handle = (_, response) => json(response, { version: 'v5.1.0' });
  expect(await previous()).toEqual({
    unknown: 'production already runs v5.1.0, which is to be deployed: nothing is known of what ran before it',
  });
});

test('a production that tells the target without its v is not taken for another release', async () => {
  service.production.handle = (_, response) => json(response, { version: '5.1.0' });
  expect(await previous()).toEqual({
    unknown: expect.stringMatching(
      /^production runs 5\.1\.0, and v5\.1\.0 is to be deployed; .* differ in the v alone/,
    ),
  });
});

test('what production says becomes no option of a command', async () => {
  service.production.handle = (_, response) => json(response, { version: '--help' });
  expect(await previous()).toEqual({
    unknown: '"--help" is what production says it runs: Begins with "-": a command would take it for an option',
  });
});

test('nobody asks production where that is not wanted', async () => {
  const values = await found({ target: 'v5.1.0', branch: 'main' }, { production: false });
  expect(values).toEqual({ previous: { unknown: 'production is asked when a deployment starts' }, revision: 'bbb2' });
  expect(service.production.requests).toEqual([]);
});

const revision = async (target: string, folder?: string) =>
  (await found({ target, branch: 'main', previous: 'v5.0.0' }, { folder })).revision;

test('a release with two heads has no newest revision', async () => {
  const { repository } = service;
  await repository.commit('migrations/versions/ddd4_it.py', migrationFile('ddd4', 'aaa1'));
  expect(await revision('main')).toEqual({
    unknown: expect.stringMatching(/^main \(commit \w{12}\) has 2 heads: ccc3, ddd4$/),
  });
});

test('a migration whose place is not seen leaves the newest unknown', async () => {
  const { repository } = service;
  await repository.commit('migrations/versions/ddd4_it.py', migrationFile('ddd4', 'ccc3').replace('"ccc3"', 'LAST'));
  expect(await revision('main')).toEqual({
    unknown: expect.stringContaining('which revision migrations/versions/ddd4_it.py is, and which comes before it'),
  });
});

test('a target that is not there, or holds no migration, leaves it unknown', async () => {
  const { repository } = service;
  expect(await revision('v6')).toEqual({ unknown: `v6 is not in ${repository.folder}` });
  expect(await revision('v1')).toEqual({ unknown: expect.stringContaining('holds no file of a revision of alembic') });
  const nowhere = join(repository.folder, 'nowhere');
  expect(await revision('v5.1.0', nowhere)).toEqual({
    unknown: expect.stringContaining('is no readable git repository'),
  });
});

test('a copy that lacks a file’s content does not tell the newest', async () => {
  await service.repository.git('config', 'uploadpack.allowFilter', 'true');
  const { folder } = await cloneOf(service.repository, '--filter=blob:none', '--no-checkout');
  rmSync(service.repository.folder, { recursive: true });
  expect(await revision('v5.1.0', folder)).toEqual({
    unknown: expect.stringContaining('git grep ended with exit code 128'),
  });
});

test('the newest revision of a tool that is known by its commands alone is not guessed from files', async () => {
  const { plan, bindings } = service;
  const { resolved } = loadPlan(plan, { bindings, release: { target: 'v5.1.0', branch: 'main', previous: 'v5.0.0' } });
  Object.assign(resolved.migration ?? {}, { tool: 'knex' });
  expect(await findRelease(resolved, { signal, production: true })).toEqual([
    { name: 'revision', unknown: 'how knex writes its revisions down is not known here' },
  ]);
});

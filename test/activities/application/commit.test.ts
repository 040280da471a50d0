/** Which commit runs, as an application or a command tells it. */
import { expect, test } from 'vitest';
import { createHttpActivities } from '../../../src/activities/application/endpoints.js';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { createVerificationActivities } from '../../../src/activities/verification.js';
import type { HealthReading } from '../../../src/contract/plan/application.js';
import { json, serve } from '../../helpers/server.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../support.js';

const KEY = { deployment: 'd', step: 'production.health', generation: 1 };
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const OTHER = 'fedcba9876543210fedcba9876543210fedcba98';

const field: HealthReading = { commit: { field: 'build.commit' } };
const header: HealthReading = { commit: { header: 'X-Commit' } };
const printed = (line: string): HealthReading => ({ commit: { command: commandWith(['sh', '-c', `echo ${line}`]) } });

/** @param told by the instances in turn */
async function placeOf(health: HealthReading | undefined, ...told: (string | undefined)[]) {
  let asked = 0;
  const { url } = await serve((_, response) => {
    const commit = told[asked++ % Math.max(told.length, 1)];
    if (commit !== undefined) response.setHeader('x-commit', commit);
    json(response, { version: 'v2', build: { commit } });
  });
  return {
    environment: environmentWith({ name: 'production', api: url, ...(health ? { health } : {}) }),
    evidence: { store: temporaryFolder(), deployment: 'd' },
  };
}
type Place = Awaited<ReturnType<typeof placeOf>>;

async function afterDeploy(place: Place, commit?: string) {
  const input = { key: KEY, ...place, path: '/health', version: 'v2', commit, within: 500 };
  const { facts } = await runActivity(() => createHttpActivities().awaitHealth(input));
  expect(facts[0]).toMatchObject({ name: 'status', ok: true });
  return facts.find(({ name }) => name === 'commit');
}

const good = { name: 'commit', ok: true, text: 'commit 0123456789ab' };
const other = { name: 'commit', ok: false, text: 'commit fedcba987654 instead of 0123456789ab' };
const unknown = (text: string) => ({ name: 'commit', ok: false, unknown: true, text: expect.stringContaining(text) });

test.each<[string, HealthReading, string | undefined, object]>([
  ['a field that tells it', field, COMMIT, good],
  ['a field that tells its beginning', field, COMMIT.slice(0, 7), good],
  ['a field that tells another', field, OTHER.slice(0, 12), other],
  ['a field that is not there', field, undefined, unknown('no build.commit in the answer')],
  ['a field that tells no commit', field, 'main', unknown('commit "main", which is no name of a commit')],
  ['a header that tells it', header, COMMIT, good],
  ['a header that tells another', header, OTHER, other],
  ['a header that is not there', header, undefined, unknown('no header X-Commit in the answer')],
  ['a command that prints it', printed(COMMIT), undefined, good],
  ['a command that prints another', printed(OTHER), undefined, other],
  ['a command that prints nothing', printed(''), undefined, unknown('the command for it prints no single line')],
  ['a command that fails', printed('x; exit 3'), undefined, unknown('the command for it ended with exit code 3')],
])('after a deploy: %s', async (_, health, told, fact) => {
  expect(await afterDeploy(await placeOf(health, told), COMMIT)).toMatchObject(fact);
});

test('one instance of another commit is enough to fail it', async () => {
  const fact = await afterDeploy(await placeOf(field, COMMIT, COMMIT, OTHER), COMMIT);
  expect(fact).toMatchObject({
    ok: false,
    text: expect.stringMatching(/^commit 0123456789ab in 7 of 10 answers, commit fedcba987654 in 3 instead/),
  });
  expect(fact?.unknown).toBeUndefined();
});

test('where the repository did not tell which commit is to run, it is unknown whether it does', async () => {
  expect(await afterDeploy(await placeOf(field, COMMIT), '')).toMatchObject(unknown('the repository did not tell'));
});

test('nothing is said of a commit where the plan does not say where it is told, or none is expected', async () => {
  expect(await afterDeploy(await placeOf(undefined, COMMIT), COMMIT)).toBeUndefined();
  expect(await afterDeploy(await placeOf(field, OTHER))).toBeUndefined();
});

test('the last look at production reads it again', async () => {
  const look = async (place: Place) => {
    const expected = { version: 'v2', commit: COMMIT };
    const state = { key: KEY, ...place, healthPath: '/health', expected };
    return runActivity(() => createVerificationActivities().verifyState(state));
  };
  const [right, wrong] = [await look(await placeOf(field, COMMIT)), await look(await placeOf(field, OTHER))];
  expect(right.facts).toMatchObject([{ name: 'version', ok: true }, good]);
  expect(wrong).toMatchObject({ summary: other.text, facts: [{ name: 'version', ok: true }, other] });
  const away = await placeOf(field, COMMIT);
  away.environment.api = 'http://127.0.0.1:9';
  expect((await look(away)).facts).toMatchObject([
    { name: 'version', unknown: true },
    { name: 'commit', unknown: true },
  ]);
});

test('what production tells before a deploy is found, unless it is not told, or not alike', async () => {
  const found = async (...told: (string | undefined)[]) => {
    const place = await placeOf(field, ...told);
    const input = { key: KEY, ...place, healthPath: '/health', expected: { version: 'v2', target: 'v3' } };
    const { checkProduction } = createCommandActivities({ state: temporaryFolder() });
    return (await runActivity(() => checkProduction(input))).found;
  };
  expect(await found(COMMIT)).toEqual({ version: 'v2', commit: COMMIT });
  expect(await found(undefined)).toEqual({ version: 'v2' });
  expect(await found('unknown')).toEqual({ version: 'v2' });
  expect(await found(COMMIT, OTHER)).toEqual({ version: 'v2' });
});

/** A login that is only sent along counts as tried when the application has taken or refused it. */
import { expect, test } from 'vitest';
import { createHttpActivities } from '../../../src/activities/application/endpoints.js';
import { createPrerequisiteActivities } from '../../../src/activities/prerequisites.js';
import { tryLogin } from '../../../src/adapters/application/login-trial.js';
import type { EndpointCheck } from '../../../src/contract/plan/application.js';
import { serverChecks } from '../../../src/doctor/checks/servers.js';
import { loadPlan } from '../../../src/plan/load.js';
import { environmentAt, evidencePlace, inActivity, key, PASSWORD } from '../../helpers/context.js';
import { deadPort, json, serve } from '../../helpers/server.js';

const LIST: EndpointCheck = {
  id: 'list',
  title: 'The list',
  method: 'GET',
  path: '/list',
  query: { limit: '1' },
  login: true,
  status: 200,
};
const login = { kind: 'token', token: 'env:TEST_LOGIN_PASSWORD', send: { header: 'X-Api-Key' } } as const;
const signal = AbortSignal.timeout(60_000);
const atServer = async (isRight: (header: unknown) => boolean, status = 200) => {
  const server = await serve((request, response) => {
    const isLetIn = isRight(request.headers['x-api-key']);
    json(response, {}, isLetIn ? (request.url === '/list?limit=1' ? status : 404) : 401);
  });
  return { ...environmentAt(server.url), login, database: undefined };
};
const right = (header: unknown): boolean => header === PASSWORD;
const wrong = (header: unknown): boolean => header === 'another';

test('a token is let in, refused, or untried: by what the application answers to a check that reads with it', async () => {
  expect(await tryLogin(await atServer(right), LIST, signal)).toBe('let in');
  expect(await tryLogin(await atServer(wrong), LIST, signal)).toEqual({ refused: '401 Unauthorized from /list' });
  expect(await tryLogin(await atServer(right, 404), LIST, signal)).toEqual({ untried: '404 Not Found from /list' });
  expect(await tryLogin(await atServer(right), undefined, signal)).toEqual({
    untried: expect.stringContaining('no check'),
  });
  const nowhere = { ...(await atServer(right)), api: `http://127.0.0.1:${await deadPort()}` };
  expect(await tryLogin(nowhere, LIST, signal)).toEqual({ untried: 'connection refused' });
});

test('what is only sent along settles no box of working credentials where nobody has tried it', async () => {
  const { checkStaging } = createPrerequisiteActivities();
  const evidence = await evidencePlace();
  const credentials = async (isRight: typeof right, reading?: EndpointCheck) => {
    const environments = [await atServer(isRight)];
    return (await inActivity(() => checkStaging({ key, evidence, environments, readings: { staging: reading } })))
      .facts;
  };
  const name = 'credentials';
  expect(await credentials(right, LIST)).toEqual([{ name, ok: true, text: 'API login of staging: all work' }]);
  expect(await credentials(wrong, LIST)).toEqual([{ name, ok: false, text: expect.stringMatching(/refused: 401/) }]);
  expect(await credentials(wrong)).toEqual([
    { name, ok: false, unknown: true, advisory: true, text: expect.stringMatching(/not tried: no check/) },
  ]);
});

test('a check that is refused says that the login has failed, though nobody was asked to log in', async () => {
  const { checkEndpoints } = createHttpActivities();
  const evidence = await evidencePlace();
  const loginOf = async (isRight: typeof right, checks: EndpointCheck[]) => {
    const environment = await atServer(isRight);
    const { facts } = await inActivity(() => checkEndpoints({ key, evidence, environment, checks }));
    return facts.find(({ name }) => name === 'login');
  };
  expect(await loginOf(right, [LIST])).toMatchObject({ ok: true });
  expect(await loginOf(wrong, [LIST])).toMatchObject({ ok: false, text: 'login failed: /list?limit=1 answered 401' });
  expect(await loginOf(wrong, [{ ...LIST, status: 401 }])).toMatchObject({ ok: true });
});

test('doctor does not say of a token that it logs in before the application has taken it', async () => {
  const { resolved } = loadPlan('plans/minimal.yaml');
  const tried = async (isRight: typeof right, smoke: EndpointCheck[]) => {
    const production = { ...(await atServer(isRight)), name: 'production' as const };
    const plan = { ...resolved, smoke, environments: { production } };
    const check = serverChecks({ plan, at: Date.now() }).find(({ id }) => id === 'production-login');
    return check?.run({ signal, patience: { answer: 5_000, total: 5_000 } } as never);
  };
  expect(await tried(right, [LIST])).toMatchObject([{ ok: true, text: expect.stringMatching(/: logged in$/) }]);
  expect(await tried(wrong, [LIST])).toMatchObject([{ ok: false, advice: expect.stringContaining('Check the token') }]);
  expect(await tried(wrong, [])).toMatchObject([{ ok: true, note: true, text: expect.stringContaining('not tried') }]);
});

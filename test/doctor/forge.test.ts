/** `surefoot doctor` on the forge that a plan names. */
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { examine } from '../../src/doctor/doctor.js';
import { loadPlan } from '../../src/plan/load.js';
import { githubForgeServer } from '../helpers/forges.js';
import { deadPort } from '../helpers/server.js';
import { replaceOnce, write } from '../plan/plan-files.js';

const minimal = readFileSync('plans/minimal.yaml', 'utf8');

/** What it says of the forge and of its token. */
async function examined(token: string | undefined) {
  vi.stubEnv('FORGE_TOKEN', token);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { url } = await githubForgeServer();
  const hosts = `hosts: { production: "http://127.0.0.1:${await deadPort()}", forge: "${url}" }
credentials: { forge-token: "env:FORGE_TOKEN" }
forge: { kind: github, host: forge, repository: shop/backend, token: forge-token }`;
  const text = replaceOnce(minimal, [/^hosts: .*$/m.exec(minimal)?.[0] ?? '', hosts]);
  const { resolved: plan } = loadPlan(write('plan.yaml', text));
  const patience = { answer: 500, whole: 1_000, pause: 10 };
  const asked = { plan, startedBy: 'maya', at: Date.now() };
  const { checks } = await examine(asked, { signal: new AbortController().signal, patience });
  return Object.fromEntries(checks.filter(({ id }) => /forge/i.test(id)).map((check) => [check.id, check]));
}

test('a token that is missing is said, with what to do, before anything starts', async () => {
  expect(await examined(undefined)).toMatchObject({
    'admission/env:FORGE_TOKEN': {
      ok: false,
      text: expect.stringContaining('FORGE_TOKEN is not set'),
      advice: expect.stringContaining('Set FORGE_TOKEN'),
    },
  });
});

test('a token that the forge takes is good, and one that it does not take is none', async () => {
  const taken = await examined('ghp_canary-token');
  expect(taken).toMatchObject({
    'admission/env:FORGE_TOKEN': { ok: true },
    'admission/forge': { ok: true, note: true },
  });
  const refused = await examined('ghp_another');
  expect(refused).toMatchObject({ 'admission/forge': { ok: false, text: expect.stringContaining('not accepted') } });
  expect(JSON.stringify([taken, refused])).not.toContain('ghp_');
});

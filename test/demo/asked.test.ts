/** `npm run demo -- --ask`, from a new folder: five people sign in and sign off in a real browser, and nobody else gets through. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { type CryptoKey, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findBrowser } from '../../src/adapters/application/browser.js';
import { decideUpdate } from '../../src/contract/messages.js';
import type { DemoLinks, DemoOptions, DemoRun } from '../../src/demo/run.js';
import type { Decision, Ledger } from '../../src/domain/ledger/ledger.js';
import { clientEncryption } from '../../src/encryption/data-converter.js';
import type { Word } from '../../src/policy/counted-words.js';
import { nonceOf, sealedByProvider, statementOf } from '../../src/policy/dsse.js';
import { saidInDecision } from '../../src/policy/said-in-decision.js';
import { innermost } from '../../src/temporal/errors.js';
import { demo, newHome } from './demo.js';

/** Who starts it, by the plan's roster. */
const STARTER = { name: 'Ana Souza', id: 'ana.souza', role: 'tech-lead' };
/** Of each role another one; some have two roles, and choose. */
const SIGNING = [
  { name: 'Bruno Lima', id: 'bruno.lima', role: 'tech-lead' },
  { name: 'Carla Mendes', id: 'carla.mendes', role: 'backend-team' },
  { name: 'Diego Alves', id: 'diego.alves', role: 'devops' },
  { name: 'Gabriela Dias', id: 'gabriela.dias', role: 'product-owner' },
] as const;
const LAST = { name: 'Elisa Rocha', id: 'elisa.rocha', role: 'qa' };
const SIXTH = { name: 'Helena Costa', id: 'helena.costa', role: 'product-owner' };

const given = new AbortController();
let home: string;
let ending: Promise<DemoRun>;
let seen: { ledger: Ledger; links: DemoLinks };
let browser: Browser;
let page: Page;
let decide: string;

beforeAll(async () => {
  home = await newHome();
  let latest: typeof seen | undefined;
  const onLedger: DemoOptions['onLedger'] = (ledger, links) => {
    latest = { ledger, links };
  };
  ending = demo(home, { ask: true, onLedger, signal: given.signal });
  const { chromium } = await import('playwright-core');
  browser = await chromium.launch({ executablePath: await findBrowser(), chromiumSandbox: process.getuid?.() !== 0 });
  const isAsked = () => latest?.ledger.questions.some(({ kind }) => kind === 'approvals') && latest;
  const asked = await Promise.race([
    ending.then((run) => Promise.reject(new Error(`ended before people were asked: ${run.result.reason}`))),
    vi.waitUntil(isAsked, { timeout: 300_000, interval: 200 }),
  ]);
  if (!asked) throw new Error('nobody was asked');
  seen = structuredClone(asked);
  decide = `${seen.links.console}/deployments/${seen.ledger.deployment}/decide/sign-offs`;
  page = await (await browser.newContext({ locale: 'en' })).newPage();
  page.setDefaultTimeout(10_000);
}, 400_000);

afterAll(async () => {
  await browser?.close();
  // Where a test has failed it waits for people.
  given.abort();
  await ending?.catch(() => {});
});

const choose = (name: string) => page.getByRole('button', { name, exact: true }).click();

/** One after the other at one machine, as whoever tries the demo. */
async function signIn({ name }: { name: string }): Promise<void> {
  await page.goto(seen.links.console);
  if (await page.getByRole('button', { name: 'Sign out' }).isVisible()) {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
  }
  await page.goto(decide);
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await choose(name);
  await page.getByText(`Signed in as ${name}`).waitFor();
}

/** Up to where one click more says it. */
async function fillIn({ role }: { role: string }): Promise<void> {
  await page.goto(decide);
  await page.locator('#answer-approve').check();
  const speaker = page.locator('select[name=speaker]');
  if (await speaker.isVisible()) {
    const option = speaker.locator('option', { hasText: `(${role})` });
    await speaker.selectOption(await option.getAttribute('value'));
  }
  await page.getByRole('button', { name: 'Go on to the confirmation' }).click();
}

/** @returns what became of it, in words */
async function confirm({ name }: { name: string }): Promise<string> {
  await page.getByRole('button', { name: 'Approve now' }).click();
  await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
  await choose(name);
  return await told();
}

const told = async () => ((await page.getByRole('main').textContent()) ?? '').replaceAll('\n', ' ');

async function approve(person: { name: string; role: string }): Promise<string> {
  await signIn(person);
  await fillIn(person);
  return await confirm(person);
}

test('who has started it is refused, in words: by the page, and by the worker whatever the page says', async () => {
  const why = 'ana.souza started this deployment and cannot approve it';
  expect(await notOffered(STARTER)).toContain(why);
  expect(await refusal(await proven(STARTER))).toContain(why);
});

test('what has been proven since is not signed off by a form that is older', async () => {
  const [first] = SIGNING;
  await signIn(first);
  await fillIn(first);
  await page.locator('input[name=digest]').evaluate((field) => field.setAttribute('value', 'f'.repeat(64)));
  await page.getByRole('button', { name: 'Approve now' }).click();
  expect(await told()).toContain(`approve ${seen.ledger.proposal?.digest.slice(0, 12)}`);
});

test('each sees what staging has proven, signs in for it anew, and signs off; a form and a way back count once', async () => {
  let form = '';
  let back = '';
  page.on('request', (request) => {
    const body = request.postData() ?? '';
    if (request.url() === decide && body.includes('confirmed=yes')) form = body;
    if (request.url().includes('/sign-in/back')) back = request.url();
  });
  for (const person of SIGNING) {
    await signIn(person);
    if (form !== '') {
      const headers = { Origin: seen.links.console, 'Content-Type': 'application/x-www-form-urlencoded' };
      const again = await page.request.post(decide, { data: form, headers, maxRedirects: 0 });
      expect(again.status()).toBe(403);
      expect(await again.text()).toContain('This form is of another browser, another sign-in');
    }
    await page.goto(decide);
    const known = await told();
    expect(known).toContain('everything that staging has proven');
    expect(known).toContain(seen.ledger.proposal?.digest);
    expect(await page.locator('#evidence code').count()).toBeGreaterThan(5);
    await fillIn(person);
    expect(await confirm(person)).toContain(`signed off as ${person.role}`);
    await page.goto(back);
    expect(await told()).toContain('This browser has asked for no such sign-in');
  }
  // The same person, by the same form, once more.
  const headers = { Origin: seen.links.console, 'Content-Type': 'application/x-www-form-urlencoded' };
  const again = await page.request.post(decide, { data: form, headers, maxRedirects: 0 });
  expect(again.status()).toBe(422);
  expect(await again.text()).toContain('product-owner has already been signed off by gabriela.dias');
});

test('a sixth is refused, in words: by the page, and by the worker whatever the page says', async () => {
  const why = 'product-owner has already been signed off by gabriela.dias';
  expect(await notOffered(SIXTH)).toContain(why);
  expect(await refusal(await proven(SIXTH))).toContain(why);
});

/** @returns what the page says to somebody who cannot choose to approve */
async function notOffered(person: { name: string }): Promise<string> {
  await signIn(person);
  await page.goto(decide);
  expect(await page.locator('#answer-approve').isDisabled()).toBe(true);
  return await told();
}

type Forging = { claims?: JWTPayload; by?: CryptoKey };
const now = () => Math.floor(Date.now() / 1_000);

test.each([
  ['issuer', () => ({ claims: { iss: 'https://accounts.example.com' } }), 'an account that is none of elisa.rocha'],
  ['audience', () => ({ claims: { aud: 'payroll' } }), 'made out to another audience'],
  ['nonce', () => ({ claims: { nonce: 'x'.repeat(43) } }), 'its nonce is that of another statement'],
  ['key', async () => ({ by: (await generateKeyPair('RS256')).privateKey }), 'that is known here has signed it'],
  ['time', () => ({ claims: { auth_time: now() - 4 * 3_600 } }), 'had signed in 4 h before'],
  ['age', () => ({ claims: { iat: now() - 7_200, auth_time: now() - 7_200 } }), 'is to count for longer than'],
  ['subject', () => ({ claims: { sub: 'fabio.nunes' } }), 'an account that is none of elisa.rocha'],
] as [string, () => Forging | Promise<Forging>, string][])(
  'a token that is right but for its %s is refused by the worker, in words',
  async (_, forge, why) => {
    expect(await refusal(await proven(LAST, await forge()))).toContain(why);
  },
);

/** An approval with this person’s own token, or one that is not. */
async function proven(
  { id: who, role }: { id: string; role: string },
  { claims, by }: Forging = {},
): Promise<Decision> {
  const { ledger } = seen;
  const decision: Decision = { kind: 'approve', who, role, deployment: ledger.deployment };
  const approval = { ...decision, digest: ledger.proposal?.digest, subject: 'sign-offs' };
  const statement = statementOf(saidInDecision(approval, ledger), Date.now());
  const key = JSON.parse(await readFile(join(home, 'secrets', 'identity-provider'), 'utf8'));
  const iss = new URL(await providerPlace()).origin;
  const right = { iss, aud: 'surefoot-demo', sub: who, iat: now(), auth_time: now(), exp: now() + 3_600 };
  const token = await new SignJWT({ ...right, nonce: nonceOf(statement), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid })
    .sign(by ?? ((await importJWK(key, 'RS256')) as CryptoKey));
  return { ...approval, envelope: await sealedByProvider(statement, token) };
}

const providerPlace = async () =>
  (await page.request.get(`${seen.links.console}/sign-in`, { maxRedirects: 0 })).headers().location ?? '';

async function refusal(decision: Decision): Promise<string> {
  const { temporal } = JSON.parse(await readFile(join(home, 'sandbox.json'), 'utf8'));
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const client = new Client({ connection, ...clientEncryption('throw') });
    const handle = client.workflow.getHandle('surefoot/eduautismo/production');
    return await handle.executeUpdate(decideUpdate, { args: [decision] }).then(() => 'taken', innermost);
  } finally {
    await connection.close();
  }
}

test('with the fifth it goes on by itself, to its end, and the console shows its history', async () => {
  expect(await approve(LAST)).toContain('signed off as qa');
  const { result, consoleUrl } = await ending;
  expect(result).toMatchObject({ outcome: 'succeeded', startedBy: 'ana.souza' });
  const people = [...SIGNING, LAST].map(({ id, role }) => ({ who: id, role }));
  expect(result.approvals).toEqual(people.map((person) => expect.objectContaining(person)));
  await page.goto(`${consoleUrl}/deployments/${result.deployment}`);
  const shown = await told();
  expect(shown).toContain('all phases passed');
  for (const { id } of [...SIGNING, LAST]) expect(shown).toContain(id);
  await page.goto(`${consoleUrl}/?outcome=succeeded`);
  expect(await told()).toContain(result.deployment);
}, 300_000);

test('the words by which production was changed are kept with it, each with the key that the worker verified it by', async () => {
  const { result } = await ending;
  const file = join(home, 'evidence', result.deployment, 'production.deploy', '1', 'authority.json');
  const { by } = JSON.parse(await readFile(file, 'utf8')) as { by: Word[] };
  const people = [...SIGNING, LAST].map(({ id }) => id);
  // Stand-ins have answered what else was asked, unsigned.
  const proven = by.filter(({ decision }) => decision === 'start' || decision === 'approve');
  expect(proven.map(({ person }) => person)).toEqual(['ana.souza', ...people]);
  for (const { verifiedBy } of proven) expect(verifiedBy).toMatchObject({ kid: 'demo', kty: 'RSA' });
});

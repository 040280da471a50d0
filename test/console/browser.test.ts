/** The console in a real browser: on a narrow phone, in the dark, by keyboard, without JavaScript, and live. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { findBrowser } from '../../src/adapters/application/browser.js';
import { identitySignIn } from '../../src/console/identity/identity-sign-in.js';
import type { DeploymentLook } from '../../src/console/look.js';
import { type Served, serveConsole } from '../../src/console/serve.js';
import { NOBODY } from '../../src/console/signed-in.js';
import { LANGUAGES } from '../../src/console/words/language.js';
import { saidBy } from '../../src/contract/envelope.js';
import type { Decision, Ledger, WatchRecord } from '../../src/domain/ledger/ledger.js';
import { unusedPort } from '../../src/local/ports.js';
import { judgeWord } from '../../src/policy/judge-act.js';
import { loadPolicy, type Policy } from '../../src/policy/policy.js';
import { START, stepWith } from '../client/ledgers.js';
import { realProvider } from '../helpers/identity-provider.js';
import { virtualAuthenticator } from '../helpers/virtual-authenticator.js';
import { plan } from '../report/reports.js';
import { deploymentsWith, listedWith, lookWith, NOW, signOffs } from './looks.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const DEPLOYMENT = 'eduautismo-20251124-120000-ab12';
const PHONE = { width: 320, height: 640 };
const speaker = plan.approvals.roster.find(({ id, roles }) => roles.includes('qa') && id !== 'ana.souza');

const watched: WatchRecord = {
  id: 'watch-1h',
  workflowId: 'w',
  title: 'Observar 1 hora',
  startedAt: START,
  now: NOW,
  endsAt: NOW + 600_000,
  ticks: 60,
  samples: 120,
  criteria: [
    {
      id: 'errors',
      title: 'Taxa de erros',
      tier: 'rollback',
      verdict: 'breached',
      samples: 60,
      unknown: 0,
      worst: 12.345,
      unit: '%',
      rule: '> 10 % for 2 min',
    },
    {
      id: 'memory',
      title: 'Memória',
      tier: 'consider',
      verdict: 'unknown',
      samples: 60,
      unknown: 30,
      unit: 'MB',
      rule: '> 900 MB',
      reason: 'no data',
    },
  ],
};

function busyLook(): DeploymentLook {
  const steps = [
    stepWith({ id: 'prerequisites.tools', phase: 'prerequisites', state: 'passed', endedAt: START + 500 }),
    stepWith({
      id: 'staging.health',
      title: 'Staging answers',
      state: 'failed',
      endedAt: START + 1_000,
      reason: 'it did not answer',
    }),
    stepWith({ id: 'sign-offs', phase: 'approval', title: 'Sign-offs', state: 'running' }),
  ];
  const production = { codeDeployed: true, migrated: true, maintenance: false };
  const look = lookWith({
    // Counted by the browser’s own clock.
    questions: [signOffs({ openedAt: Date.now() - 60_000 })],
    approvals: [],
    steps,
    monitors: [watched],
    production,
    untold: ['Slack did not answer'],
  });
  const samples = Array.from({ length: 60 }, (_, index) => ({
    at: START + index * 60_000,
    kind: 'ok' as const,
    value: index % 13,
  }));
  const plot = {
    id: 'plot-0-0',
    title: 'Taxa de erros',
    unit: '%',
    span: [START, NOW] as const,
    samples,
    limits: [{ title: 'Taxa de erros', rule: '> 10 %', comparison: '>' as const, threshold: 10 }],
    clock: (at: number) => new Date(at).toISOString().slice(11, 16),
  };
  if (look.planned) look.planned.view.watches = [{ monitor: watched, plots: [plot] }];
  return look;
}

let browser: Browser;
let served: Served;
let sent: Decision[];
const looks: DeploymentLook[] = [];
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const { chromium } = await import('playwright-core');
  browser = await chromium.launch({ executablePath: await findBrowser(), chromiumSandbox: process.getuid?.() !== 0 });
  looks.push(busyLook());
  const waits = {
    listed: listedWith({ deployment: DEPLOYMENT, outcome: 'running', endedAt: undefined }),
    ledger: looks[0]?.ledger,
  };
  const known = deploymentsWith({ looks, rows: [waits, { listed: listedWith({ outcome: 'rolled-back' }) }] });
  sent = known.sent;
  served = await serveConsole({ port: 0, deployments: known.deployments, signIn: NOBODY });
});

afterEach(async () => {
  sent.length = 0;
  for (const close of opened.splice(0)) await close();
});

afterAll(async () => {
  served?.stop();
  await browser?.close();
});

async function open(
  path: string,
  options: BrowserContextOptions = {},
  origin = served.url,
): Promise<{ page: Page; problems: string[] }> {
  const context = await browser.newContext({ viewport: PHONE, ...options });
  opened.push(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())));
  page.on('pageerror', (error) => void problems.push(error.message));
  await page.goto(`${origin}${path}`);
  return { page, problems };
}

const PAGES = [
  '/',
  '/?search=shop&outcome=rolled-back',
  '/waiting',
  '/history',
  `/deployments/${DEPLOYMENT}`,
  `/deployments/${DEPLOYMENT}/evidence`,
  `/deployments/${DEPLOYMENT}/watches/1`,
  `/deployments/${DEPLOYMENT}/decide/sign-offs`,
  `/deployments/${DEPLOYMENT}/decide`,
  '/nowhere',
];

const SCHEMES = ['light', 'dark'] as const;

async function expectAccessible(page: Page, { path, locale }: { path: string; locale: string }): Promise<void> {
  await page.evaluate(AXE);
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    expect(await violations(page), `${path}, ${colorScheme}`).toEqual([]);
  }
  expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(PHONE.width);
  expect(await page.getAttribute('html', 'lang')).toBe(locale);
}

async function violations(page: Page): Promise<string[]> {
  return await page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run({ runOnly: tags });
    const first = (nodes: { html: string }[]) => nodes.slice(0, 3).map((node) => node.html);
    return violations.map(({ id, nodes }) => `${id}: ${first(nodes).join(' ')}`);
  }, TAGS);
}

test.each(LANGUAGES)(
  'no page violates WCAG 2.2 AA at 320 px, in light and dark, or is wider than that: in %s',
  async (locale) => {
    const { page, problems } = await open('/', { locale });
    for (const path of PAGES) {
      await page.goto(`${served.url}${path}`);
      await expectAccessible(page, { path, locale });
    }
    await page.goto(`${served.url}/deployments/${DEPLOYMENT}/decide/sign-offs`);
    await page.evaluate("document.querySelector('form.decide').noValidate = true");
    for (const step of ['what lacks', 'the confirmation', 'what came of it']) {
      await Promise.all([page.waitForEvent('load'), page.locator('form.decide button').click()]);
      await expectAccessible(page, { path: step, locale });
      if (step !== 'what lacks') continue;
      await page.locator('#answer-approve').check();
      await page.locator('select[name=speaker]').selectOption(`${speaker?.id}/qa`);
    }
    expect(problems.filter((text) => !/404|422/.test(text))).toEqual([]);
  },
);

test('without JavaScript a person decides, by the keyboard alone', async () => {
  const { page } = await open(`/deployments/${DEPLOYMENT}/decide/sign-offs`, { javaScriptEnabled: false });
  await page.keyboard.press('Tab');
  expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  await page.locator('#answer-approve').focus();
  await page.keyboard.press('Space');
  await page.locator('select[name=speaker]').selectOption(`${speaker?.id}/qa`);
  await page.getByRole('button', { name: 'Go on to the confirmation' }).press('Enter');
  await page.getByRole('heading', { name: 'Approve?' }).waitFor();
  expect(sent).toEqual([]);
  await page.getByRole('button', { name: 'Approve now' }).press('Enter');
  await page.getByText('signed off as qa').waitFor();
  expect(sent).toMatchObject([{ kind: 'approve', who: speaker?.id, role: 'qa' }]);
});

test('a page that is open shows what has changed, and keeps open what its reader has opened', async () => {
  const { page, problems } = await open(`/deployments/${DEPLOYMENT}`);
  const before = looks[0];
  if (!before) throw new Error('there is no deployment to look at');
  await page.locator('#phase-prerequisites, #phase-staging').first().waitFor();
  const counted = await page.locator('.count').first().textContent();
  await page.locator('#phase-prerequisites > summary').click();
  const wasOpen = await page.locator('details[open]').count();
  looks[0] = {
    ...before,
    ledger: {
      ...before.ledger,
      held: { kind: 'hold', who: 'rui', role: 'qa', at: NOW, via: 'update', accepted: true, reason: '' },
    },
  };
  await page.getByText('Held by rui').waitFor({ timeout: 15_000 });
  expect(await page.locator('details[open]').count()).toBe(wasOpen);
  expect(await page.locator('.count').first().textContent()).not.toBe(counted);
  await page.locator('#phase-staging > summary').click();
  const signedOff = { state: 'passed' as const, endedAt: NOW };
  const steps = before.ledger.steps.map((step) => (step.phase === 'approval' ? { ...step, ...signedOff } : step));
  looks[0] = { ...before, ledger: { ...before.ledger, phase: 'production', steps } };
  await page.locator('#phase-production[open]').waitFor({ timeout: 15_000 });
  // What its reader has opened or closed stays so; what was open as it was its turn is closed when that has passed.
  const isOpen = (phase: string) => page.locator(`#phase-${phase}`).evaluate((details) => details.hasAttribute('open'));
  expect([await isOpen('prerequisites'), await isOpen('staging'), await isOpen('approval')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(problems).toEqual([]);
  looks[0] = before;
});

test('a person who has signed in makes a passkey, and signs off by it once the policy has it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-passkey-page-'));
  const port = await unusedPort();
  const origin = `http://localhost:${port}`;
  const provider = await realProvider({ client: 'surefoot', back: [origin] });
  opened.push(provider.stop, async () => rmSync(folder, { recursive: true, force: true }));
  const { issuer } = provider;
  const person = (role: string, subject: string) => ({
    ...{ name: subject, roles: [role] },
    keys: [{ kind: 'oidc', issuer, subject }] as unknown[],
  });
  const written = {
    ...{ policy: 1, people: { ana: person('lead', 'ana'), bob: person('qa', 'bob') } },
    identityProviders: [{ issuer, audience: 'surefoot' }],
    services: { [plan.service]: { start: ['lead'], approve: ['qa'] } },
    decisions: { rollback: ['lead'] },
  };
  const policyOf = (parts: object): Policy => {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, stringify(parts));
    return loadPolicy(file);
  };
  const policy = policyOf(written);
  const { deployments } = deploymentsWith({});
  const own = await serveConsole({ port, deployments, signIn: await identitySignIn({ policy, issuer }) });
  opened.push(async () => own.stop());
  const { page, problems } = await open('/passkey', {}, origin);
  await expectAccessible(page, { path: 'before signing in', locale: 'en' });
  const ownProblems = problems.splice(0);
  await page.locator('main').getByRole('link', { name: 'Sign in' }).click();
  await page.locator('input[name=login]').fill('bob');
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
  const make = page.getByRole('button', { name: 'Make a passkey' });
  await make.waitFor();
  // The provider's own pages want things from the network.
  problems.length = 0;
  for (const locale of LANGUAGES.toReversed()) {
    await page.goto(`${origin}/passkey?lang=${locale}`);
    await expectAccessible(page, { path: 'a passkey is to be made', locale });
  }
  await virtualAuthenticator(page);
  await make.click();
  await page.getByText('counts for nothing yet').waitFor();
  await expectAccessible(page, { path: 'a passkey is made', locale: 'en' });
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download the piece' }).click(),
  ]);
  const piece = parse(readFileSync(await download.path(), 'utf8'));
  const { bob } = written.people;
  const people = { ...written.people, bob: { ...bob, keys: [...bob.keys, ...piece.people.bob.keys] } };
  const confirmed = policyOf({ ...written, people, passkeys: piece.passkeys });
  own.stop();
  const roster = [{ id: 'bob', name: 'Bob', roles: ['qa'] }];
  const demands: Ledger['demands'] = { signed: ['start', 'approve'], people: roster, approve: ['qa'], roles: {} };
  const look = lookWith({ questions: [signOffs()], approvals: [], demands });
  const asked = deploymentsWith({ looks: [look] });
  const restarted = await serveConsole({
    ...{ port, deployments: asked.deployments },
    signIn: await identitySignIn({ policy: confirmed, issuer }),
  });
  opened.push(async () => restarted.stop());
  await page.goto(`${origin}/deployments/${DEPLOYMENT}/decide/sign-offs`);
  await page.locator('main').getByRole('link', { name: 'Sign in' }).click();
  await page.locator('#answer-approve').check();
  await page.getByRole('button', { name: 'Go on to the confirmation' }).click();
  await page.getByRole('button', { name: 'Approve now' }).click();
  const sign = page.getByRole('button', { name: 'Sign with my passkey' });
  await sign.waitFor();
  await expectAccessible(page, { path: 'a decision is to be signed', locale: 'en' });
  expect(asked.sent).toEqual([]);
  await sign.click();
  await page.getByText('signed off as qa').waitFor();
  const [decision] = asked.sent;
  if (!decision) throw new Error('nothing was sent');
  const { deployment, service, digest } = look.ledger;
  const judged = (by: Policy) => judgeWord(by, { deployment, service, digest }, saidBy(decision), Date.now());
  expect(await judged(confirmed)).toBeUndefined();
  expect(await judged(policy)).toContain('none of bob');
  expect([...ownProblems, ...problems]).toEqual([]);
});

test('only this machine reaches it, by its own address', async () => {
  const { port } = new URL(served.url);
  expect(new URL(served.url).hostname).toBe('127.0.0.1');
  // Another address of this machine: who listens on all of them answers there too.
  await expect(fetch(`http://127.0.0.2:${port}/`, { signal: AbortSignal.timeout(2_000) })).rejects.toThrow();
});

test('a name of somebody else that leads to this machine is not answered to', async () => {
  const { port } = new URL(served.url);
  const context = await browser.newContext();
  opened.push(() => context.close());
  const page = await context.newPage();
  const other = await page.goto(`http://console.localhost:${port}/`);
  expect(other?.status()).toBe(421);
});

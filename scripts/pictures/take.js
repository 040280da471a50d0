/**
 * `npm run pictures`: carries the built demo out once, with a fault and with people who sign off in its console, and
 * takes the pictures of README and docs on the way. What differs from run to run is dates, identifiers and measurements.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { SIGNERS, signIn, signOff } from './signing-off.js';
import { terminalPage } from './terminal-page.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'docs', 'pictures');
const FAULT = 'errors@watch-5m';
const LARGEST = 150 * 1024;
const DESKTOP = { width: 960, height: 1040 };
const PHONE = { width: 390, height: 844 };
const TERMINAL = { columns: 110, rows: 34, isUnicode: true };
/** How a browser is, wherever this runs. */
const LIKE = { locale: 'en', timezoneId: 'UTC', colorScheme: 'light', reducedMotion: 'reduce' };

if (!existsSync(join(root, 'dist', 'src', 'demo', 'run.js'))) {
  console.error('Nothing is built yet. Run `npm run build` first.');
  process.exit(2);
}
process.env.FORCE_COLOR = '1'; // before picocolors is loaded
const { runDemo, SHIPPED_PLAN } = await import('../../dist/src/demo/run.js');
const { writeDemoReport } = await import('../../dist/src/demo/report.js');
const { findBrowser } = await import('../../dist/src/adapters/application/browser.js');
const { renderLive } = await import('../../dist/src/client/rendering/live/live-view.js');
const { curvesOf } = await import('../../dist/src/client/commands/watching/curves.js');
const { runbookOf } = await import('../../dist/src/contract/runbook.js');
const { loadPlan } = await import('../../dist/src/plan/load.js');
const { default: colors } = await import('picocolors');

const home = await mkdtemp(join(tmpdir(), 'surefoot-pictures-'));
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort(new Error('interrupted')));
process.once('SIGTERM', () => interrupt.abort(new Error('interrupted')));
const browser = await chromium.launch({
  executablePath: await findBrowser(),
  // Text in shades of its own colour alone: that is half the bytes.
  args: ['--disable-lcd-text'],
  chromiumSandbox: process.getuid?.() !== 0,
  handleSIGINT: false,
  handleSIGTERM: false,
});
/** By the file’s name. What is there already is replaced when all of them have been taken. */
const taken = new Map();
let demo;
try {
  demo = await followed();
  console.error(`${demo.result.outcome} after ${Math.round(demo.wallSeconds)} s`);
  await atTheEnd(demo);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!taken.has(name)) rmSync(join(folder, name));
  for (const [name, bytes] of taken) {
    writeFileSync(join(folder, name), bytes);
    console.log(`docs/pictures/${name}: ${Math.round(bytes.length / 1024)} KB`);
  }
  const large = [...taken].filter(([, bytes]) => bytes.length > LARGEST).map(([name]) => name);
  if (large.length > 0) throw new Error(`${large.join(', ')}: each should stay below ${LARGEST} bytes`);
} finally {
  await browser.close();
  await demo?.stop();
  rmSync(home, { recursive: true, force: true });
}

/** The demo to its end, with the pictures of what is seen on its way. */
async function followed() {
  let signing;
  let goingBack;
  const run = await runDemo({
    home,
    reset: false,
    fault: FAULT,
    ask: true,
    signal: interrupt.signal,
    progress: (text) => console.error(text),
    onLedger(ledger, links) {
      if (ledger.questions.some(({ kind, answer }) => kind === 'approvals' && !answer)) {
        signing ??= signedOff(`${links.console}/deployments/${ledger.deployment}/decide/sign-offs`);
        // Without them it waits for ever.
        signing.catch((error) => interrupt.abort(error));
      }
      if (ledger.rollback && !ledger.outcome) goingBack = structuredClone(ledger);
    },
  });
  demo = run;
  await signing;
  if (!goingBack) throw new Error('it was brought back before that was seen: take the pictures again');
  await watch(goingBack, run);
  return run;
}

/** All of them sign off; the third of them has the pictures taken. */
async function signedOff(decide) {
  const context = await browser.newContext({ ...LIKE, viewport: DESKTOP });
  const page = await context.newPage();
  for (const [index, signer] of SIGNERS.entries()) {
    const who = { ...signer, decide };
    await signIn(page, who);
    if (index === 2) {
      await page.goto(new URL('/', decide).href);
      await shoot(page, 'console-deployments.png', { height: 420 });
      await page.goto(decide);
      await shoot(page, 'console-decision.png');
      await phones(context, 'console-phone.png', [new URL('..', decide).href, decide]);
    }
    await signOff(page, who);
  }
  await context.close();
}

/** Pages as a phone shows them, side by side. */
async function phones(context, name, addresses) {
  const { cookies } = await context.storageState();
  const phone = await browser.newContext({ ...LIKE, viewport: PHONE, storageState: { cookies, origins: [] } });
  const page = await phone.newPage();
  const shown = [];
  for (const address of addresses) {
    await page.goto(address.replace(/\/$/, ''));
    shown.push(await page.screenshot());
  }
  await phone.close();
  const images = shown.map((bytes) => `<img alt="" src="data:image/png;base64,${bytes.toString('base64')}">`);
  const beside = await browser.newPage({ viewport: { width: 900, height: PHONE.height + 24 } });
  await beside.setContent(`<style>
    body { margin: 0; display: flex; gap: 24px; padding: 12px; width: max-content; background: #d9dde3; }
    img { border-radius: 18px; width: ${PHONE.width}px; height: ${PHONE.height}px; }
  </style>${images.join('')}`);
  taken.set(name, await beside.locator('body').screenshot());
  await beside.close();
}

async function watch(ledger, { workflowId, runId }) {
  const { resolved } = loadPlan(SHIPPED_PLAN, { bindings: join(home, 'bindings.yaml') });
  const look = {
    view: { found: { workflowId, runId, running: true, status: 'RUNNING' }, ledger, services: [] },
    seenAt: ledger.startedAt,
    inVirtualTime: true,
    usually: new Map(runbookOf(resolved).map((step) => [step.id, step.usually])),
    ...(await curvesOf(resolved, ledger, undefined)),
  };
  const page = await browser.newPage({ viewport: { width: 1200, height: 400 } });
  await page.setContent(terminalPage(renderLive(look, look.seenAt, { ...TERMINAL, colors })));
  taken.set('watch.png', await page.locator('pre').screenshot());
  await page.close();
}

async function atTheEnd(run) {
  const page = await browser.newPage({ ...LIKE, viewport: DESKTOP });
  page.setDefaultTimeout(60_000);
  await page.goto(`${run.consoleUrl}/deployments/${run.result.deployment}`);
  await page.getByText('rolled back').first().waitFor();
  await shoot(page, 'console-deployment.png', { height: 1330 });
  const { html } = await writeDemoReport(run);
  await page.goto(pathToFileURL(html).href);
  await shoot(page, 'report.png', { height: 820 });
  await board(page, `${run.signIn}/user-metadata`);
}

/** Of the Web UI what the deployment itself writes there. */
async function board(page, address) {
  await page.setViewportSize({ width: 1100, height: 2_400 });
  await page.goto(address);
  // The board is in a frame without scripts: what it shows cannot be waited for.
  await page.locator('iframe').first().waitFor();
  await page.waitForTimeout(6_000);
  const { x, y } = await page.getByText('Current Details').boundingBox();
  taken.set('web-ui-board.png', await page.screenshot({ clip: { x: x - 26, y: y - 20, width: 391, height: 650 } }));
}

/** What is seen first of a page. */
async function shoot(page, name, { height = DESKTOP.height } = {}) {
  await page.setViewportSize({ ...DESKTOP, height });
  taken.set(name, await page.screenshot());
  await page.setViewportSize(DESKTOP);
}

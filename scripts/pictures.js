// `npm run pictures`: carries the built demo out with a fault, and takes the README's pictures of it in a browser.
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs', 'pictures');
const fault = process.env.PICTURE_FAULT ?? 'errors@watch-5m';
const SIZE = { width: 1500, height: 1560 };
const LARGEST = 400 * 1024;
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];
const OFTEN_HERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const executablePath = findBrowser();
if (!existsSync(join(root, 'dist', 'src', 'demo', 'run.js'))) fail('Nothing is built yet. Run `npm run build` first.');
process.env.FORCE_COLOR = '1'; // before picocolors is loaded
const { runDemo } = await import('../dist/src/demo/run.js');
const { renderStatus } = await import('../dist/src/client/rendering/status.js');
const { default: colors } = await import('picocolors');

mkdirSync(folder, { recursive: true });
const home = await mkdtemp(join(tmpdir(), 'surefoot-pictures-'));
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort(new Error('interrupted')));
process.once('SIGTERM', () => interrupt.abort(new Error('interrupted')));
let demo;
let browser;
try {
  demo = await runDemo({
    home,
    reset: false,
    fault: fault === 'none' ? undefined : fault,
    signal: interrupt.signal,
    progress: (text) => console.error(text),
    onLedger: () => {},
  });
  console.error(
    `${demo.result.outcome}, ${demo.historyEvents} events in the history, ${Math.round(demo.wallSeconds)} s`,
  );
  browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  await webUi(browser, demo.signIn);
  await terminal(browser, renderStatus(demo.result, { colors, now: Date.now(), link: demo.uiUrl }));
} finally {
  await browser?.close();
  await demo?.stop();
  rmSync(home, { recursive: true, force: true });
}

function findBrowser() {
  const { CHROME_PATH, PATH = '' } = process.env;
  if (CHROME_PATH && !existsSync(CHROME_PATH)) fail(`CHROME_PATH is ${CHROME_PATH}, which does not exist.`);
  const onPath = PATH.split(delimiter).flatMap((place) => BROWSERS.map((name) => join(place, name)));
  const found = [CHROME_PATH, ...onPath, ...OFTEN_HERE].find((path) => path && existsSync(path));
  return found ?? fail('No browser found. Install Chromium or Chrome, or set CHROME_PATH to its program.');
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** The timeline, and the board that the deployment keeps under "User Metadata". */
async function webUi(browser, link) {
  const page = await browser.newPage({ viewport: SIZE });
  page.setDefaultTimeout(60_000);
  await page.goto(`${link}/timeline`);
  await page.getByText('Smoke tests on production').first().waitFor();
  await page.waitForTimeout(2_000);
  await save(page, 'web-ui.png');
  await page.goto(`${link}/user-metadata`);
  // The board is in a frame without scripts: what it shows cannot be waited for.
  await page.locator('iframe').first().waitFor();
  await page.waitForTimeout(6_000);
  await save(page, 'web-ui-board.png');
}

/** A terminal's text as a page. */
async function terminal(browser, text) {
  const page = await browser.newPage({ viewport: { width: 1180, height: 400 } });
  await page.setContent(`<style>
    body { margin: 0; background: #11151c; }
    pre { margin: 0; padding: 22px 26px; color: #d7dde8; font: 14px/1.5 'DejaVu Sans Mono', Menlo, monospace;
      white-space: pre-wrap; width: fit-content; max-width: 1128px; }
    .b { font-weight: bold } .d { color: #8490a3 } .red { color: #ff7b72 } .green { color: #6fdd8b }
    .yellow { color: #f2cc60 } .cyan { color: #6cc7f0 }
  </style><pre>${toHtml(text)}</pre>`);
  await save(page.locator('pre'), 'cli.png');
}

/** The few escape codes that picocolors writes. */
function toHtml(text) {
  const CLASSES = { 1: 'b', 2: 'd', 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' };
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const on = new Set();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes begin with one
  return escaped.replace(/\x1b\[(\d+)m([^\x1b]*)/g, (_, code, words) => {
    if (code === '22') for (const weight of ['b', 'd']) on.delete(weight);
    else if (code === '39') for (const name of [...on].filter((each) => each.length > 1)) on.delete(name);
    else if (code === '0') on.clear();
    else if (CLASSES[code]) on.add(CLASSES[code]);
    return on.size > 0 ? `<span class="${[...on].join(' ')}">${words}</span>` : words;
  });
}

async function save(target, name) {
  const path = join(folder, name);
  await target.screenshot({ path });
  const { size } = statSync(path);
  if (size > LARGEST) throw new Error(`${path} has ${size} bytes; it should stay below ${LARGEST}.`);
  console.log(`docs/pictures/${name}: ${Math.round(size / 1024)} KB`);
}

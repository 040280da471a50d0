/** A real browser without a window, and a record of what went wrong in its pages. */
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { programVariables } from '../commands/program-variables.js';
import { JsonAnswers } from './json-answers.js';
import { PageLog } from './page-log.js';

/** Programs that are, or behave as, Chromium. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];
const OFTEN_HERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const START = 20_000;
/** For one click or one look. A page in order needs a tenth of a second, on a busy machine some. */
const PATIENCE = 10_000;

/** There is no browser here, or it does not start. The message is for people. */
export class NoBrowser extends Error {
  override name = 'NoBrowser';
}

/**
 * The browser's program: `SUREFOOT_BROWSER`, else one on PATH, else one that Playwright has installed.
 * @throws NoBrowser
 */
export async function findBrowser(): Promise<string> {
  const { SUREFOOT_BROWSER: chosen, PATH = '' } = process.env;
  if (chosen) {
    if (await canRun(chosen)) return chosen;
    throw new NoBrowser(`SUREFOOT_BROWSER is ${chosen}, which cannot be run`);
  }
  const folders = PATH.split(delimiter).filter(isAbsolute);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const { chromium } = await import('playwright-core');
  for (const program of [...candidates, ...OFTEN_HERE, chromium.executablePath()]) {
    if (await canRun(program)) return program;
  }
  throw new NoBrowser('the worker finds no browser: install Chromium, or name its program in SUREFOOT_BROWSER');
}

const canRun = (program: string): Promise<boolean> =>
  access(program, constants.X_OK).then(
    () => true,
    () => false,
  );

/** A page, what it and its network said, and what it was answered, each within limits. */
export interface ObservedPage {
  page: Page;
  log: PageLog;
  answers: JsonAnswers;
}

/**
 * Opens a page in a browser of its own, which ends with the work. An aborted signal ends both.
 * @throws NoBrowser; the signal's reason
 */
export async function withPage<T>(signal: AbortSignal, work: (observed: ObservedPage) => Promise<T>): Promise<T> {
  const browser = await launch(await findBrowser());
  const stop = () => void browser.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.setDefaultTimeout(PATIENCE);
    return await work(await observe(page));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await browser.close();
  }
}

async function launch(executablePath: string): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  try {
    return await chromium.launch({
      executablePath,
      timeout: START,
      env: programVariables(),
      // Chromium's own sandbox refuses to work for root, as which containers often run; anybody else keeps it.
      chromiumSandbox: process.getuid?.() !== 0,
      // Signals are the worker's: Playwright's handlers would end the process at once.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    const [first] = (error as Error).message.split('\n');
    throw new NoBrowser(`${executablePath} does not start: ${first}`);
  }
}

async function observe(page: Page): Promise<ObservedPage> {
  const log = new PageLog();
  const note = log.note.bind(log);
  page.on('console', (message) => {
    // A request that failed is noted as such, with its address.
    const isEcho = message.text().startsWith('Failed to load resource');
    note(`console ${message.type()}: ${message.text()}`, message.type() === 'error' && !isEcho);
  });
  page.on('pageerror', (error) => note(`script error: ${error.message}`, true));
  page.on('requestfailed', (request) =>
    note(`${request.method()} ${request.url()}: ${request.failure()?.errorText ?? 'failed'}`, true),
  );
  page.on('response', (response) =>
    note(
      `${response.request().method()} ${response.url()}: ${response.status()}`,
      response.status() >= 400 && !response.url().endsWith('/favicon.ico'),
    ),
  );
  return { page, log, answers: await JsonAnswers.of(page) };
}

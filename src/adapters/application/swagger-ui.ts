/** Swagger UI as a person uses it: look at the page, unfold an endpoint, authorise, try it out (checklist 1.6). */
import type { Locator, Response } from 'playwright-core';
import type { ApiDocumentation } from '../../contract/plan/application.js';
import { fieldOf } from '../http/http.js';
import type { ObservedPage } from './browser.js';
import { describedFields } from './openapi-document.js';

/** Milliseconds for the page to load, and for the endpoint to answer. */
const LOAD = 15_000;
const ANSWER = 30_000;

/** Of parameters and fields, and characters of each: as many as anybody documents. */
const MOST_NAMES = 500;
const LONGEST_NAME = 200;

/** Pixels of a picture: an endpoint is unfolded to as much as the page likes. */
const HIGHEST = 10_000;

/** What was seen of one thing, in one line. */
export interface DocumentationFinding {
  ok: boolean;
  text: string;
}

/** What the page shows when it is unfolded; what needs the endpoint is missing where it is not listed. */
export interface DocumentationFindings {
  loads: DocumentationFinding;
  listed: DocumentationFinding;
  parameters?: DocumentationFinding;
  schema?: DocumentationFinding;
}

/** Who the page is authorised as: a token for a bearer scheme, name and password for a form of the page's own. */
export interface Identity {
  token?: string;
  username?: string;
  password?: string;
}

/** The page of one endpoint's documentation. */
export class SwaggerUi {
  constructor(
    private readonly observed: ObservedPage,
    private readonly documentation: ApiDocumentation,
  ) {}

  /** Opens the page, unfolds the endpoint, and reads what is there. */
  async read(url: string): Promise<DocumentationFindings> {
    const loads = await this.load(url);
    const listed = await this.unfold();
    if (!listed.ok) return { loads, listed };
    // An endpoint is put together when it is unfolded: until then the page shows none of its parameters, nor any field.
    if (!(await appears(this.block.locator('.opblock-body .opblock-section').first()))) {
      const late = { ok: false, text: 'the page does not show in time what the endpoint takes and answers' };
      return { loads, listed, parameters: late, schema: late };
    }
    return { loads, listed, parameters: await this.parameters(), schema: await this.schema() };
  }

  /** Presses "Try it out" and "Execute", having authorised first where the endpoint has a lock. */
  async tryOut(identity: () => Promise<Identity | { refused: string }>): Promise<DocumentationFinding> {
    try {
      const lock = this.block.locator('.authorization__btn').first();
      if ((await lock.count()) > 0) {
        const who = await identity();
        if ('refused' in who) return { ok: false, text: `login failed: ${who.refused}` };
        const refusal = await this.authorise(lock, who);
        if (refusal) return { ok: false, text: refusal };
      }
      const earlier = this.observed.answers.count;
      const answer = await this.execute();
      return typeof answer === 'string' ? { ok: false, text: answer } : await this.judge(answer, earlier);
    } catch (error) {
      if (!isTooSlow(error)) throw error;
      // Its first line: what follows tells what was typed.
      return { ok: false, text: `the page does not let itself be used: ${error.message.split('\n')[0]}` };
    }
  }

  /** The unfolded endpoint without tokens and without what was answered: both are nobody else's business. */
  async picture(): Promise<Buffer> {
    const { page } = this.observed;
    const mask = [this.block.locator('.curl-command'), this.block.locator('.live-responses-table .microlight')];
    const options = { mask, maskColor: '#d8dde3', animations: 'disabled', timeout: LOAD } as const;
    const box = (await this.block.count()) > 0 ? await this.block.boundingBox() : null;
    if (box && box.height <= HIGHEST) return this.block.screenshot(options);
    return page.screenshot(options);
  }

  private get block(): Locator {
    const { method, path } = this.documentation.endpoint;
    const { page } = this.observed;
    const named = page.locator(`.opblock-summary-path[data-path=${JSON.stringify(path)}]`);
    return page.locator(`.opblock.opblock-${method.toLowerCase()}`).filter({ has: named }).first();
  }

  private async load(url: string): Promise<DocumentationFinding> {
    const { page, log } = this.observed;
    const { problems } = log;
    const answer = await quietly(page.goto(url, { timeout: LOAD }));
    if (answer === undefined) return { ok: false, text: problems.first ?? 'the page does not load' };
    if (answer && answer.status() !== 200) {
      return { ok: false, text: `${pathOf(answer)} answers ${answer.status()} ${answer.statusText()}`.trim() };
    }
    const ready = page.locator('.swagger-ui .opblock-tag-section, .swagger-ui .opblock, .swagger-ui .errors-wrapper');
    const isShown = await appears(ready.first());
    if (isShown) await quietly(page.waitForLoadState('networkidle'));
    // In Swagger UI's own words: the description of the API could not be read.
    const complaint = await page.locator('.swagger-ui .errors-wrapper').count();
    if (problems.count > 0) return { ok: false, text: `${problems.count} problems; first: ${problems.first}` };
    if (!isShown) return { ok: false, text: 'the page shows no Swagger UI' };
    if (complaint > 0) return { ok: false, text: 'the page loads, and says that the API’s description is wrong' };
    return { ok: true, text: 'the page loads without an error in console or network' };
  }

  private async unfold(): Promise<DocumentationFinding> {
    const { page } = this.observed;
    const { method, path } = this.documentation.endpoint;
    const name = `${method} ${path}`;
    for (const heading of await page.locator('.opblock-tag-section:not(.is-open) .opblock-tag').all()) {
      await quietly(heading.click());
    }
    if ((await this.block.count()) === 0) {
      const others = await page.locator('.opblock').count();
      return { ok: false, text: `${name} is not among the ${others} endpoints that are listed` };
    }
    if ((await this.block.locator('.opblock-body').count()) === 0) {
      await quietly(this.block.locator('.opblock-summary-control').first().click());
    }
    return { ok: true, text: `${name} is listed` };
  }

  private async parameters(): Promise<DocumentationFinding> {
    const { parameters } = this.documentation;
    const rows = this.block.locator('tr[data-param-in="query"]');
    const shown = await namesIn(rows, 'data-param-name');
    if (typeof shown === 'number') return tooMany(shown, 'parameters');
    const missing = parameters.filter((name) => !shown.includes(name));
    if (missing.length > 0) return { ok: false, text: `not documented: ${missing.join(', ')}` };
    return { ok: true, text: `${parameters.join(', ')} are documented` };
  }

  /** The answer's fields as the page shows them, held against the plan and against the API's own description. */
  private async schema(): Promise<DocumentationFinding> {
    const { fields } = this.documentation;
    const row = this.block.locator('tr.response[data-code="200"]');
    const tab = row.locator('[data-name="model"]').first();
    const isThere = (await tab.count()) > 0;
    if (isThere) await quietly(tab.click());
    const panel = row.locator('[data-name="modelPanel"]');
    // OpenAPI 3.1, then 3.0: Swagger UI draws them differently.
    const names = panel.locator(
      '[data-json-schema-level="1"] > .json-schema-2020-12-head .json-schema-2020-12__title, ' +
        '.model-box > .model > span > .inner-object > table > tbody > tr.property-row > td:first-child',
    );
    if (isThere) await appears(names.first());
    const written = await namesIn(names);
    if (typeof written === 'number') return tooMany(written, 'fields');
    const shown = written.map((name) => name.replace(/\*$/, '').trim());
    const missing = fields.filter((field) => !shown.includes(field));
    if (missing.length > 0) {
      const others = shown.length > 0 ? `; shown: ${shown.join(', ')}` : '; the page shows no schema for 200';
      return { ok: false, text: `not in the schema: ${missing.join(', ')}${others}` };
    }
    const described = await this.describedFields();
    if (!Array.isArray(described)) return { ok: false, text: described };
    const different = [...shown, ...described].filter((field) => !shown.includes(field) || !described.includes(field));
    if (different.length > 0) {
      return { ok: false, text: `the page and the OpenAPI document differ in ${[...new Set(different)].join(', ')}` };
    }
    return { ok: true, text: `${shown.join(', ')}, as in the OpenAPI document` };
  }

  /** The fields of the answer 200 in the OpenAPI document that the page itself has read; else why they are not known. */
  private async describedFields(): Promise<string[] | string> {
    const answers = await this.observed.answers.read();
    for (const answer of answers) {
      const fields = 'json' in answer && describedFields(answer.json, this.documentation.endpoint);
      if (fields) return fields;
    }
    const unread = answers.flatMap((answer) => ('unread' in answer ? answer.unread : []));
    const others = unread.length > 0 ? `; of its answers ${unread.length} could not be read: ${unread[0]}` : '';
    return `the page has read no OpenAPI document with this endpoint${others}`;
  }

  /** Fills in the page's own dialog. @returns why it did not accept what was filled in */
  private async authorise(lock: Locator, who: Identity): Promise<string | undefined> {
    const dialog = this.observed.page.locator('.dialog-ux');
    await lock.click();
    const bearer = dialog.locator('#auth-bearer-value');
    const form = dialog.locator('#oauth_username');
    await appears(bearer.or(form).first());
    const usesForm = (await form.count()) > 0;
    if (!usesForm && (await bearer.count()) === 0)
      return 'the "Authorize" dialog takes neither a bearer token nor a user name and password';
    if (usesForm) {
      const { username, password } = who;
      if (username === undefined || password === undefined)
        return 'the "Authorize" dialog wants a user name and password, and the `login` of the plan has none';
      await form.first().fill(username);
      await dialog.locator('#oauth_password').first().fill(password);
    } else if (who.token === undefined) {
      return 'the "Authorize" dialog wants a bearer token, and the `login` of the plan gives none';
    } else await bearer.first().fill(who.token);
    const field = this.observed.page.locator(usesForm ? '#oauth_username' : '#auth-bearer-value');
    await dialog.locator('.auth-container').filter({ has: field }).first().locator('button.authorize').click();
    if (!(await appears(dialog.getByText('Logout', { exact: true }).first())))
      return 'the "Authorize" dialog does not accept the test user';
    await dialog.locator('.btn-done').first().click();
    return undefined;
  }

  /** @param earlier how many answers there were before this one */
  private async judge(answer: Response, earlier: number): Promise<DocumentationFinding> {
    const place = this.block.locator('.live-responses-table .response-col_status').last();
    const shown = await quietly(place.evaluate((cell, longest) => cell.textContent?.slice(0, longest), LONGEST_NAME));
    const status = answer.status();
    const text = `"Execute" asked ${pathOf(answer)} and got ${status} ${answer.statusText()}`.trim();
    if (status !== 200) return { ok: false, text };
    if (shown?.trim() !== '200') return { ok: false, text: `${text}, but the page shows no such answer` };
    const body = await this.observed.answers.from(answer.url(), earlier);
    if ('unread' in body) return { ok: false, text: `${text}; what it says is not known: ${body.unread}` };
    const missing = this.documentation.fields.filter((field) => fieldOf(body.json, field) === undefined);
    return { ok: missing.length === 0, text: missing.length === 0 ? text : `${text} without ${missing.join(', ')}` };
  }

  /** @returns the answer, or why there is none */
  private async execute(): Promise<Response | string> {
    const { page } = this.observed;
    const { method, path } = this.documentation.endpoint;
    const button = this.block.locator('.try-out__btn');
    if ((await button.count()) === 0) return 'the endpoint has no "Try it out"';
    await button.click();
    const answer = quietly(
      page.waitForResponse((response) => response.request().method() === method && pathOf(response).endsWith(path), {
        timeout: ANSWER,
      }),
    );
    await this.block.locator('.btn.execute').click();
    return (await answer) ?? 'pressing "Execute" brings no answer';
  }
}

/** What elements say, or one of their attributes; how many there are where those are too many to be read. */
const namesIn = (elements: Locator, attribute?: string): Promise<string[] | number> =>
  elements.evaluateAll(
    (found, { most, longest, from }) =>
      found.length > most
        ? found.length
        : found.map((each) => ((from ? each.getAttribute(from) : each.textContent) ?? '').slice(0, longest)),
    { most: MOST_NAMES, longest: LONGEST_NAME, from: attribute },
  );

const tooMany = (count: number, what: string): DocumentationFinding => ({
  ok: false,
  text: `the page shows ${count} ${what}, more than the ${MOST_NAMES} that are read`,
});

const pathOf = (response: Response): string => new URL(response.url()).pathname;

const appears = async (locator: Locator): Promise<boolean> =>
  (await quietly(locator.waitFor().then(() => true))) ?? false;

/** What the page does not do within its time it does not do: undefined. Everything else is thrown. */
async function quietly<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isTooSlow(error) || (error as Error).message.includes('net::ERR_')) return undefined;
    throw error;
  }
}

const isTooSlow = (error: unknown): error is Error => error instanceof Error && error.name === 'TimeoutError';

/**
 * What a page is answered as JSON, as the browser tells of it piece by piece: nothing is fetched from the browser before it is
 * known how large it is once decoded. https://chromedevtools.github.io/devtools-protocol/tot/Network/
 */
import type { CDPSession, Page } from 'playwright-core';
import { Deadline } from '../deadline.js';

/** Bytes. A description of some thousand endpoints has a few MB. */
const LARGEST = 16_000_000;
const LARGEST_TOGETHER = 32_000_000;

/** Of one page; one that goes on asking is not listened to for ever. */
const MOST_ANSWERS = 50;

/** Milliseconds until an answer has come to its end. */
const WITHIN = 10_000;

/** What was answered, or why that is not known. */
export type JsonAnswer = { json: unknown } | { unread: string };

interface Heard {
  url: string;
  /** Bytes, decoded. */
  bytes: number;
  answer: Promise<JsonAnswer>;
  settle: (answer: JsonAnswer | Promise<JsonAnswer>) => void;
}

/** As far as the browser is asked here. */
type Protocol = Pick<CDPSession, 'on' | 'send'>;

export class JsonAnswers {
  private readonly heard: Heard[] = [];
  private readonly open = new Map<string, Heard>();
  private together = 0;
  private leftOut = 0;

  /** Listens to a page, from before it is opened. */
  static async of(page: Page): Promise<JsonAnswers> {
    const session = await page.context().newCDPSession(page);
    const answers = new JsonAnswers(session);
    await session.send('Network.enable', {
      maxResourceBufferSize: LARGEST,
      maxTotalBufferSize: LARGEST_TOGETHER,
    });
    return answers;
  }

  constructor(private readonly browser: Protocol) {
    browser.on('Network.responseReceived', ({ requestId, type, response: { url, mimeType } }) => {
      if (type === 'Preflight' || !mimeType.includes('json')) return;
      if (this.heard.length < MOST_ANSWERS) this.hear(requestId, url);
      else this.leftOut += 1;
    });
    browser.on('Network.dataReceived', ({ requestId, dataLength }) => {
      const heard = this.open.get(requestId);
      if (heard) heard.bytes += dataLength;
    });
    browser.on('Network.loadingFinished', ({ requestId }) => {
      const heard = this.open.get(requestId);
      if (heard) heard.settle(this.fetched(requestId, heard));
    });
    browser.on('Network.loadingFailed', ({ requestId }) =>
      this.open.get(requestId)?.settle({ unread: 'it broke off' }),
    );
  }

  /** How many have been heard of: what is asked next comes after them. */
  get count(): number {
    return this.heard.length;
  }

  /** All of them; what could not be read says why. */
  async read(): Promise<JsonAnswer[]> {
    const answers = await Promise.all(this.heard.map(({ answer }) => answer));
    const more = `${this.leftOut} more answers came than the ${MOST_ANSWERS} that are read`;
    return this.leftOut === 0 ? answers : [...answers, { unread: more }];
  }

  /** The last one from there after the first so many, which the page has told of already. */
  async from(url: string, after: number): Promise<JsonAnswer> {
    const until = new Deadline(WITHIN);
    for (;;) {
      const heard = this.heard.slice(after).findLast((one) => one.url === url);
      if (heard) return heard.answer;
      if (this.leftOut > 0 || until.passed) return { unread: 'the browser told of no JSON from there' };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private hear(requestId: string, url: string): void {
    let settle: Heard['settle'] = () => undefined;
    const answer = new Promise<JsonAnswer>((resolve) => {
      const timer = setTimeout(() => settle({ unread: 'it has not come to its end' }), WITHIN);
      settle = (found) => {
        clearTimeout(timer);
        this.open.delete(requestId);
        resolve(found);
      };
    });
    const heard: Heard = { url, bytes: 0, answer, settle };
    this.heard.push(heard);
    this.open.set(requestId, heard);
  }

  private async fetched(requestId: string, { bytes }: Heard): Promise<JsonAnswer> {
    if (bytes > LARGEST) return { unread: `it is larger than ${LARGEST / 1e6} MB` };
    this.together += bytes;
    if (this.together > LARGEST_TOGETHER)
      return { unread: `all are larger than ${LARGEST_TOGETHER / 1e6} MB together` };
    try {
      const { body, base64Encoded } = await this.browser.send('Network.getResponseBody', { requestId });
      return { json: JSON.parse(base64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body) as unknown };
    } catch (error) {
      return { unread: error instanceof SyntaxError ? 'it is no JSON' : 'the browser has not kept it' };
    }
  }
}

/** A forge's REST API: one request at a time, and none made again by itself, for it may have been carried out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Deadline } from '../deadline.js';
import { type HttpAnswer, type HttpRequest, jsonOf, NoAnswer, request } from '../http/http.js';
import { type Patience, pauseForLimit } from '../http/patient-request.js';

/** The forge gave no usable answer, or refused. For people; names no secret of ours, and may quote the forge. */
export class ForgeUnusable extends Error {
  override name = 'ForgeUnusable';
  constructor(
    message: string,
    /** The pause after which all may be looked at once more, milliseconds; undefined: that is no use. */
    readonly again?: number,
  ) {
    super(message);
  }
}

export interface ForgeAccess {
  /** Base URL. */
  api: string;
  headers: Record<string, string>;
  signal: AbortSignal;
  patience: Patience;
}

interface ForgeRequest extends Pick<HttpRequest, 'method' | 'json'> {
  path: string;
  query?: Record<string, string>;
}

const PAGE = 100;
/** More than anybody has; a server that never comes to an end is not read for ever. */
const MOST_PAGES = 50;
/** Tries after failures that nobody announced. */
const TRIES = 4;

const STATUS: Record<number, string> = {
  401: 'the token is not accepted',
  403: 'the token may not do that',
  404: 'not found, or the token may not see it',
};

const said = z.object({ message: z.unknown(), error: z.unknown() }).partial();

export class ForgeApi {
  private readonly deadline: Deadline;

  constructor(private readonly access: ForgeAccess) {
    this.deadline = new Deadline(access.patience.whole);
  }

  /** @param what is asked for, in words. @throws ForgeUnusable; the signal's reason */
  async ask<S extends z.ZodType>(what: string, schema: S, asked: ForgeRequest): Promise<z.output<S>> {
    return understood(what, schema, await this.answer(what, asked));
  }

  /** The same of a list, all its pages. */
  async list<S extends z.ZodType>(what: string, element: S, asked: ForgeRequest): Promise<z.output<S>[]> {
    const all: z.output<S>[] = [];
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const answer = await this.answer(what, {
        ...asked,
        query: { ...asked.query, per_page: String(PAGE), page: String(page) },
      });
      const found = understood(what, z.array(element), answer);
      all.push(...found);
      // A proxy may have dropped the header: a full page may have one after it all the same.
      if (!String(answer.headers.link ?? '').includes('rel="next"') && found.length < PAGE) return all;
    }
    throw new ForgeUnusable(`${what} have no end`);
  }

  /** What is not there, rather than a failure. */
  async askIfThere<S extends z.ZodType>(what: string, schema: S, asked: ForgeRequest) {
    const answer = await this.once(what, asked);
    return answer.status === 404 ? undefined : understood(what, schema, good(what, answer));
  }

  /** Looks at all of it, and writes what is missing; once more after what may pass, as long as it is worth it. */
  async insist<T>(work: () => Promise<T>): Promise<T> {
    const { patience, signal } = this.access;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ForgeUnusable) || error.again === undefined) throw error;
        const pause = Math.max(error.again, patience.pause * 2 ** (attempt - 1));
        if (attempt >= TRIES || pause >= this.deadline.left) throw error;
        await sleep(pause, undefined, { signal });
      }
    }
  }

  /** The good answer itself, for what stands in its headers. */
  async answer(what: string, asked: ForgeRequest): Promise<HttpAnswer> {
    return good(what, await this.once(what, asked));
  }

  private async once(what: string, { path, query, ...more }: ForgeRequest): Promise<HttpAnswer> {
    const { api, headers, signal, patience } = this.access;
    const url = `${api}${path}${query ? `?${new URLSearchParams(query)}` : ''}`;
    const timeout = Math.min(patience.answer, this.deadline.left);
    if (timeout <= 0) throw new ForgeUnusable(`no answer about ${what} in time`);
    try {
      return await request({ ...more, url, headers, timeout, signal });
    } catch (error) {
      if (error instanceof NoAnswer) throw new ForgeUnusable(`no answer about ${what}: ${error.message}`, 0);
      throw error;
    }
  }
}

function good(what: string, answer: HttpAnswer): HttpAnswer {
  const { status, statusText } = answer;
  if (status >= 200 && status < 300) return answer;
  const limited = pauseForLimit(answer);
  if (limited !== undefined) throw new ForgeUnusable(`${what}: rate limit reached (${statusText})`, limited);
  // A conflict is about what others do at the same moment.
  if (status >= 500 || status === 409) throw new ForgeUnusable(`${what}: ${statusText}${wordsOf(answer)}`, 0);
  // Following would send the token to wherever the answer points.
  if (status >= 300 && status < 400) throw new ForgeUnusable(`${what}: it was moved to another address`);
  throw new ForgeUnusable(`${what}: ${STATUS[status] ?? statusText}${wordsOf(answer)}`);
}

function wordsOf(answer: HttpAnswer): string {
  const { data } = said.safeParse(jsonOf(answer));
  const words = data?.message ?? data?.error;
  if (words === undefined) return '';
  return ` (${typeof words === 'string' ? words : JSON.stringify(words)})`;
}

function understood<S extends z.ZodType>(what: string, schema: S, answer: HttpAnswer): z.output<S> {
  const parsed = schema.safeParse(jsonOf(answer));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'its whole';
  throw new ForgeUnusable(`the answer about ${what} is not understood (${where})`);
}

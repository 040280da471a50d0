/** The OpenAPI document that a page reads, as anybody may have written it: of any size, and referring to itself. */
import { fieldOf } from '../http/http.js';

/** Bytes. A description of some thousand endpoints has a few MB. */
const LARGEST = 16 * 1024 * 1024;

/** Of one page; one that goes on asking is not listened to for ever. */
const MOST_ANSWERS = 50;

/** As far as what a page was answered is used here. */
interface PageAnswer {
  headers(): Record<string, string>;
  /** What the browser has kept of it: it keeps no answer that is too large for itself. */
  body(): Promise<Buffer>;
}

/** What a page was answered as JSON, whatever else it was answered. */
export class JsonAnswers {
  private readonly answers: Promise<unknown>[] = [];

  hear(answer: PageAnswer): void {
    if (this.answers.length >= MOST_ANSWERS || !answer.headers()['content-type']?.includes('json')) return;
    this.answers.push(jsonOfPage(answer));
  }

  read(): Promise<unknown[]> {
    return Promise.all(this.answers);
  }
}

/** An answer as JSON; undefined where it is none, or none that was kept, or is larger than anybody reads. */
export async function jsonOfPage(answer: Pick<PageAnswer, 'body'>): Promise<unknown> {
  try {
    const body = await answer.body();
    return body.length > LARGEST ? undefined : (JSON.parse(body.toString('utf8')) as unknown);
  } catch {
    return undefined;
  }
}

/** The fields of an endpoint's answer 200; undefined where the document does not say them, or refers in a circle. */
export function describedFields(document: unknown, endpoint: { method: string; path: string }): string[] | undefined {
  const { method, path } = endpoint;
  const steps = ['paths', path, method.toLowerCase(), 'responses', '200', 'content', 'application/json', 'schema'];
  const followed = new Set<string>();
  let schema = steps.reduce(fieldOf, document);
  for (;;) {
    const reference = fieldOf(schema, '$ref');
    if (typeof reference !== 'string') break;
    if (followed.has(reference)) return undefined;
    followed.add(reference);
    schema = reference.replace(/^#\//, '').split('/').reduce(fieldOf, document);
  }
  const properties = fieldOf(schema, 'properties');
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : undefined;
}

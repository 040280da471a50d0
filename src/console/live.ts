/** Tells a browser that its page is another by now. The page says what is new; the browser fetches it like any other. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';

/** How often is looked, milliseconds. */
const EVERY = 2_000;
/** So many at once: a browser opens a few, and each costs a look. */
const MOST = 100;

let open = 0;

/** What a page says, short enough to be told with an address. */
export const entityTagOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

/**
 * @param shown the entity tag of what the browser shows: what has changed before it could listen is told as well
 * @param page the page's text as it would be at one and the same moment whenever it is asked for
 */
export function tellOfChanges(
  context: Context,
  { shown, page }: { shown: string | undefined; page: () => Promise<string> },
): Response {
  if (open >= MOST) return context.text('', 503);
  return streamSSE(context, async (stream) => {
    open += 1;
    try {
      let known = shown;
      while (!stream.aborted && !stream.closed) {
        // What cannot be seen now is no news: the page itself says so when it is asked for.
        const now = await page().then(entityTagOf, () => known);
        if (known !== undefined && now !== known) await stream.writeSSE({ event: 'changed', data: '' });
        else await stream.writeSSE({ event: 'alive', data: '' });
        known = now;
        await stream.sleep(EVERY);
      }
    } finally {
      open -= 1;
    }
  });
}

/** Tells a browser that its page is another by now. The page says what is new; the browser fetches it like any other. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';

/** How often is looked, milliseconds. */
const EVERY = 2_000;
/** So many at once: a browser opens a few, and each costs a look. */
const MOST = 100;

let open = 0;

/** @param page the page's text as it would be at one and the same moment whenever it is asked for */
export function tellOfChanges(context: Context, page: () => Promise<string>): Response {
  if (open >= MOST) return context.text('', 503);
  return streamSSE(context, async (stream) => {
    open += 1;
    try {
      let known: string | undefined;
      while (!stream.aborted && !stream.closed) {
        // What cannot be seen now is no news: the page itself says so when it is asked for.
        const text = await page().catch(() => known);
        const now = text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
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

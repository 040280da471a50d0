/** What AWS, or whoever answers in its place, may send: the SDK itself reads an answer to its end, however far that is. */
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Bytes. A list of 1,000 objects has some hundred KB. */
const LARGEST_ANSWER = 2_000_000;

/**
 * A stream that ends with an error where more comes than it may.
 * @param more what it says then, as its code: no message is told
 */
export function atMost(largest: number, more: string): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= largest) done(null, chunk);
      else done(Object.assign(new Error(more), { code: more }));
    },
  });
}

/** As far as it is used here; what is asked is a command's input, and what comes a response of HTTP. */
interface Client {
  middlewareStack: {
    addRelativeTo(
      middleware: (next: Next, context: { commandName?: string }) => Next,
      place: { name: string; relation: 'after'; toMiddleware: string },
    ): void;
  };
}
type Next = (asked: unknown) => Promise<{ response: unknown }>;

/** The same client, which reads no answer that is too large; content of objects, which is no answer, has limits of its own. */
export function withLargestAnswer<C>(client: C): C {
  const { middlewareStack } = client as Client;
  middlewareStack.addRelativeTo(
    (next, { commandName }) =>
      async (asked) => {
        const answered = await next(asked);
        const response = answered.response as { statusCode: number; body?: unknown };
        const isContent = commandName === 'GetObjectCommand' && response.statusCode < 300;
        if (!isContent && response.body instanceof Readable) {
          const limited = atMost(LARGEST_ANSWER, 'the answer is too large');
          // Whoever reads it hears of the failure.
          pipeline(response.body, limited).catch(() => undefined);
          response.body = limited;
        }
        return answered;
      },
    { name: 'largestAnswer', relation: 'after', toMiddleware: 'deserializerMiddleware' },
  );
  return client;
}

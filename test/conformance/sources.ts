/** What the suites of metric sources share. */
import type { Patience } from '../../src/adapters/http/patient-request.js';
import type { Handler } from '../helpers/server.js';

/** Long enough for a machine that is busy. Milliseconds. */
export const usual: Patience = { answer: 10_000, whole: 20_000, pause: 10 };
/** For a source that never answers: nobody wants to wait for it. */
export const hasty: Patience = { answer: 300, whole: 900, pause: 10 };

/** Wants to be left alone for longer than anybody has time. */
export const throttled: Handler = (_, response) =>
  void response.writeHead(429, { 'retry-after': '3600' }).end('{"message":"slower, please"}');

/** More than is read of any answer. */
export const ENDLESS = 20 * 1024 * 1024;

/** Answers with more than anybody reads, in pieces, until nobody listens any more. */
export const endless =
  (piece: string): Handler =>
  (_, response) => {
    let sent = 0;
    const more = () => {
      while (sent < ENDLESS && !response.destroyed) {
        sent += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  };

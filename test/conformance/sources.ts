/** What the suites of sources over HTTP share. */
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { Patience } from '../../src/adapters/http/patient-request.js';
import { type Handler, json } from '../helpers/server.js';

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

/** Answers in JSON, whatever is asked. */
export const answering =
  (body: unknown, status = 200): Handler =>
  (_, response) =>
    json(response, body, status);

/** Ends in the midst of its answer. */
export const halfOf =
  (body: unknown): Handler =>
  (_, response) => {
    const whole = JSON.stringify(body);
    response.writeHead(200, { 'content-length': String(whole.length) }).write(whole.slice(0, whole.length / 2), () => {
      response.destroy();
    });
  };
/** A hundred kilobytes that are 100 MB once they are decoded. */
const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, ' '));
export const unfolding: Handler = (_, response) =>
  void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);

/** Refuses, and sends back whatever it was sent: its address, headers and body. */
export const echoing: Handler = async (sent, response) => {
  const all = `${sent.url} ${JSON.stringify(sent.headers)} ${await text(sent)}`;
  response.writeHead(401, { 'www-authenticate': all, 'x-error': all }).end(JSON.stringify({ detail: all }));
};

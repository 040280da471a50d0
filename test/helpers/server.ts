import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real server on the loopback, closed with the test. The handler can be replaced while it runs. */
export interface TestServer {
  url: string;
  port: number;
  handle: Handler;
  /** Requests so far, as `GET /path`. */
  requests: string[];
  /** Refuses connections from now on. */
  stop: () => Promise<void>;
  /** Listens again, at the same port. */
  start: () => Promise<void>;
}

export async function serve(
  handle: Handler,
  end: (cleanUp: () => Promise<void>) => void = onTestFinished,
): Promise<TestServer> {
  let server: Server;
  const listen = (port: number) =>
    new Promise<number>((resolve) => {
      server = createServer((request, response) => {
        test.requests.push(`${request.method} ${request.url}`);
        test.handle(request, response);
      });
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const test: TestServer = {
    url: '',
    port: 0,
    handle,
    requests: [],
    stop,
    start: async () => {
      await listen(test.port);
    },
  };
  test.port = await listen(0);
  test.url = `http://127.0.0.1:${test.port}`;
  end(stop);
  return test;
}

export const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

export { unusedPort as deadPort } from '../../src/local/ports.js';

export function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => resolve(body));
  });
}

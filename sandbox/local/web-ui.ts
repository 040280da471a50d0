/** What people of this machine see of Temporal's Web UI: the same pages, under one name, and payloads for who has signed in. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { PayloadCodec } from '@temporalio/common';
import { codecAnswers, isSame } from '../../src/encryption/endpoint.js';
import { reason, SandboxError } from '../../src/local/errors.js';

/** The path below which the Web UI asks for payloads in clear. */
export const CODEC_PATH = '/codec';
const SIGN_IN_PATH = '/sign-in';
/** As long as browsers keep one: the token is this machine's user's own, whatever sandbox runs. Seconds. */
const KEPT_FOR = 400 * 24 * 3600;

/** A Web UI that answers to `url` alone. */
export interface WebUi {
  url: string;
  /** Leads to a page of it, and lets this browser read payloads from then on. As secret as they are. */
  signIn: (page?: string) => string;
  stop: () => Promise<void>;
}

/**
 * Serves Temporal's own Web UI, which answers under every name, to pages of this address only: a name of somebody else's that
 * leads to this machine makes their page one of the Web UI's, for the browser, and the Web UI can start and steer workflows.
 * @throws SandboxError `temporal-start-failed` when the port is taken
 */
export async function serveWebUi(options: {
  port: number;
  /** Where Temporal's own listens. */
  behind: string;
  codec: PayloadCodec;
  token: string;
}): Promise<WebUi> {
  const { port, behind, token } = options;
  const url = `http://127.0.0.1:${port}`;
  const cookie = `surefoot-${port}`;
  const payloads = codecAnswers(options.codec, { origin: url, token });
  const server = createServer((asked, response) => {
    const { host, origin } = asked.headers;
    const path = asked.url ?? '';
    // Two slashes, or none, would name another server.
    if (!/^\/(?!\/)/.test(path)) return refuse(response, 400, 'This is no path.');
    if (host === `localhost:${port}`) return redirect(response, 308, `${url}${path}`);
    if (host !== `127.0.0.1:${port}`) return refuse(response, 421, `This is ${url}, and answers to no other name.`);
    if (origin !== undefined && origin !== url) return refuse(response, 403, `Pages of ${origin} may not ask here.`);
    const { pathname, searchParams } = new URL(`${url}${path}`);
    if (pathname === SIGN_IN_PATH) return signIn(response, searchParams);
    if (!pathname.startsWith(`${CODEC_PATH}/`)) return passOn(asked, response, behind);
    if (isSame(cookieOf(asked, cookie), token)) asked.headers.authorization = `Bearer ${token}`;
    asked.url = path.slice(CODEC_PATH.length);
    payloads(asked, response);
  });

  function signIn(response: ServerResponse, asked: URLSearchParams): void {
    const to = asked.get('to') ?? '/';
    const page = URL.canParse(to, url) ? new URL(to, url) : undefined;
    if (!isSame(asked.get('token') ?? '', token)) refuse(response, 401, 'This link is of another sandbox.');
    else if (page?.origin !== url) refuse(response, 400, 'This link leads elsewhere.');
    else welcome(response, page.href);
  }

  function welcome(response: ServerResponse, page: string): void {
    const kept = `Max-Age=${KEPT_FOR}; Path=${CODEC_PATH}; HttpOnly; SameSite=Strict`;
    response.setHeader('Set-Cookie', `${cookie}=${token}; ${kept}`);
    redirect(response, 303, page);
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((cause) => {
    const message = `the Web UI cannot listen on port ${port} of 127.0.0.1: ${reason(cause)}`;
    throw new SandboxError('temporal-start-failed', message, {
      hint: 'Start again: another port is chosen then.',
      cause,
    });
  });
  return {
    url,
    signIn: (page = '/') => `${url}${SIGN_IN_PATH}?${new URLSearchParams({ token, to: new URL(page, url).pathname })}`,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function passOn(asked: IncomingMessage, response: ServerResponse, behind: string): void {
  const { method, headers, url: path } = asked;
  const passed = request(behind, { method, headers, path }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  passed.once('error', () => {
    if (response.headersSent) response.destroy();
    else refuse(response, 502, 'Temporal’s Web UI does not answer.');
  });
  response.once('close', () => passed.destroy());
  asked.pipe(passed);
}

const cookieOf = ({ headers }: IncomingMessage, name: string): string =>
  headers.cookie
    ?.split(/;\s*/)
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? '';

function redirect(response: ServerResponse, status: number, to: string): void {
  response.writeHead(status, { Location: to, 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' }).end();
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${why}\n`);
}

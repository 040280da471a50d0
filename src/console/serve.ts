/** The console on a port. Without signing in only this machine reaches it. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { usageError } from '../temporal/errors.js';
import { consoleApp } from './app.js';
import type { Deployments } from './look.js';
import type { SignIn } from './signed-in.js';

const LOOPBACK = '127.0.0.1';

export interface Served {
  url: string;
  stop(): void;
}

/**
 * @param options.origin under which people reach it, where something in front of it speaks TLS: it answers to no other name
 * @throws CliError exit 2 when the port cannot be used
 */
export async function serveConsole(options: {
  port: number;
  deployments: Deployments;
  signIn: SignIn;
  origin?: string;
}): Promise<Served> {
  const { deployments, signIn, origin } = options;
  // Which names it answers to is known once it listens: port 0 is any free one.
  let answers: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
  const server = createAdaptorServer({ fetch: (request: Request) => answers(request) }) as Server;
  server.listen(options.port, LOOPBACK);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw usageError(`Port ${options.port} cannot be used (${error.code})`, 'Choose another one with --port.');
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://${LOOPBACK}:${port}`;
  const origins = origin === undefined ? [url, `http://localhost:${port}`] : [origin];
  const app = consoleApp({ deployments, signIn, origins });
  answers = (request) => app.fetch(request);
  return {
    url,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

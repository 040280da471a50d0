/** The console, beside the demo's deployment and as long as its sandbox is up. */
import { join } from 'node:path';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import { deploymentsFromTemporal } from '../console/from-temporal.js';
import { type Served, serveConsole } from '../console/serve.js';
import { NOBODY, type SignIn } from '../console/signed-in.js';
import { commitTime } from '../local/commit-time.js';
import type { Connected } from '../temporal/connection.js';

/** @param options.signIn where people are asked; nobody signs in otherwise */
export function serveDemoConsole(
  connected: Connected,
  { sandbox, port, signIn = NOBODY }: { sandbox: Sandbox; port: number; signIn?: SignIn },
): Promise<Served> {
  const { home, target } = sandbox;
  const committed = (commit: string) => commitTime(target.repository, commit);
  const deployments = deploymentsFromTemporal(connected, { evidence: join(home, 'evidence'), committed });
  return serveConsole({ port, deployments, signIn });
}

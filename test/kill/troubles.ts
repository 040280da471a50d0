/** What else goes wrong around a deployment: servers that go away and come back, and connections as bad as real ones are. */
import { setTimeout as pause } from 'node:timers/promises';
import { FAULTS, type TcpProxy } from '../helpers/tcp-proxy.js';

const CONNECTIONS = ['temporal', 'postgres', 'http'] as const;
type Connections = Record<(typeof CONNECTIONS)[number], TcpProxy>;

/** `postgres reset`: each connection to PostgreSQL is cut off for a while. */
export const TROUBLES = [
  'postgres restart',
  'temporal restart',
  ...CONNECTIONS.flatMap((connection) => FAULTS.map((fault) => `${connection} ${fault}` as const)),
];
export type Trouble = (typeof TROUBLES)[number];

export const isTrouble = (name: string): name is Trouble => TROUBLES.some((trouble) => trouble === name);

/** How long it lasts, milliseconds. */
const LASTS = 2_000;

/**
 * Makes it happen and ends it.
 * @throws when it has harmed nobody: what a run went through then is not told as tried
 */
export async function makeTrouble(
  trouble: Trouble,
  world: {
    connections: Connections;
    restart: Record<'postgres' | 'temporal', () => Promise<void>>;
    killWorker: () => void;
  },
): Promise<void> {
  if (trouble === 'postgres restart') return world.restart.postgres();
  if (trouble === 'temporal restart') return world.restart.temporal();
  const connection = CONNECTIONS.find((name) => trouble.startsWith(name));
  const fault = FAULTS.find((name) => trouble.endsWith(name));
  if (!connection || !fault) throw new Error(`there is no trouble “${trouble}”`);
  const proxy = world.connections[connection];
  const before = proxy.harmed;
  proxy.fault = fault;
  // Its connection is closed by nobody but a worker that goes away.
  if (trouble === 'temporal slow close') world.killWorker();
  await pause(LASTS);
  // Whoever is idle for so long is met by it when it speaks next.
  for (let more = 0; proxy.harmed === before && more < 20; more++) await pause(LASTS);
  proxy.fault = 'none';
  if (proxy.harmed === before) throw new Error(`${trouble} has met nobody`);
}

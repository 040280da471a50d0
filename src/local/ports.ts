import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { writeAtomically } from './folders.js';

/**
 * Free ports on the loopback address, one for each name. Those of the last run in this folder are kept where they are
 * still free, so that a URL stays the same from run to run. `preferred` is tried first when there is no last run.
 */
export async function choosePorts<Name extends string>(
  folder: string,
  names: readonly Name[],
  preferred: Partial<Record<Name, number>> = {},
): Promise<Record<Name, number>> {
  const file = join(folder, 'ports.json');
  const remembered = await readPorts(file);
  const chosen = {} as Record<Name, number>;
  const taken = new Set<number>();
  for (const name of names) {
    const candidates = [remembered[name], preferred[name], ...ownPorts(), 0].filter((port) => port !== undefined);
    for (const candidate of candidates) {
      const port = await freePort(candidate);
      if (port === undefined || taken.has(port)) continue;
      chosen[name] = port;
      taken.add(port);
      break;
    }
  }
  await writeAtomically(file, JSON.stringify({ ...remembered, ...chosen }, null, 2));
  return chosen;
}

/**
 * Some ports below those that systems hand out to outgoing connections (from 32,768 on Linux, 49,152 elsewhere): one of
 * those may be taken again between the choice and the start of the server that it is for.
 */
function ownPorts(): number[] {
  return Array.from({ length: 20 }, () => randomInt(20_000, 32_768));
}

/** A port that nothing listens on. */
export async function unusedPort(): Promise<number> {
  for (const candidate of [...ownPorts(), 0]) {
    const port = await freePort(candidate);
    if (port !== undefined) return port;
  }
  throw new Error('no port is free on 127.0.0.1');
}

/** `port` if nothing listens on it (any free one for 0), else undefined. */
export async function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address.port));
    });
  });
}

async function readPorts(file: string): Promise<Record<string, number>> {
  try {
    const ports: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof ports !== 'object' || ports === null) return {};
    return Object.fromEntries(
      Object.entries(ports).filter(([, port]) => Number.isInteger(port) && port > 1023 && port < 65_536),
    );
  } catch {
    return {};
  }
}

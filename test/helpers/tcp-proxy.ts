/** A connection between two that can be made as bad as real ones are. */

import type { AddressInfo } from 'node:net';
import { createServer, connect as openSocket, type Socket } from 'node:net';

/**
 * What is wrong: nothing; each byte is late; cut off; nothing passes any more while both believe to be connected; the
 * other one's end is not heard.
 */
export type Fault = 'none' | 'latency' | 'reset' | 'half-open' | 'slow close';

export const FAULTS = ['latency', 'reset', 'half-open', 'slow close'] as const satisfies Fault[];

export interface TcpProxy {
  port: number;
  /** From now on, for connections that are there and those to come. */
  fault: Fault;
  /** What the fault has been done to: bytes delayed or swallowed, connections cut off or kept open. */
  harmed: number;
  close(): Promise<void>;
}

const LATE = 300;

export async function tcpProxy(target: { host?: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  /** Connections of which one end is gone: nothing brings them back. */
  const dead = new WeakSet<Socket>();
  const state: { fault: Fault; harmed: number } = { fault: 'none', harmed: 0 };
  const server = createServer({ allowHalfOpen: true }, (inward) => {
    const outward = openSocket({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true });
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => sockets.delete(from));
      from.on('data', (chunk) => pass(chunk, from, to));
      from.on('end', () => {
        if (state.fault === 'half-open' || state.fault === 'slow close') state.harmed += 1;
        else to.end();
      });
    }
  });
  const pass = (chunk: Buffer, from: Socket, to: Socket) => {
    if (dead.has(from)) return;
    if (state.fault === 'none' || state.fault === 'slow close') return void to.write(chunk);
    state.harmed += 1;
    if (state.fault === 'half-open') for (const socket of [from, to]) dead.add(socket);
    if (state.fault === 'latency') setTimeout(() => to.writable && to.write(chunk), LATE);
    if (state.fault === 'reset') for (const socket of [from, to]) socket.resetAndDestroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get fault() {
      return state.fault;
    },
    set fault(fault) {
      state.fault = fault;
    },
    get harmed() {
      return state.harmed;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A connection between two that can be made as bad as real ones are. */

import type { AddressInfo } from 'node:net';
import { createServer, connect as openSocket, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

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

interface Passing {
  from: Socket;
  to: Socket;
  inOrder: (act: () => void) => void;
}

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
      // What is late is overtaken by nothing, by the end of the connection neither.
      let earlier = Promise.resolve();
      const inOrder = (act: () => void) => {
        const late = state.fault === 'latency' ? pause(LATE) : undefined;
        earlier = Promise.all([earlier, late]).then(act);
      };
      // Also a reset is an end: that of who goes away with something unread.
      const end = (passOn: () => void) => {
        if (state.fault === 'half-open' || state.fault === 'slow close') state.harmed += 1;
        else passOn();
      };
      from.on('error', () => end(() => to.destroy())).on('close', () => sockets.delete(from));
      from.on('data', (chunk) => pass(chunk, { from, to, inOrder }));
      from.on('end', () => end(() => inOrder(() => to.end())));
    }
  });
  const pass = (chunk: Buffer, { from, to, inOrder }: Passing) => {
    if (dead.has(from)) return;
    const isHarmed = state.fault !== 'none' && state.fault !== 'slow close';
    if (isHarmed) state.harmed += 1;
    if (state.fault === 'half-open') for (const socket of [from, to]) dead.add(socket);
    else if (state.fault === 'reset') for (const socket of [from, to]) socket.resetAndDestroy();
    else inOrder(() => to.writable && to.write(chunk));
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

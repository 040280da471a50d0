/** A balancer in front of real servers: each new connection goes to the next of them, as TCP balancers do. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Balancer {
  url: string;
  /** Ports of the instances behind it; may change while it runs. */
  ports: number[];
  /** Connections so far. */
  connections: number;
}

export async function balance(ports: number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  const balancer: Balancer = { url: '', ports, connections: 0 };
  const server = createServer((client) => {
    const port = balancer.ports[balancer.connections % balancer.ports.length] ?? 0;
    balancer.connections += 1;
    const instance = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [client, instance],
      [instance, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  balancer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  );
  return balancer;
}

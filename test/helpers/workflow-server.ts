/** A real Temporal server for the tests of one file, and the workers that they want: all of it ends with the file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/contract/names.js';
import { SILENT_SINKS } from '../../src/contract/sinks.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer } from '../../src/local/temporal.js';
import { virtualTimeInterceptors } from '../../src/local/time-skipping.js';

interface Started {
  /** A folder of its own, removed with it. */
  folder: string;
  address: string;
  /** What this client starts runs in real time. */
  client: Client;
  /** What this one starts runs in virtual time. */
  virtual: Client;
  native: NativeConnection;
}

export interface WorkflowServer extends Readonly<Omit<Started, 'native'>> {
  /** Starts a worker. @returns what stops it before the file ends */
  work(options: Omit<WorkerOptions, 'connection' | 'sinks'>): Promise<() => Promise<void>>;
}

/** Is there from the next `beforeAll` on. */
export function workflowServer(): WorkflowServer {
  const ends: (() => Promise<unknown>)[] = [];
  let started: Started;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'surefoot-workflows-'));
    ends.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const ports = await choosePorts(folder, ['grpc', 'ui']);
    const server = await startTemporalServer({
      folder,
      ports,
      virtualTime: true,
      searchAttributes: SEARCH_ATTRIBUTES,
    });
    ends.push(() => server.stop());
    const { address } = server;
    const connection = await Connection.connect({ address });
    const skipping = await Connection.connect({ address, interceptors: virtualTimeInterceptors() });
    const native = await NativeConnection.connect({ address });
    for (const one of [connection, skipping, native]) ends.push(() => one.close());
    started = {
      folder,
      address,
      client: new Client({ connection }),
      virtual: new Client({ connection: skipping }),
      native,
    };
  }, 120_000);
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  }, 60_000);
  return {
    get folder() {
      return started.folder;
    },
    get address() {
      return started.address;
    },
    get client() {
      return started.client;
    },
    get virtual() {
      return started.virtual;
    },
    async work(options) {
      const worker = await Worker.create({ ...options, connection: started.native, sinks: SILENT_SINKS });
      const working = worker.run();
      let stopping: Promise<void> | undefined;
      const stop = () => {
        if (!stopping) worker.shutdown();
        stopping ??= working;
        return stopping;
      };
      ends.push(stop);
      return stop;
    },
  };
}

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { EncryptionCodec } from '../../src/encryption/codec.js';
import { readKeyring } from '../../src/encryption/keys.js';
import { SandboxError } from '../../src/local/errors.js';
import { defaultHome, writeAtomically } from '../../src/local/folders.js';
import { choosePorts, unusedPort } from '../../src/local/ports.js';
import { stopLeftovers } from '../../src/local/processes.js';
import { ensureVirtualEnvironment } from '../../src/local/python.js';
import { type SearchAttributeType, startTemporalServer, type TemporalServer } from '../../src/local/temporal.js';
import { stopApplications } from './applications.js';
import { type PostgresServer, startPostgres } from './postgres.js';
import { ensureSecret } from './secrets.js';
import { openState, resetState, type State } from './state.js';
import { prepareTarget, type Target } from './target.js';
import { targetLayout } from './target-layout.js';
import { CODEC_PATH, serveWebUi, type WebUi } from './web-ui.js';

export type SandboxOptions = {
  /** The state folder; `SUREFOOT_HOME`, else `.surefoot`, when absent. */
  home?: string;
  /** Clear the state folder first. */
  reset?: boolean;
  /** Let workflows ask for virtual time. */
  virtualTime: boolean;
  /** Keep workflows on disk; in memory when false. True by default. */
  durable?: boolean;
  searchAttributes?: Record<string, SearchAttributeType>;
  /** Called with one short sentence for each thing that begins or is ready. */
  progress?: (message: string) => void;
  /** Ends the start: what was started by then is stopped. */
  signal?: AbortSignal;
};

/** Everything that a deployment on this machine needs, running. */
export type Sandbox = {
  home: string;
  state: State;
  /** `uiUrl` is where `webUi` answers. */
  temporal: TemporalServer;
  webUi: WebUi;
  /** What whoever works here sets as SUREFOOT_PAYLOAD_KEYS: it names the key's file. */
  payloadKeys: string;
  postgres: PostgresServer;
  target: Target;
  /** Wall-clock milliseconds of each part of the start, and of the whole. */
  timings: Record<'temporal' | 'postgres' | 'venv' | 'target' | 'whole', number>;
  /** Stops all that was started, and nothing else; idempotent; takes a few seconds. */
  stop(): Promise<void>;
};

/** What `sandbox.json` says while a sandbox runs. It names the secrets' files, never a secret. */
export type SandboxDescription = {
  pid: number;
  since: string;
  virtualTime: boolean;
  temporal: { address: string; uiUrl: string; namespace: string; pid: number };
  payloadKeys: string;
  postgres: {
    host: string;
    port: number;
    superuser: string;
    passwordFile: string;
    pid: number;
    clientTools: { psql: string; pgDump: string; pgRestore: string };
  };
  target: Target;
};

/**
 * Starts Temporal, PostgreSQL and the target with its two environments, in parallel where one does not need the other.
 * If one part fails the others are stopped, and the state folder is free again.
 * @throws SandboxError of any code; `hint` says what to do.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const began = performance.now();
  const home = resolve(options.home ?? defaultHome());
  const progress = options.progress ?? (() => {});
  if (options.reset) await resetState(home);
  const state = await openState(home);
  const services: Stoppable[] = [];
  const stop = once(() => stopAll(state, services));
  try {
    const leftovers = await stopLeftovers(state.servicesFolder);
    if (leftovers.length > 0) progress(`stopped what an earlier run left behind: ${leftovers.join(', ')}`);
    await stopApplications(home);
    const parts = await startParts({ ...options, home, progress }, services);
    const timings = { ...parts.timings, whole: Math.round(performance.now() - began) };
    await writeAtomically(state.descriptionFile, `${JSON.stringify(describe(options, parts), null, 2)}\n`);
    return { ...parts, home, state, timings, stop };
  } catch (error) {
    await stop();
    if (!options.signal?.aborted) throw error;
    throw new SandboxError('stopped', 'the start of the sandbox was interrupted', {
      hint: 'Start it again.',
      cause: error,
    });
  }
}

type Stoppable = { stop(): Promise<void> };

type Parts = Pick<Sandbox, 'temporal' | 'webUi' | 'payloadKeys' | 'postgres' | 'target'> & {
  timings: Omit<Sandbox['timings'], 'whole'>;
};

async function startParts(
  options: SandboxOptions & { home: string; progress: (message: string) => void },
  services: Stoppable[],
): Promise<Parts> {
  const { home, progress } = options;
  // Asked for before anything starts: a start that fails while nobody waits for it would end this process.
  const payloadKeys = await sandboxKeys(home);
  const names = ['temporal', 'temporalUi', 'postgres', 'staging', 'production'] as const;
  const ports = await choosePorts(home, names, { temporalUi: 8233 });
  const timings = { temporal: 0, postgres: 0, venv: 0, target: 0 };
  const failure = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal;
  const common = { folder: home, log: progress, signal };

  const part = async <T>(name: keyof typeof timings, ready: string, start: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    try {
      const started = await start();
      timings[name] = Math.round(performance.now() - began);
      progress(`${ready} (${(timings[name] / 1000).toFixed(1)} s)`);
      return started;
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  };
  const started = <T extends Stoppable>(service: T): T => {
    services.push(service);
    return service;
  };

  const temporal = part('temporal', 'Temporal is ready', async () =>
    started(
      await startTemporalServer({
        ...common,
        ports: { grpc: ports.temporal, ui: await unusedPort() },
        codecEndpoint: CODEC_PATH,
        virtualTime: options.virtualTime,
        databaseFile: options.durable === false ? undefined : join(home, 'temporal', 'temporal.db'),
        searchAttributes: options.searchAttributes,
      }),
    ),
  );
  const webUi = temporal.then(async ({ uiUrl }) =>
    started(await frontOf(uiUrl, ports.temporalUi, { home, payloadKeys })),
  );
  webUi.catch((error) => failure.abort(error));
  const postgres = part('postgres', 'PostgreSQL is ready', async () =>
    started(await startPostgres({ ...common, port: ports.postgres })),
  );
  const layout = targetLayout(home);
  const venv = part('venv', 'the Python environment is ready', () =>
    ensureVirtualEnvironment({
      folder: layout.virtualEnvironment,
      requirements: join(layout.sources, 'requirements.txt'),
      signal,
    }),
  );
  const both = Promise.all([postgres, venv]);
  const target = both.then(([server, environment]) =>
    part('target', 'staging and production are at v1.2.3', () =>
      prepareTarget({ home, postgres: server, venv: environment, ports, log: progress, signal }),
    ),
  );
  // All of them have to end, well or badly, before what was started can be stopped.
  await Promise.allSettled([temporal, webUi, postgres, venv, target]);
  if (failure.signal.aborted) throw failure.signal.reason;
  const { url: uiUrl } = await webUi;
  return {
    temporal: { ...(await temporal), uiUrl },
    webUi: await webUi,
    payloadKeys,
    postgres: await postgres,
    target: await target,
    timings,
  };
}

/** Whoever reaches this machine's loopback could else start workflows here: what is not encrypted with this key is refused. */
async function sandboxKeys(home: string): Promise<string> {
  const key = randomBytes(32).toString('base64');
  return `sandbox=file:${await ensureSecret(targetLayout(home).secrets, 'payload-key', key)}`;
}

/** Reads what was encrypted with the sandbox's key, and with those that its user has set instead. */
async function frontOf(behind: string, port: number, of: { home: string; payloadKeys: string }): Promise<WebUi> {
  const written = [process.env.SUREFOOT_PAYLOAD_KEYS, of.payloadKeys].filter(Boolean);
  const keyring = readKeyring({ ...process.env, SUREFOOT_PAYLOAD_KEYS: [...new Set(written)].join(',') });
  if (!keyring) throw new Error('the sandbox has a key');
  const token = await readFile(await ensureSecret(targetLayout(of.home).secrets, 'web-ui'), 'utf8');
  return serveWebUi({ port, behind, codec: new EncryptionCodec(keyring, 'throw'), token });
}

function describe(options: SandboxOptions, parts: Parts): SandboxDescription {
  const { temporal, payloadKeys, postgres, target } = parts;
  const { psql, pgDump, pgRestore } = postgres.binaries;
  return {
    pid: process.pid,
    since: new Date().toISOString(),
    virtualTime: options.virtualTime,
    temporal: { address: temporal.address, uiUrl: temporal.uiUrl, namespace: temporal.namespace, pid: temporal.pid },
    payloadKeys,
    postgres: {
      host: postgres.host,
      port: postgres.port,
      superuser: postgres.superuser,
      passwordFile: postgres.passwordFile,
      pid: postgres.pid,
      clientTools: { psql, pgDump, pgRestore },
    },
    target,
  };
}

async function stopAll(state: State, services: readonly Stoppable[]): Promise<void> {
  await stopApplications(state.folder);
  await Promise.all(services.map((service) => service.stop()));
  await state.close();
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

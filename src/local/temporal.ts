import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SandboxError } from './errors.js';
import { freePort, unusedPort } from './ports.js';
import { type LocalService, lastLines, startService, waitFor } from './processes.js';
import { findTemporalCli } from './temporal-cli.js';

export type SearchAttributeType = 'Keyword' | 'Text' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

/** A running Temporal development server with its Web UI. `address` is host:port for gRPC. */
export type TemporalServer = LocalService & { address: string; uiUrl: string; namespace: string };

export type TemporalOptions = {
  /** The state folder: records in `services/`, output in `logs/temporal.log`. */
  folder: string;
  /** Loopback ports for gRPC and for the Web UI. */
  ports: { grpc: number; ui: number };
  /** What the Web UI asks for payloads in clear: a path of its own address, or a URL. */
  codecEndpoint?: string;
  /** Let workflows ask for virtual time. Off: the server refuses them. */
  virtualTime: boolean;
  /** Where workflows are kept; undefined = in memory, gone when the server stops. */
  databaseFile?: string;
  searchAttributes?: Record<string, SearchAttributeType>;
  log?: (message: string) => void;
  signal?: AbortSignal;
};

const NAMESPACE = 'default';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const INDEXED_VALUE_TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  Double: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
} as const satisfies Record<SearchAttributeType, number>;

/** Without these each jump of virtual time costs about a second; with them about 20 ms. */
const FAST = {
  'history.timerProcessorMaxTimeShift': '"1ms"',
  'history.timerProcessorMaxPollRPS': '10000',
  'history.timerProcessorMaxPollHostRPS': '100000',
  'history.transferProcessorMaxPollRPS': '10000',
  'history.transferProcessorMaxPollHostRPS': '100000',
  'system.enableActivityEagerExecution': 'true',
};

/** What has ended is deleted within seconds of being told to; it would be there for half a minute more. */
const SOON_DELETED = { 'history.transferProcessorUpdateAckInterval': '"1s"' };

/**
 * Its HTTP API cannot be turned off, and a page in a browser can send it anything as `text/plain`, also under a name of the
 * page's own that leads here: it answers to no name that a browser can ask for.
 */
const NO_HTTP_API = { 'frontend.httpAllowedHosts': '["nobody.invalid"]' };

/**
 * Where the Web UI listens: it answers whoever asks, under every name, so it is not where a page would look. All of 127.0.0.0/8
 * is the loopback on Linux; elsewhere one address is.
 */
const webUiAddress = (): string =>
  process.platform === 'linux'
    ? `127.${[randomInt(1, 255), randomInt(1, 255), randomInt(1, 255)].join('.')}`
    : '127.0.0.1';

/** On file a tick of virtual time then costs about what it costs in memory (21 ms; 36 ms and more with SQLite's defaults). */
const PRAGMAS = ['journal_mode=wal', 'synchronous=normal'];

/** It chooses the ports of its parts itself, a moment before it listens there: somebody else may be quicker. */
const LOST_A_PORT = /address already in use/i;
const ATTEMPTS = 3;

/**
 * Starts a real Temporal server and waits until it answers, with the namespace and the search attributes there.
 * @throws SandboxError `temporal-start-failed` with the last lines of its log.
 */
export async function startTemporalServer(options: TemporalOptions): Promise<TemporalServer> {
  const cli = await findTemporalCli({ log: options.log, signal: options.signal });
  options.signal?.throwIfAborted();
  if (options.databaseFile) await mkdir(dirname(options.databaseFile), { recursive: true });
  const logFile = join(options.folder, 'logs', 'temporal.log');
  const address = `127.0.0.1:${options.ports.grpc}`;
  const uiAddress = webUiAddress();
  for (let attempt = 1; ; attempt++) {
    for (const port of Object.values(options.ports)) await mustBeFree(port);
    const service = await startService({
      name: 'temporal',
      file: cli,
      args: serverArguments(options, { httpPort: await unusedPort(), uiAddress }),
      logFile,
      recordsFolder: join(options.folder, 'services'),
    });
    try {
      await ready(service, address, options.searchAttributes ?? {}, options.signal);
      return { ...service, address, uiUrl: `http://${uiAddress}:${options.ports.ui}`, namespace: NAMESPACE };
    } catch (error) {
      await service.stop();
      options.signal?.throwIfAborted();
      const log = await lastLines(logFile);
      if (attempt < ATTEMPTS && LOST_A_PORT.test(log)) continue;
      const hint = `Its whole log is ${logFile}. If its database is damaged, \`surefoot demo --reset\` starts afresh.`;
      const message = `the Temporal server did not start on ${address}\n${log}`;
      throw new SandboxError('temporal-start-failed', message, { hint, cause: error });
    }
  }
}

/** Another server on our port would answer in place of ours, and be taken for it. */
async function mustBeFree(port: number): Promise<void> {
  if ((await freePort(port)) !== undefined) return;
  throw new SandboxError('temporal-start-failed', `port ${port} on 127.0.0.1 is in use by another program`, {
    hint: 'Start again: another port is chosen then.',
  });
}

function serverArguments(
  options: TemporalOptions,
  { httpPort, uiAddress }: { httpPort: number; uiAddress: string },
): string[] {
  const settings: Record<string, string> = {
    ...FAST,
    ...SOON_DELETED,
    ...NO_HTTP_API,
    ...(options.virtualTime ? { 'frontend.WorkflowTimeSkippingEnabled': 'true' } : {}),
  };
  const place = options.databaseFile
    ? ['--db-filename', options.databaseFile, ...PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma])]
    : [];
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--ui-disable-news-fetch'],
    ...['--port', String(options.ports.grpc), '--ui-port', String(options.ports.ui), '--namespace', NAMESPACE],
    ...['--http-port', String(httpPort), '--ui-ip', uiAddress],
    ...(options.codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', options.codecEndpoint]),
    ...place,
    ...Object.entries(settings).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
    ...Object.entries(options.searchAttributes ?? {}).flatMap(([key, type]) => [
      '--search-attribute',
      `${key}=${type}`,
    ]),
  ];
}

async function ready(
  service: LocalService,
  address: string,
  searchAttributes: Record<string, SearchAttributeType>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let died = false;
  void service.exited.then(() => {
    died = true;
  });
  await waitFor(
    'the Temporal server answers',
    async () => {
      signal?.throwIfAborted();
      const answered = await answers(address, searchAttributes);
      if (died)
        throw new SandboxError('service-died', 'the Temporal server ended', { hint: `See ${service.logFile}.` });
      return answered;
    },
    { timeout: 60_000, every: 100 },
  );
}

/** A server on an old file keeps that file's search attributes, whatever its command line says: those missing are added. */
async function answers(address: string, searchAttributes: Record<string, SearchAttributeType>): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: '2s', interceptors: [] });
    await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: NAMESPACE });
    const missing = Object.entries(searchAttributes).filter(([name]) => !(name in (customAttributes ?? {})));
    if (missing.length === 0) return true;
    await connection.operatorService.addSearchAttributes({
      namespace: NAMESPACE,
      searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, INDEXED_VALUE_TYPES[type]])),
    });
    return false;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

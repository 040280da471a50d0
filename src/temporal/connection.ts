/** Which Temporal the CLI talks to: `TEMPORAL_*` and profiles first, then a running sandbox, then localhost. */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { clientEncryption } from '../encryption/data-converter.js';
import { KeyringError } from '../encryption/keys.js';
import { CliError, EXIT, innermost, usageError } from './errors.js';
import { type RunningSandbox, runningSandbox } from './running-sandbox.js';

const DEFAULT_ADDRESS = 'localhost:7233';
const CONNECT_WITHIN = 5_000;

export interface ConnectionSettings {
  address: string;
  namespace: string;
  /** Web UI's base URL, where it is known. */
  uiUrl?: string;
  /** Where the address is from, for people. */
  source: string;
  /** How to connect, with TLS and API key where they are configured; the same for clients and workers. */
  options: ClientConnectConfig['connectionOptions'];
  /** The sandbox that the address belongs to. */
  sandbox?: RunningSandbox;
}

export interface Connected {
  client: Client;
  connection: Connection;
  address: string;
  namespace: string;
  uiUrl?: string;
}

/**
 * What is sent to a running sandbox is encrypted with its key, unless this process has keys of its own: from then on they are
 * this process's, as if it had been started with them.
 * @throws CliError (exit 2) when the profile or configuration file can't be read
 */
export function connectionSettings(): ConnectionSettings {
  const { connectionOptions, namespace } = loadConfiguration();
  const sandbox = runningSandbox();
  const configured = connectionOptions.address;
  const address = configured ?? sandbox?.temporal.address ?? DEFAULT_ADDRESS;
  const inSandbox = sandbox?.temporal.address === address;
  // Of an earlier release's sandbox, which still runs, there are none.
  if (inSandbox && sandbox.payloadKeys) process.env.SUREFOOT_PAYLOAD_KEYS ??= sandbox.payloadKeys;
  const source = configured ? 'TEMPORAL_ADDRESS or profile' : inSandbox ? 'the running sandbox' : 'the default address';
  return {
    address,
    namespace: namespace ?? (inSandbox ? sandbox.temporal.namespace : 'default'),
    uiUrl: uiBase(address, inSandbox ? sandbox.temporal.uiUrl : undefined),
    source,
    options: { ...connectionOptions, address },
    sandbox: inSandbox ? sandbox : undefined,
  };
}

function loadConfiguration(): ClientConnectConfig {
  try {
    return loadClientConnectConfig();
  } catch (error) {
    const hint = 'Check TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and the file they name.';
    throw usageError(`The Temporal configuration can't be read: ${innermost(error)}`, hint);
  }
}

function uiBase(address: string, sandboxUi: string | undefined): string | undefined {
  const given = process.env.SUREFOOT_UI_URL || process.env.TEMPORAL_UI_URL || sandboxUi;
  if (given) return given.replace(/\/+$/, '');
  if (/^(localhost|127\.0\.0\.1):7233$/.test(address)) return 'http://localhost:8233';
  if (/\.(tmprl\.cloud|temporal\.io):\d+$/.test(address)) return 'https://cloud.temporal.io';
  return undefined;
}

/** @throws CliError (exit 3) when nothing answers within 5 s */
export async function connect(): Promise<Connected> {
  const settings = connectionSettings();
  const { address, namespace, uiUrl } = settings;
  try {
    const connection = await Connection.connect({
      ...(settings.options as ConnectionOptions),
      connectTimeout: CONNECT_WITHIN,
    });
    return {
      client: new Client({ connection, namespace, ...clientEncryption('throw') }),
      connection,
      address,
      namespace,
      uiUrl,
    };
  } catch (error) {
    if (error instanceof KeyringError) throw usageError(error.message, 'See docs/security.md.');
    throw new CliError(`Temporal can't be reached at ${address} (from ${settings.source}): ${innermost(error)}`, {
      hint: 'Start a local one with `surefoot sandbox`, or set TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE, TEMPORAL_API_KEY or TEMPORAL_PROFILE) to yours.',
      exitCode: EXIT.unreachable,
      cause: error,
    });
  }
}

/** Connects, works, and closes the connection whatever happens, so that the process can end. */
export async function withConnection<T>(work: (connected: Connected) => Promise<T>): Promise<T> {
  const connected = await connect();
  try {
    return await work(connected);
  } finally {
    await connected.connection.close();
  }
}

/** The Web UI's page of a run, where the Web UI is known. */
export function workflowLink(
  { uiUrl, namespace }: Pick<Connected, 'uiUrl' | 'namespace'>,
  { workflowId, runId }: { workflowId: string; runId: string },
): string | undefined {
  if (uiUrl === undefined) return undefined;
  return `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}/${runId}`;
}

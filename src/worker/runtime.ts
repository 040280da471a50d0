/** What the process of a worker does around its work: its log, its figures, and by what it is ended. */
import { Runtime } from '@temporalio/worker';
import { type Logger, pino } from 'pino';
import { redact } from '../adapters/evidence/redaction.js';
import { knownSecrets } from '../adapters/evidence/secrets.js';

/** What ends a worker in order: a terminal that goes away, too. */
const STOPPED_BY: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The address for the metrics cannot be listened on. */
export class MetricsUnservable extends Error {
  override name = 'MetricsUnservable';
}

/**
 * One JSON line for each event on stderr, without secrets: stdout belongs to the commands' own output.
 * @throws MetricsUnservable
 */
export function installRuntime(level: 'info' | 'warn' | 'error', metrics: string | undefined): Logger {
  const stderr = pino.destination(2);
  const lines = { write: (line: string) => stderr.write(redact(line, knownSecrets())) };
  const logger = pino({ level, base: { service: 'surefoot-worker' } }, lines);
  const write = (at: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
    logger[at](printable(meta), message);
  try {
    Runtime.install({
      shutdownSignals: STOPPED_BY,
      logger: {
        log: (at, message, meta) => write(at.toLowerCase() as 'info')(message, meta),
        trace: write('trace'),
        debug: write('debug'),
        info: write('info'),
        warn: write('warn'),
        error: write('error'),
      },
      telemetryOptions: {
        // What is not forwarded goes to stdout, as text.
        logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
        ...(metrics === undefined
          ? {}
          : { metrics: { attachServiceName: false, prometheus: { bindAddress: metrics, ...PROMETHEUS_NAMES } } }),
      },
    });
  } catch (error) {
    if (metrics === undefined) throw error;
    throw new MetricsUnservable(`The metrics cannot be served at ${metrics}`, { cause: error });
  }
  return logger;
}

/** Units and names as Prometheus recommends them. */
const PROMETHEUS_NAMES = { unitSuffix: true, useSecondsForDurations: true, countersTotalSuffix: true };

/** The SDK's metadata without what JSON cannot hold. */
const printable = (meta: object | undefined): object =>
  Object.fromEntries(
    Object.entries(meta ?? {}).map(([name, value]) => [
      name,
      value instanceof Error ? `${value.name}: ${value.message}` : typeof value === 'bigint' ? String(value) : value,
    ]),
  );

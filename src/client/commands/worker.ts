import { dirname } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { EnvironmentName } from '../../contract/plan/environment.js';
import { defaultHome } from '../../local/folders.js';
import type { Policy } from '../../policy/policy.js';
import { connectionSettings, withConnection } from '../../temporal/connection.js';
import { EXIT, innermost, usageError } from '../../temporal/errors.js';
import type { RunningSandbox } from '../../temporal/running-sandbox.js';
import { exiting } from '../terminal/output.js';
import { givenPolicy } from './trust/given-policy.js';

interface WorkOptions {
  buildId?: string;
  environment?: EnvironmentName;
  state?: string;
  watchdog?: true;
  metrics?: string;
  policy?: string;
  traces?: string;
  console?: string;
}

export function defineWorker(command: Command): void {
  command
    .option(
      '--state <DIR>',
      "who this runner is, and where its commands are recorded (default: SUREFOOT_HOME's worker folder, or its worker-ENVIRONMENT folder)",
    )
    .option(
      '--policy <FILE>',
      'whose word counts for what (default: SUREFOOT_POLICY); without one no decision is proven',
    )
    .addOption(
      command
        .createOption(
          '--environment <NAME>',
          "serve this environment's commands alone, with its credentials; other workers do the rest",
        )
        .choices(['staging', 'production']),
    )
    .addOption(
      command
        .createOption('--watchdog', 'only look at deployments, and page people when nobody carries them on')
        .conflicts(['state', 'traces', 'environment', 'console']),
    )
    .option('--build-id <ID>', 'the build that it is of (default: what its code is)', buildName)
    .option('--metrics <ADDRESS:PORT>', 'serve figures for Prometheus there, at /metrics', addressAndPort)
    .option('--traces <URL>', 'send traces to this collector, OpenTelemetry (OTLP) over HTTP', collector)
    .option('--console <URL>', 'where the console is, for the links of messages; a plan’s own counts first', baseUrl)
    .addHelpText(
      'after',
      '\nExample:\n  $ TEMPORAL_ADDRESS=temporal.example.com:7233 surefoot worker --state /var/lib/surefoot' +
        '\n  $ TEMPORAL_ADDRESS=temporal.example.com:7233 surefoot worker --watchdog   # on another machine' +
        '\n  $ TEMPORAL_ADDRESS=temporal.example.com:7233 surefoot worker --environment production --policy policy.yaml',
    )
    .action(exiting(work));
}

/** @throws InvalidArgumentError */
export function buildName(text: string): string {
  if (/^[A-Za-z0-9][\w.+-]{0,99}$/.test(text)) return text;
  throw new InvalidArgumentError('Write letters, digits, dots, dashes, at most 100; `surefoot versions` lists builds.');
}

/** @throws InvalidArgumentError */
function addressAndPort(text: string): string {
  if (/^(\d+(\.\d+){3}|\[[0-9a-f:]+\]):\d{1,5}$/i.test(text)) return text;
  throw new InvalidArgumentError('Write an IP address and a port, for example 127.0.0.1:9464 or 0.0.0.0:9464.');
}

/** @throws InvalidArgumentError */
function collector(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.pathname !== '/') return text;
  throw new InvalidArgumentError('Write the whole address, for example http://127.0.0.1:4318/v1/traces.');
}

/** Without a trailing slash. @throws InvalidArgumentError */
function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBare = url && [url.username, url.password, url.search, url.hash].every((part) => part === '');
  if (isBare && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  throw new InvalidArgumentError('Write its address, for example https://surefoot.example.com.');
}

async function work(options: WorkOptions): Promise<number> {
  const { environment, watchdog, metrics, traces, console, buildId: build } = options;
  const { state = `${defaultHome()}/${environment ? `worker-${environment}` : 'worker'}` } = options;
  const policy = await policyOf(options);
  const { namespace, options: connection, sandbox } = connectionSettings();
  // Says in words, and within 5 s, what the worker's own connection would say late and obscurely.
  await withConnection(async () => {});
  const { MetricsUnservable, runWatchdog, runWorker, StateFolderUnusable } = await import('../../worker.js');
  const tools = sandbox && sandboxTools(sandbox);
  const releasesItself = sandbox !== undefined;
  const served = watchdog
    ? runWatchdog({ connection, namespace, metrics, policy })
    : runWorker({
        connection,
        namespace,
        state,
        environment,
        build,
        releasesItself,
        tools,
        metrics,
        traces,
        console,
        policy,
      });
  await served.catch((error: unknown) => {
    if (error instanceof StateFolderUnusable) throw usageError(error.message, 'See "Runners" in docs/architecture.md.');
    if (error instanceof MetricsUnservable) {
      throw usageError(
        `${error.message}: ${innermost(error)}`,
        'Name an address of this machine and a port that is free.',
      );
    }
    throw error;
  });
  return EXIT.good;
}

/** An empty variable is none: a policy that is meant and not there must not go unseen. */
async function policyOf({ policy: file = process.env.SUREFOOT_POLICY }: WorkOptions): Promise<Policy | undefined> {
  if (file === undefined) return undefined;
  if (file === '') throw usageError('The policy is an empty name', 'Name its file, or leave SUREFOOT_POLICY unset.');
  return givenPolicy(file);
}

/** The sandbox brings its own tools; a worker beside it uses those, so that nothing has to be installed. */
export function sandboxTools({ postgres, target }: RunningSandbox): string[] {
  const clientTools = dirname(postgres.clientTools.pgDump);
  process.env.SUREFOOT_PG_BIN ??= clientTools;
  return [target.binFolder, clientTools];
}

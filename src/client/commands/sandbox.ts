import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { AnnouncementReceiver } from '../../../sandbox/local/announcements.js';
import type { Sandbox } from '../../../sandbox/local/sandbox.js';
import { SEARCH_ATTRIBUTES } from '../../contract/names.js';
import type { EnvironmentName } from '../../contract/plan/environment.js';
import { clearFaults, FAULT_NAMES, type FaultName, type FaultParameters, setFault } from '../../local/faults.js';
import { defaultHome } from '../../local/folders.js';
import { CliError, EXIT, usageError } from '../../temporal/errors.js';
import { runningSandbox } from '../../temporal/running-sandbox.js';
import pc from '../terminal/colors.js';
import { interruptible } from '../terminal/interruption.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { untilAborted } from '../terminal/until-aborted.js';

const ENVIRONMENTS: readonly EnvironmentName[] = ['staging', 'production'];

export function defineSandbox(sandbox: Command): void {
  sandbox
    .option('--reset', 'clear the state of earlier runs first')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot sandbox')
    .action(exiting(keepUp));
  sandbox
    .command('fault')
    .description(`switch a fault on: ${FAULT_NAMES.join(', ')}`)
    .argument('<ENVIRONMENT>', ENVIRONMENTS.join(' or '), environmentName)
    .argument('<NAME>', 'the fault', faultName)
    .argument('[KEY=VALUE...]', "the fault's parameters: numbers, or when.version=… and when.revision=…")
    .addHelpText('after', '\nExample:\n  $ surefoot sandbox fault production errors rate=0.3')
    .action(exiting(fault));
  sandbox
    .command('clear')
    .description('switch every fault of an environment off')
    .argument('<ENVIRONMENT>', ENVIRONMENTS.join(' or '), environmentName)
    .addHelpText('after', '\nExample:\n  $ surefoot sandbox clear production')
    .action(exiting(clear));
}

const keepUp = (options: { json?: boolean; reset?: boolean }): Promise<number> =>
  interruptible(async (signal) => {
    // Only here is the sandbox needed: every other command runs without it.
    const { startSandbox } = await import('../../../sandbox/local/sandbox.js');
    const { startAnnouncementReceiver } = await import('../../../sandbox/local/announcements.js');
    const { writeBindings } = await import('../../../sandbox/local/bindings.js');
    const sandbox = await startSandbox({
      virtualTime: false,
      durable: true,
      reset: options.reset,
      searchAttributes: SEARCH_ATTRIBUTES,
      progress: (message) => note(pc.dim(message)),
      signal,
    });
    let receiver: AnnouncementReceiver | undefined;
    try {
      receiver = await startAnnouncementReceiver(sandbox.home);
      const bindings = await writeBindings(sandbox, receiver.url);
      if (options.json) printJson(describe(sandbox, bindings));
      else tell(sandbox, bindings);
      await untilAborted(signal);
      note('stopping…');
    } finally {
      await receiver?.stop();
      await sandbox.stop();
    }
    return EXIT.good;
  });

const describe = (sandbox: Sandbox, bindings: string) => ({
  home: sandbox.home,
  address: sandbox.temporal.address,
  namespace: sandbox.temporal.namespace,
  uiUrl: sandbox.temporal.uiUrl,
  staging: sandbox.target.environments.staging.url,
  production: sandbox.target.environments.production.url,
  bindings,
});

function tell(sandbox: Sandbox, bindings: string): void {
  const { address, staging, production } = describe(sandbox, bindings);
  const home = sandbox.home === join(process.cwd(), '.surefoot') ? '' : `SUREFOOT_HOME=${sandbox.home} `;
  print(`${pc.green('✓')} the sandbox is up`);
  print(`  Temporal    ${address}`);
  print(`  Web UI      ${sandbox.webUi.signIn()}`);
  print(`  staging     ${staging}`);
  print(`  production  ${production}`);
  print('\nIn other terminals:');
  print(`  ${pc.cyan(`${home}surefoot worker`)}`);
  print(
    `  ${pc.cyan(`${home}surefoot start plans/eduautismo-performance.yaml --bindings ${bindings} --as ana.souza`)}`,
  );
  print(`  ${pc.cyan(`${home}surefoot watch`)}`);
  print('\nCtrl-C stops it; what it holds is kept.');
}

async function fault(environment: EnvironmentName, name: FaultName, parameters: string[]): Promise<number> {
  await setFault(environmentFolder(environment), name, readParameters(parameters));
  print(`${pc.green('✓')} ${name} is on in ${environment}; off again with surefoot sandbox clear ${environment}`);
  return EXIT.good;
}

async function clear(environment: EnvironmentName): Promise<number> {
  await clearFaults(environmentFolder(environment));
  print(`${pc.green('✓')} no faults in ${environment}`);
  return EXIT.good;
}

function environmentFolder(environment: EnvironmentName): string {
  const sandbox = runningSandbox();
  if (sandbox) return sandbox.target.environments[environment].folder;
  throw new CliError(`No sandbox runs in ${defaultHome()}`, {
    hint: 'Start one with `surefoot sandbox`, or set SUREFOOT_HOME to the folder of the one that runs.',
    exitCode: EXIT.unreachable,
  });
}

/** `rate=0.3`, `when.version=main`. */
export function readParameters(texts: string[]): FaultParameters {
  const parameters: FaultParameters = {};
  for (const text of texts) {
    const [key = '', value = ''] = text.split(/=(.*)/s, 2);
    if (key === 'when.version' || key === 'when.revision') {
      parameters.when = { ...parameters.when, [key.slice('when.'.length)]: value };
      continue;
    }
    if (!key || value.trim() === '' || !Number.isFinite(Number(value))) {
      throw usageError(
        `"${text}" is not a parameter of a fault`,
        'Write key=number, when.version=… or when.revision=….',
      );
    }
    parameters[key] = Number(value);
  }
  return parameters;
}

function environmentName(text: string): EnvironmentName {
  const found = ENVIRONMENTS.find((name) => name === text);
  if (!found) throw new InvalidArgumentError(`It is ${ENVIRONMENTS.join(' or ')}.`);
  return found;
}

function faultName(text: string): FaultName {
  const found = FAULT_NAMES.find((name) => name === text);
  if (!found) throw new InvalidArgumentError(`It is one of ${FAULT_NAMES.join(', ')}.`);
  return found;
}

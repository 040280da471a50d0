/** Applications answer and let us in; servers can be logged in to and have the programs that the plan runs there. */

import { askInstances } from '../../adapters/application/health.js';
import { healthPlace } from '../../adapters/application/health-reading.js';
import { tryLogin } from '../../adapters/application/login-trial.js';
import { commandLine } from '../../adapters/commands/command-line.js';
import { whyNotGiven } from '../../adapters/commands/program-variables.js';
import { endText, lastSaid, runShort } from '../../adapters/commands/short-command.js';
import { NoAnswer } from '../../adapters/http/http.js';
import type { CommandBackup } from '../../contract/plan/backup.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment } from '../../contract/plan/environment.js';
import { isOnlySent, loginText, readingCheck } from '../../contract/plan/login.js';
import { allOwnChecks } from '../../contract/plan/own-checks.js';
import { environmentsOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { STEPS } from '../../domain/steps.js';
import { tally } from '../../domain/watch/instances.js';
import type { Check, CheckContext, CheckResult, Means } from './check.js';
import { stepsOf } from './databases.js';

export function serverChecks({ plan }: CheckContext): Check[] {
  return environmentsOf(plan).flatMap((environment): Check[] => {
    const { name, login, variables = [] } = environment;
    return [
      { id: `${name}-health`, step: stepsOf(environment).health, run: (means) => tryHealth(plan, environment, means) },
      ...(login
        ? [{ id: `${name}-login`, step: STEPS.staging.id, run: (means: Means) => checkLogin(plan, environment, means) }]
        : []),
      ...variables.map((variable): Check => lookAtVariable(name, variable)),
      ...tryPrograms(plan, environment),
    ];
  });
}

function lookAtVariable(environment: string, variable: string): Check {
  const name = `${environment}-variable:${variable}`;
  const run = async (): Promise<CheckResult[]> => {
    const why = whyNotGiven(variable);
    if (why === undefined) return [{ name, ok: true, text: `${environment}: ${variable} is set for its commands` }];
    const advice = 'Set it where the worker is started, or take it out of `variables`.';
    return [{ name, ok: false, text: `${environment}: ${why}`, advice }];
  };
  return { id: name, step: STEPS.staging.id, run };
}

async function tryHealth({ healthPath }: ResolvedPlan, environment: Environment, means: Means): Promise<CheckResult[]> {
  const { name, api } = environment;
  const place = healthPlace(environment, healthPath);
  const answers = await askInstances(place, { timeout: means.patience.answer, signal: means.signal });
  const ok = answers.every((health) => !(health instanceof NoAnswer) && health.status === 200);
  const said = tally(answers.map((health) => (health instanceof NoAnswer ? health.message : health.statusText)));
  const advice = 'Start it, or put the host right; what is deployed now should be well.';
  return [{ name: `${name}-health`, ok, text: `${name}: ${api}${healthPath}: ${said}`, ...(!ok && { advice }) }];
}

async function checkLogin(plan: ResolvedPlan, environment: Environment, { signal }: Means): Promise<CheckResult[]> {
  const { name, api, login } = environment;
  const outcome = await tryLogin(environment, readingCheck(plan, name), signal);
  const who = `${name}: ${login ? loginText(login, api) : api}`;
  if (outcome === 'let in') return [{ name: `${name}-login`, ok: true, text: `${who}: logged in` }];
  if ('untried' in outcome) {
    return [{ name: `${name}-login`, ok: true, note: true, text: `${who}: not tried: ${outcome.untried}` }];
  }
  const isMisshapen = /^(400|415|422) /.test(outcome.refused);
  const advice = isMisshapen
    ? 'It is not of the shape that the application wants: see `kind`, `fields` and `also` of `login`.'
    : login && isOnlySent(login)
      ? 'Check the token, or the user and the password, and how `login` sends it.'
      : 'Check the test user, its password and `login.path`.';
  return [{ name: `${name}-login`, ok: false, text: `${who}: refused: ${outcome.refused}`, advice }];
}

/** The commands of an environment with the steps that run them first. */
function commandsOf(plan: ResolvedPlan, environment: Environment): [Command | undefined, string][] {
  const { commands, migration, backup, production } = plan;
  const steps = stepsOf(environment);
  const own = allOwnChecks(plan).flatMap((check): [Command, string][] =>
    check.environment === environment.name && check.asks.kind === 'command' ? [[check.asks.command, check.id]] : [],
  );
  const everywhere: [Command | undefined, string][] = [
    [commands.deploy, steps.deploy],
    [commands.logs, steps.logs],
    [migration?.current, steps.revision],
    [migration?.heads, steps.migration],
    [migration?.upgrade, steps.migration],
    [migration?.downgrade, steps.revision],
    ...(backup?.by === 'commands' ? commandsOfBackup(backup) : []).map((command): [Command | undefined, string] => [
      command,
      steps.backup,
    ]),
  ];
  if (environment.name === 'staging') return [...everywhere, ...own];
  const maintenance = production.maintenance.enabled ? [commands.maintenanceOn, commands.maintenanceOff] : [];
  return [
    ...everywhere,
    ...maintenance.map((command): [Command | undefined, string] => [command, STEPS.maintenanceOn.id]),
    [commands.restartService, STEPS.restart.id],
    [commands.restartWorkers, STEPS.restart.id],
    [commands.metricsReport, STEPS.metricsReport.id],
    ...own,
  ];
}

const commandsOfBackup = ({ create, verify, query, scratch, restore }: CommandBackup): (Command | undefined)[] => [
  ...[query, create, verify, scratch.restore, scratch.query, scratch.remove, restore],
];

/** Each program once. Those of the worker's own scripts that are named by a path are looked for with its tools. */
function tryPrograms(plan: ResolvedPlan, environment: Environment): Check[] {
  const { name, server } = environment;
  const checks = new Map<string, Check>();
  for (const [command, step] of commandsOf(plan, environment)) {
    const program = command?.run[0];
    if (!command || !program || program.includes('{')) continue;
    const remote = command.on === 'server';
    if (remote && server.kind === 'ssh' && !checks.has('ssh')) {
      checks.set('ssh', { id: `${name}-ssh`, step, run: (means) => trySsh(environment, command, means) });
    }
    const key = JSON.stringify([command.on, command.folder, program]);
    if (checks.has(key) || (!remote && program.includes('/') && Object.values(plan.commands).includes(command)))
      continue;
    const id = `${name}-program:${program}`;
    checks.set(key, { id, step, run: (means) => tryProgram({ environment, command, program, id }, means) });
  }
  return [...checks.values()];
}

/** Longest time for one look, milliseconds. */
const LOOK_LIMIT = 30_000;

/** Runs a command that changes nothing where the plan's own would run. */
async function runHarmless(environment: Environment, command: Command, words: string[], { signal }: Means) {
  const line = commandLine({ environment, command: { ...command, run: words }, values: {} });
  const [file = '', ...rest] = line.argv;
  // ssh would add other keys of a host that it knows to its own file.
  const args = line.overSsh ? ['-o', 'UpdateHostKeys=no', ...rest] : rest;
  const run = await runShort({
    argv: [file, ...args],
    cwd: line.cwd,
    environment: line.environment,
    limit: LOOK_LIMIT,
    signal,
  });
  signal.throwIfAborted();
  return { run, line };
}

async function trySsh(environment: Environment, command: Command, means: Means): Promise<CheckResult[]> {
  const { name } = environment;
  const { run, line } = await runHarmless(environment, { ...command, folder: '/' }, ['true'], means);
  if (run.ok) return [{ name: `${name}-ssh`, ok: true, text: `${name}: ssh ${line.host}: host key pinned, logged in` }];
  const said = lastSaid(run) || (endText(run.end, LOOK_LIMIT) ?? '');
  return [
    { name: `${name}-ssh`, ok: false, text: `${name}: ssh ${line.host}: ${said}`, advice: sshAdvice(run.stderr) },
  ];
}

function sshAdvice(stderr: string): string {
  if (/Host key verification failed|host key is known/i.test(stderr)) {
    return 'Pin the right host key in the known_hosts file that the plan names (compare it with the server’s own first).';
  }
  if (/Permission denied/.test(stderr)) return 'Let the worker’s key in there (authorized_keys), or give it an agent.';
  return 'Check host, port and the way to it from this machine.';
}

async function tryProgram(
  of: { environment: Environment; command: Command; program: string; id: string },
  means: Means,
): Promise<CheckResult[]> {
  const { environment, command, program, id } = of;
  const { run, line } = await runHarmless(environment, command, ['sh', '-c', 'command -v "$0"', program], means);
  const where = line.host === 'local' ? 'on this machine' : `on ${line.host}`;
  const folder = command.folder.replaceAll('{application}', environment.application ?? '');
  if (run.ok) return [{ name: id, ok: true, text: `${environment.name}: ${program} is there ${where}` }];
  // Without a connection the line about ssh says it.
  if (line.overSsh && run.end.kind === 'exited' && run.end.code === 255) return [];
  if (run.end.kind === 'timed out' || run.end.kind === 'killed') {
    const text = `${environment.name}: whether ${program} is there ${where} is not known: the look ${endText(run.end, LOOK_LIMIT)}`;
    return [{ name: id, ok: false, text, advice: 'Look whether that machine and its disks answer.' }];
  }
  const noFolder = /can't cd|No such file or directory/i.test(run.stderr) || run.end.kind === 'not run';
  const text = noFolder
    ? `${environment.name}: the folder ${folder} is not there ${where}`
    : `${environment.name}: ${program} is not found ${where}`;
  const advice = noFolder ? 'Put the folder right in `folders`.' : 'Install it, or name its folder in `tools`.';
  return [{ name: id, ok: false, text, advice }];
}

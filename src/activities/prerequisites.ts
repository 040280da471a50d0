/** What must be true before anything starts: repository, staging, tools (checklist, Pré-requisitos). */
import { access, constants } from 'node:fs/promises';
import { basename, isAbsolute, resolve } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { tryLogin } from '../adapters/application/login-trial.js';
import { programVariables, whyNotGiven } from '../adapters/commands/program-variables.js';
import { endText, runShort } from '../adapters/commands/short-command.js';
import { withDatabase } from '../adapters/postgres/postgres.js';
import { countRowsOf } from '../adapters/postgres/row-counts.js';
import type { PrerequisiteActivities } from '../contract/activities/admission.js';
import type { EndpointCheck } from '../contract/plan/application.js';
import type { Commands } from '../contract/plan/commands.js';
import type { Database, Environment } from '../contract/plan/environment.js';
import { databaseOf } from '../contract/plan/parts.js';
import { type Fact, failures, passed, type StepReport, unknownFact } from '../domain/evidence.js';
import { withHeartbeat } from './commands/heartbeat.js';
import { examineRepository } from './review/repository.js';

/**
 * Facts: `checkRepository` establishes `merged`, `target`, `previous`, `files`; `checkStaging` `rows`, `credentials`;
 * `checkTools` `tool:NAME` for each tool, `script:FILE` for each script, `commands`, and `tools`: all of them.
 */
export function createPrerequisiteActivities(
  options: {
    /** Folders searched before PATH, besides those of the environments. */
    tools?: string[];
    /** Longest time for a tool to say its version, or for git to answer a question, milliseconds. */
    toolLimit?: number;
  } = {},
): PrerequisiteActivities {
  return {
    checkRepository: ({ release, review, noBranch }) =>
      withHeartbeat(async (signal) => {
        const limit = options.toolLimit;
        const { facts, commit } = await examineRepository({ release, review, noBranch, signal, limit });
        return { ...summed(facts, facts.map((fact) => fact.text).join('; ')), commit };
      }),

    checkStaging: ({ environments, readings = {}, minimumRows }) =>
      withHeartbeat(async (signal) => {
        const staging = environments.find(({ name }) => name === 'staging');
        const rows = minimumRows && (await rowsFact(staging, minimumRows));
        const attempts = environments.flatMap((one) => tryCredentials(one, readings[one.name], signal));
        const outcomes = await Promise.all(attempts.map(async ({ what, tried }) => ({ what, ...(await tried) })));
        signal.throwIfAborted();
        const facts = [...(rows ? [rows] : []), ...(outcomes.length > 0 ? [credentialsFact(outcomes)] : [])];
        return summed(facts, facts.map((fact) => fact.text).join('; '));
      }),

    checkTools: ({ tools, scripts, commands }) =>
      withHeartbeat(async (signal) => {
        const look = { folders: options.tools ?? [], limit: options.toolLimit ?? 20_000 };
        const toolFacts = await Promise.all(tools.map((tool) => checkTool(tool, look, signal)));
        const folders = workerFolders(commands);
        const scriptFacts = await Promise.all(scripts.map((script) => checkScript(script, folders)));
        const facts = [...toolFacts, ...scriptFacts, await checkPrograms(commands)];
        const missing = failures({ summary: '', facts, evidence: [] });
        const good = `${tools.length} tools, ${scripts.length} scripts and the commands' programs are there`;
        return summed([...facts, { name: 'tools', ok: missing === '', text: missing || good }], good);
      }),
  };
}

function summed(facts: Fact[], good: string): StepReport {
  const report = { summary: good, facts, evidence: [] };
  return passed(report) ? report : { ...report, summary: failures(report) };
}

async function rowsFact(
  staging: Environment | undefined,
  { table, rows: least }: { table: string; rows: number },
): Promise<Fact> {
  const rows = staging && (await withDatabase(databaseOf(staging), (client) => countRowsOf(client, table)));
  const text = `staging has ${rows ?? 'unknown'} rows in ${table}, at least ${least} are needed`;
  return { name: 'rows', ok: rows !== undefined && rows >= least, text };
}

/** For people: what does not work, or why nobody could tell. Neither: it works. */
interface Outcome {
  problem?: string;
  untried?: string;
}

/** What nobody could try keeps nobody from going on: the checks that need it come later. */
function credentialsFact(outcomes: readonly (Outcome & { what: string })[]): Fact {
  const name = 'credentials';
  const problems = outcomes.flatMap(({ problem = [] }) => problem);
  if (problems.length > 0) return { name, ok: false, text: problems.join('; ') };
  const untried = outcomes.flatMap(({ untried = [] }) => untried);
  const working = outcomes.flatMap((outcome) => (outcome.untried === undefined ? outcome.what : []));
  const works = working.length > 0 ? [`${working.join(', ')}: all work`] : [];
  if (untried.length === 0) return { name, ok: true, text: works.join('') };
  return { ...unknownFact(name, [...untried, ...works].join('; ')), advisory: true };
}

/** Tries what the plan has credentials for. */
function tryCredentials(environment: Environment, reading: EndpointCheck | undefined, signal: AbortSignal) {
  const { name, database, login, variables } = environment;
  const attempt = (what: string, tried: Promise<Outcome>) => ({
    what: `${what} of ${name}`,
    // Other errors are not known to be free of secrets.
    tried: tried.catch((error: unknown) => ({
      problem: `${name}: ${error instanceof ApplicationFailure ? error.message : 'the credentials could not be tried'}`,
    })),
  });
  return [
    ...(database ? [attempt('database', tryDatabase(database))] : []),
    ...(login ? [attempt('API login', tryLoginOf(environment, reading, signal))] : []),
    ...(variables ? [attempt('variables', lookAtVariables(name, variables))] : []),
  ];
}

/** Migrations and dumps need a session: a pooler is told of now, and not when production waits. */
async function tryDatabase(database: Database): Promise<Outcome> {
  await withDatabase(database, (client) => client.query('select 1'), { session: true });
  return {};
}

/** A command without one may do something else than it should: that is told before the first is run. */
async function lookAtVariables(environment: string, variables: readonly string[]): Promise<Outcome> {
  const missing = variables.flatMap((name) => whyNotGiven(name) ?? []);
  return missing.length === 0 ? {} : { problem: `variables for commands of ${environment}: ${missing.join(', ')}` };
}

async function tryLoginOf(
  environment: Environment,
  reading: EndpointCheck | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const trial = await tryLogin(environment, reading, signal);
  if (trial === 'let in') return {};
  const where = `${environment.name}: login to ${environment.api}`;
  if ('refused' in trial) return { problem: `${where} refused: ${trial.refused}` };
  return { untried: `${where} not tried: ${trial.untried}` };
}

async function checkTool(
  tool: string,
  { folders, limit }: { folders: string[]; limit: number },
  signal: AbortSignal,
): Promise<Fact> {
  const name = `tool:${tool}`;
  // ssh is the one that knows no --version.
  const words = tool === 'ssh' ? ['-V'] : ['--version'];
  const environment = programVariables({ tools: folders });
  const run = await runShort({ argv: [tool, ...words], environment, limit, signal });
  signal.throwIfAborted();
  const [version = ''] = (run.stdout.trim() || run.stderr.trim()).split('\n');
  const said = version.slice(0, 120);
  const wrong = endText(run.end, limit);
  if (run.end.kind === 'not run' && run.end.reason === 'ENOENT') {
    return { name, ok: false, text: `${tool} is not found` };
  }
  if (wrong) return { name, ok: false, text: `${tool} is there, but ${words[0]} ${wrong}${said && `: ${said}`}` };
  if (said === '') return unknownFact(name, `${tool} is there, but says no version`);
  return { name, ok: true, text: `${tool}: ${said}` };
}

const workerFolders = (commands: Commands): string[] => [
  ...new Set(Object.values(commands).flatMap((command) => (command?.on === 'worker' ? [command.folder] : []))),
];

async function checkScript(script: string, folders: string[]): Promise<Fact> {
  const name = `script:${basename(script)}`;
  // A Python script is run by its interpreter and needs to be readable only.
  const mode = script.endsWith('.py') ? constants.R_OK : constants.X_OK;
  const places = isAbsolute(script) ? [script] : folders.map((folder) => resolve(folder, script));
  const problems: string[] = [];
  for (const place of places) {
    const problem = await accessProblem(place, mode);
    if (!problem) return { name, ok: true, text: `${script} is there` };
    problems.push(problem);
  }
  const problem = problems.find((text) => text !== 'not found') ?? 'not found';
  return { name, ok: false, text: `${script}: ${problem} (looked in ${folders.join(', ') || 'no folder'})` };
}

/** The programs of the plan's own commands that are named by a path, on this machine. */
async function checkPrograms(commands: Commands): Promise<Fact> {
  const checks = Object.values(commands).map(async (command) => {
    const program = command?.run[0];
    if (command?.on !== 'worker' || !program?.includes('/') || program.includes('{')) return [];
    const problem = await accessProblem(resolve(command.folder, program), constants.X_OK);
    return [problem ? `${program}: ${problem}` : ''];
  });
  const results = (await Promise.all(checks)).flat();
  const problems = results.filter(Boolean);
  const text = problems.length === 0 ? `${results.length} commands can be run` : problems.join('; ');
  return { name: 'commands', ok: problems.length === 0, text };
}

function accessProblem(file: string, mode: number): Promise<string | undefined> {
  return access(file, mode).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => (error.code === 'EACCES' ? 'not executable or readable' : 'not found'),
  );
}

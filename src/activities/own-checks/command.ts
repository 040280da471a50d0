/** A check of the team's own by a command: what it ends with, and what a field of the JSON that it prints says. */
import { commandLine } from '../../adapters/commands/command-line.js';
import { follow } from '../../adapters/http/json-path.js';
import type { CommandActivities } from '../../contract/activities/commands.js';
import { FailureType } from '../../contract/errors.js';
import { type Fact, type StepReport, unknownFact } from '../../domain/evidence.js';
import { judgeValue, type Read } from '../../domain/expectations.js';
import { type CommandOutcome, runToEnd } from '../commands/recorded-commands.js';

type Input = Parameters<CommandActivities['checkCommand']>[0];

/** @throws ApplicationFailure `OutcomeUnknown`: it may still be running */
export async function checkCommand(state: string, input: Input): Promise<StepReport> {
  const { key, evidence, environment, command, values, expect } = input;
  const line = commandLine({ environment, command, values: { environment: environment.name, ...values } });
  const run = await runToEnd({ state, key, name: 'command', evidence, environment, line, timeout: command.timeout });
  if (run.failure?.type === FailureType.OutcomeUnknown) throw run.failure;
  const { field } = expect;
  const facts = [
    ranFact(run, line.title, expect.exitCodes),
    ...(field ? [{ name: 'field', ...judgeValue(fieldOf(run, field.path), field.value, field.path) }] : []),
  ];
  return { summary: facts.map(({ text }) => text).join('; '), facts, evidence: run.evidence };
}

function ranFact({ exitCode, failure }: CommandOutcome, title: string, expected: number[]): Fact {
  if (exitCode === undefined) return unknownFact('ran', failure?.message ?? `how ${title} ended is not known`);
  const text = `${title} ended with exit code ${exitCode}`;
  if (expected.includes(exitCode)) return { name: 'ran', ok: true, text };
  // Its last words say more than the code.
  return { name: 'ran', ok: false, text: failure?.message ?? `${text} instead of ${expected.join(' or ')}` };
}

/** A program that did not end by itself may not have said all it had to say. */
function fieldOf({ exitCode, output, notWhole }: CommandOutcome, path: string): Read {
  const unknown = (why: string): Read => ({ unknown: `${path}: ${why}` });
  if (exitCode === undefined) return unknown('the command did not end by itself');
  if (notWhole !== undefined) return unknown(notWhole);
  if (output.trim() === '') return unknown('the command printed nothing');
  let body: unknown;
  try {
    body = JSON.parse(output);
  } catch {
    return unknown('the command printed something that is no JSON');
  }
  const { values } = follow(body, path);
  const [value] = values;
  if (values.length !== 1) return unknown(values.length === 0 ? 'it is not there' : 'it is more than one value');
  if (value === null) return unknown('it is null');
  if (typeof value === 'object') return unknown('it is no single value');
  return { value: String(value) };
}

/** The commands of a backup, each run at most once, and what is read in what they print. */
import { commandLine } from '../../adapters/commands/command-line.js';
import { follow } from '../../adapters/http/json-path.js';
import { quotable } from '../../adapters/postgres/quotable.js';
import type { CommandBackupActivities } from '../../contract/activities/backup.js';
import { FailureType } from '../../contract/errors.js';
import type { BackupReference } from '../../contract/plan/backup.js';
import type { Command } from '../../contract/plan/commands.js';
import { linesOfAnswer } from '../../domain/backup/answers.js';
import { formatDuration } from '../../domain/duration.js';
import type { EvidenceReference } from '../../domain/evidence.js';
import { type CommandOutcome, runToEnd } from '../commands/recorded-commands.js';

type Asked = Pick<Parameters<CommandBackupActivities['backUpByCommands']>[0], 'key' | 'evidence' | 'environment'>;

/** A result, or why there is none. */
export type Heard<Result> = Result | { problem: string };

export const isHeard = <Result extends object>(found: Heard<Result>): found is Result => !('problem' in found);

/** The commands of one step, and the evidence of all that have run. */
export class BackupCommands {
  readonly evidence: EvidenceReference[] = [];

  /** @param values for `{file}` or `{backup}`, as far as they are known yet */
  constructor(
    private readonly state: string,
    private readonly asked: Asked,
    private readonly values: Record<string, string> = {},
  ) {}

  know(values: Record<string, string>): void {
    Object.assign(this.values, values);
  }

  /**
   * @param name of its record, one for each command of the step
   * @throws ApplicationFailure `OutcomeUnknown`: nothing may follow it
   */
  async run(name: string, command: Command): Promise<Heard<CommandOutcome & { title: string; text: string }>> {
    const { key, evidence, environment } = this.asked;
    const line = commandLine({ environment, command, values: { environment: environment.name, ...this.values } });
    const { timeout } = command;
    const run = await runToEnd({ state: this.state, key, name, evidence, environment, line, timeout });
    if (run.failure?.type === FailureType.OutcomeUnknown) throw run.failure;
    this.evidence.push(...run.evidence);
    if (run.failure) return { problem: run.failure.message };
    const text = `${line.title} ended without error after ${formatDuration(run.milliseconds)}`;
    return { ...run, title: line.title, text };
  }

  /** The lines of what it prints; silence is no answer. */
  async ask(name: string, query: Command): Promise<Heard<{ lines: string[] }>> {
    const run = await this.run(name, query);
    if (!isHeard(run)) return run;
    if (run.notWhole !== undefined) return { problem: `${run.title}: ${run.notWhole}` };
    const lines = linesOfAnswer(run.output);
    return lines.length > 0 ? { lines } : { problem: `${run.title} printed nothing` };
  }

  /** Where the backup is, and what is known of it there. */
  async reference(name: string, command: Command, fields: BackupReference): Promise<Heard<Referred>> {
    const run = await this.run(name, command);
    if (!isHeard(run)) return run;
    const read = run.notWhole === undefined ? readReference(run.output, fields) : { problem: run.notWhole };
    return isHeard(read) ? { ...read, text: run.text } : { problem: `${run.title}: ${quotable(read.problem)}` };
  }
}

/** As the keeper of a backup tells of it. */
export interface Referred {
  backup: string;
  bytes?: number;
  checksum?: string;
  text: string;
}

/** Longest name of a backup, characters: it becomes an argument of commands. */
const LONGEST = 1_000;

function readReference(printed: string, fields: BackupReference): Heard<Omit<Referred, 'text'>> {
  let body: unknown;
  try {
    body = JSON.parse(printed);
  } catch {
    return { problem: printed.trim() === '' ? 'it printed nothing' : 'what it printed is no JSON' };
  }
  const lacking: string[] = [];
  const read = (path: string | undefined, form: RegExp): string | undefined => {
    if (path === undefined) return undefined;
    const [value, ...others] = follow(body, path).values;
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    if (others.length === 0 && text.length <= LONGEST && form.test(text)) return text;
    lacking.push(`\`${path}\``);
    return undefined;
  };
  // A word that begins with "-" would be an option of the next command, and one with control characters moves a terminal.
  const backup = read(fields.backup, /^[^\s\p{C}-][^\s\p{C}]*$/u);
  const bytes = read(fields.bytes, /^\d+$/);
  const checksum = read(fields.checksum, /^[^\s\p{C}]+$/u);
  if (backup === undefined || lacking.length > 0) {
    return { problem: `${lacking.join(', ')} in what it printed is not there or cannot be used` };
  }
  return {
    backup,
    ...(bytes === undefined ? {} : { bytes: Number(bytes) }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

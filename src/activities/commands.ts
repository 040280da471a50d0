/** Commands of the checklist: scripts, logs, migrations. Each runs at most once for its step and generation. */
import { commandLine } from '../adapters/command-line.js';
import { storeEvidence } from '../adapters/evidence-store.js';
import { redact } from '../adapters/redaction.js';
import type { CommandActivities } from '../contract/activities.js';
import { formatDuration } from '../domain/duration.js';
import { attended } from './attendance.js';
import { migrate } from './migrations.js';
import { checkProduction } from './production-found.js';
import { type CommandOutcome, evidencePath, runOnce, secretsOf } from './recorded-commands.js';
import { currentRevision } from './revisions.js';

/** Facts: `runCommand` establishes `ran`; `checkLogs` `ran` and `logs`; `migrate` and `checkProduction` see there. */
export function createCommandActivities(options: {
  /** The folder for the records of steps. It must outlive the worker, and stay on the machine that runs the commands. */
  state: string;
  /** Longest time for an answer of the health check, milliseconds. */
  answer?: number;
}): CommandActivities {
  const { state, answer } = options;
  return {
    async runCommand({ key, evidence, environment, command, values }) {
      const line = commandLine({ environment, command, values: { environment: environment.name, ...values } });
      const run = await runOnce({ state, key, name: 'command', evidence, environment, line, timeout: command.timeout });
      const text = `${line.title} ended without error after ${formatDuration(run.milliseconds)}`;
      return { summary: text, facts: [{ name: 'ran', ok: true, text }], evidence: run.evidence };
    },

    async checkLogs({ key, evidence, environment, command, critical, since, started }) {
      const line = commandLine({ environment, command, values: { environment: environment.name } });
      const what = { state, name: 'logs', evidence, environment, line, timeout: command.timeout };
      // The earlier output first: should its record be gone, it is read anew here, and nothing counts as new.
      const earlier = since && linesOf(await runOnce({ ...what, key: since }));
      const run = await runOnce({ ...what, key });
      const pattern = new RegExp(critical);
      const lines = earlier ? freshLines(earlier, linesOf(run)) : linesOf(run);
      const matches = lines.filter((text) => pattern.test(text));
      const secrets = await secretsOf(environment);
      const content = redact(`${matches.join('\n')}\n`, secrets);
      const title = `Critical lines in the output of ${line.title}`;
      const path = evidencePath(key, 'critical-lines.log');
      const excerpt = matches.length > 0 ? [await storeEvidence(evidence, { title, path, content })] : [];
      const first = redact(matches[0] ?? '', secrets).slice(0, 300);
      const text =
        matches.length === 0
          ? `no critical line among the ${earlier ? 'new' : 'last'} ${lines.length} lines of the log`
          : `${matches.length} critical lines among the ${earlier ? 'new' : 'last'} ${lines.length}; first: ${first}`;
      const begun = !earlier || lines.some((text) => new RegExp(started ?? '').test(text));
      const ran = { name: 'ran', ok: true, text: `${line.title} printed ${lines.length} lines` };
      const words = begun ? text : `${text}; none tells of a good start${started ? ` (${started})` : ''}`;
      const facts = [ran, { name: 'logs', ok: begun && matches.length === 0, text: words }];
      return { summary: words, facts, evidence: [...run.evidence, ...excerpt] };
    },

    migrate: (input) => migrate(state, input),

    checkProduction: (input) => checkProduction(input, answer),

    readRevision: ({ environment, migration }) => attended((signal) => currentRevision(environment, migration, signal)),
  };
}

export const linesOf = ({ output, errors }: CommandOutcome): string[] =>
  `${output}\n${errors}`.split(/\r?\n/).filter(Boolean);

/** The lines that the earlier output did not have, or not as often: both show the end of a log that goes on. */
export function freshLines(earlier: string[], later: string[]): string[] {
  const known = new Map<string, number>();
  for (const line of earlier) known.set(line, (known.get(line) ?? 0) + 1);
  return later.filter((line) => {
    const left = known.get(line) ?? 0;
    known.set(line, left - 1);
    return left <= 0;
  });
}

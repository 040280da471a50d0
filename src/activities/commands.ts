/** Commands of the checklist: scripts, logs, migrations. Each runs at most once for its step and generation. */
import { commandLine } from '../adapters/command-line.js';
import { storeEvidence } from '../adapters/evidence-store.js';
import { redact } from '../adapters/redaction.js';
import type { CommandActivities } from '../contract/activities.js';
import { formatDuration } from '../domain/duration.js';
import { attended } from './attendance.js';
import { currentRevision, migrate } from './migrations.js';
import { evidencePath, runOnce, secretsOf } from './recorded-commands.js';

/** Facts: `runCommand` establishes `ran`; `checkLogs` `ran` and `logs`; `migrate` see there. */
export function createCommandActivities(options: {
  /** The folder for the records of steps. It must outlive the worker, and stay on the machine that runs the commands. */
  state: string;
}): CommandActivities {
  const { state } = options;
  return {
    async runCommand({ key, evidence, environment, command, values }) {
      const line = commandLine({ environment, command, values: { environment: environment.name, ...values } });
      const run = await runOnce({ state, key, name: 'command', evidence, environment, line, timeout: command.timeout });
      const text = `${line.title} ended without error after ${formatDuration(run.milliseconds)}`;
      return { summary: text, facts: [{ name: 'ran', ok: true, text }], evidence: run.evidence };
    },

    async checkLogs({ key, evidence, environment, command, critical }) {
      const line = commandLine({ environment, command, values: { environment: environment.name } });
      const run = await runOnce({ state, key, name: 'logs', evidence, environment, line, timeout: command.timeout });
      const pattern = new RegExp(critical);
      const lines = `${run.output}\n${run.errors}`.split(/\r?\n/).filter(Boolean);
      const matches = lines.filter((text) => pattern.test(text));
      const secrets = await secretsOf(environment);
      const content = redact(`${matches.join('\n')}\n`, secrets);
      const title = `Critical lines in the output of ${line.title}`;
      const path = evidencePath(key, 'critical-lines.log');
      const excerpt = matches.length > 0 ? [await storeEvidence(evidence, { title, path, content })] : [];
      const first = redact(matches[0] ?? '', secrets).slice(0, 300);
      const text =
        matches.length === 0
          ? `no critical line among the last ${lines.length} lines of the log`
          : `${matches.length} critical lines among the last ${lines.length}; first: ${first}`;
      const ran = { name: 'ran', ok: true, text: `${line.title} printed ${lines.length} lines` };
      const facts = [ran, { name: 'logs', ok: matches.length === 0, text }];
      return { summary: text, facts, evidence: [...run.evidence, ...excerpt] };
    },

    migrate: (input) => migrate(state, input),

    readRevision: ({ environment, migration }) => attended((signal) => currentRevision(environment, migration, signal)),
  };
}

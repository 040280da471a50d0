/** Commands of the checklist: scripts, logs, migrations. Each runs at most once for its step and generation. */
import { commandLine } from '../adapters/commands/command-line.js';
import { whyNotOwn } from '../adapters/commands/runner-identity.js';
import { storeEvidence } from '../adapters/evidence/evidence-store.js';
import { redact } from '../adapters/evidence/redaction.js';
import { judgeLines, tooLong } from '../adapters/metrics/log-lines.js';
import { quotable } from '../adapters/postgres/quotable.js';
import type { CommandActivities, RunnerPresence } from '../contract/activities/commands.js';
import type { StepKey } from '../contract/activities/step.js';
import { formatDuration } from '../domain/duration.js';
import { unknownFact } from '../domain/evidence.js';
import { LONGEST_LINE, matcher } from '../domain/pattern.js';
import { freshLines, linesOf } from './commands/fresh-lines.js';
import { knowBegun, withHeartbeat } from './commands/heartbeat.js';
import { inOwnFolder, withOwnTrouble } from './commands/own-trouble.js';
import { evidencePath, runOnce, secretsOf } from './commands/recorded-commands.js';
import { endRemains } from './commands/remains.js';
import { migrate } from './migration/migrations.js';
import { currentRevision } from './migration/revisions.js';
import { checkCommand } from './own-checks/command.js';
import { checkProduction } from './production-found.js';

/** Facts: `runCommand` establishes `ran`; `checkCommand` `ran`, `field`; `checkLogs` `ran` and `logs`; `migrate` and `checkProduction` see there. */
export function createCommandActivities(options: {
  /** The folder for the records of steps. It must outlive the worker, and stay on the machine that runs the commands. */
  state: string;
  /** Who the runner is: nothing is begun in a folder that is another's by now. */
  runner?: string;
  /** What else the worker says of itself. */
  presence?: RunnerPresence;
  /** Longest time for an answer of the health check, milliseconds. */
  answer?: number;
}): CommandActivities {
  const { state, answer } = options;
  const own = <T>({ key }: { key: StepKey }, work: () => Promise<T>) => {
    knowBegun(key);
    return inOwnFolder(options, key.step, work);
  };
  const commands: Pick<CommandActivities, 'runCommand' | 'checkCommand' | 'checkLogs'> = {
    async runCommand({ key, evidence, environment, command, values }) {
      const line = commandLine({ environment, command, values: { environment: environment.name, ...values } });
      const run = await runOnce({ state, key, name: 'command', evidence, environment, line, timeout: command.timeout });
      const text = `${line.title} ended without error after ${formatDuration(run.milliseconds)}`;
      return { summary: text, facts: [{ name: 'ran', ok: true, text }], evidence: run.evidence };
    },

    checkCommand: (input) => checkCommand(state, input),

    async checkLogs({ key, evidence, environment, command, critical, since, started }) {
      const line = commandLine({ environment, command, values: { environment: environment.name } });
      const what = { state, name: 'logs', evidence, environment, line, timeout: command.timeout };
      // The earlier output first: should its record be gone, it is read anew here, and nothing counts as new.
      const before = since && (await runOnce({ ...what, key: since }));
      const earlier = before && linesOf(before);
      const run = await runOnce({ ...what, key });
      const lines = earlier ? freshLines(earlier, linesOf(run)) : linesOf(run);
      const { matching, unread } = await judgeLines(lines, matcher(critical));
      const secrets = await secretsOf(environment);
      const content = redact(`${matching.join('\n')}\n`, secrets);
      const title = `Critical lines in the output of ${line.title}`;
      const path = evidencePath(key, 'critical-lines.log');
      const excerpt = matching.length > 0 ? [await storeEvidence(evidence, { title, path, content })] : [];
      const first = quotable(redact(matching[0] ?? '', secrets)).slice(0, 300);
      const among = `among the ${earlier ? 'new' : 'last'} ${lines.length}`;
      const gaps = [
        ...(lines.length === 0 && !earlier ? ['the command printed nothing'] : []),
        ...(unread.length > 0 ? [tooLong(unread.length)] : []),
        ...[run.notWhole, before?.notWhole].filter((lack) => lack !== undefined),
      ];
      const seen =
        matching.length === 0
          ? `no critical line ${among} lines of the log`
          : `${matching.length} critical lines ${among}; first: ${first}`;
      const begun = !earlier || (await judgeLines(whole(lines), matcher(started ?? ''))).matching.length > 0;
      const good = begun ? [] : [`none tells of a good start${started ? ` (${started})` : ''}`];
      const words = [seen, ...gaps, ...good].join('; ');
      const ran = { name: 'ran', ok: true, text: `${line.title} printed ${lines.length} lines` };
      const isUnknown = gaps.length > 0 && matching.length === 0;
      const logs = isUnknown
        ? unknownFact('logs', words)
        : { name: 'logs', ok: begun && matching.length === 0, text: words };
      const facts = [ran, logs];
      return { summary: words, facts, evidence: [...run.evidence, ...excerpt] };
    },
  };
  return {
    runCommand: (input) => own(input, () => commands.runCommand(input)),
    checkCommand: (input) => own(input, () => commands.checkCommand(input)),
    checkLogs: (input) => own(input, () => withOwnTrouble(input.key.step, () => commands.checkLogs(input))),
    migrate: (input) => own(input, () => migrate(state, input)),

    async present() {
      const lack = options.runner === undefined ? undefined : await whyNotOwn(state, options.runner);
      if (lack !== undefined) throw new Error(lack);
      return options.presence;
    },

    endCommands: ({ key }) => withHeartbeat(async () => ({ alive: await endRemains(state, key) })),

    checkProduction: (input) => checkProduction(input, answer),

    readRevision: ({ environment, migration }) =>
      withHeartbeat((signal) => currentRevision(environment, migration, signal)),
  };
}

/** Of a good start only whole lines tell: the end of a longer one could say the opposite. */
const whole = (lines: string[]) => lines.filter(({ length }) => length <= LONGEST_LINE);

/** A backup by commands: its query answers, of each environment's database. Nothing is made or restored. */
import { commandLine } from '../../adapters/commands/command-line.js';
import { endText, lastSaid, runShort } from '../../adapters/commands/short-command.js';
import { quotable } from '../../adapters/postgres/quotable.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment } from '../../contract/plan/environment.js';
import { canRestore, environmentsOf } from '../../contract/plan/parts.js';
import { linesOfAnswer } from '../../domain/backup/answers.js';
import type { Check, CheckContext, CheckResult, Means } from './check.js';
import { stepsOf } from './databases.js';

export function backupCommandChecks({ plan }: CheckContext): Check[] {
  const { backup } = plan;
  if (backup?.by !== 'commands') return [];
  return environmentsOf(plan).map((environment) => ({
    id: `${environment.name}-backup-query`,
    step: stepsOf(environment).backup,
    limit: backup.query.timeout + 1_000,
    run: async (means) => [
      await tryQuery(environment, backup.query, means),
      ...(environment.name === 'production' && !canRestore(plan) ? [NO_LAST_RESORT] : []),
    ],
  }));
}

const NO_LAST_RESORT: CheckResult = {
  name: 'restore',
  ok: true,
  note: true,
  text: 'the plan has no `backup.restore`: where a rollback fails, people are not offered the backup',
};

async function tryQuery(environment: Environment, query: Command, { signal }: Means): Promise<CheckResult> {
  const name = `${environment.name}-backup-query`;
  const line = commandLine({ environment, command: query, values: { environment: environment.name } });
  const { argv, cwd, environment: variables } = line;
  const run = await runShort({ argv, cwd, environment: variables, limit: query.timeout, signal });
  signal.throwIfAborted();
  const wrong = endText(run.end, query.timeout);
  const said = quotable(lastSaid(run));
  const answer = linesOfAnswer(run.stdout);
  const told = (text: string) => `${environment.name}: ${line.title} ${text}`;
  if (wrong === undefined && answer.length > 0) {
    return { name, ok: true, text: told(`answers in ${answer.length === 1 ? 'one line' : `${answer.length} lines`}`) };
  }
  const advice = 'It has to print what tells what the database holds, as numbers of rows, and nothing else.';
  return {
    name,
    ok: false,
    text: told(wrong === undefined ? 'printed nothing' : `${wrong}${said && `: ${said}`}`),
    advice,
  };
}

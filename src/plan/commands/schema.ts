/** The team's own commands, and the tool of the migration. */
import { z } from 'zod';
import { KNOWN_TOOLS } from '../../domain/migration/migration-tools.js';
import { duration, id, strict, text, version } from '../core/basics.js';

export const command = strict({
  run: z
    .array(text(), { error: 'Write the command as a list of arguments: [./deploy.sh, "{environment}", "{version}"]' })
    .min(1, 'The command is empty')
    .describe('Program and arguments; `{environment}` and the like are filled in. No shell reads it'),
  in: id().describe('A key of `folders`, or `application`: the environment’s application folder on its server'),
  on: z.enum(['worker', 'server']).default('worker').describe('The machine of the worker, or the environment’s server'),
  timeout: duration().describe('Longest time it may take'),
});

export const commands = strict({
  deploy: command.describe('Deploys `{version}` to `{environment}`'),
  waitForHealth: command.optional().describe('Waits for `{url}` at most `{seconds}`'),
  logs: command.optional().describe('Prints the latest log lines and ends'),
  restartService: command.optional().describe('Restarts the application'),
  restartWorkers: command.optional().describe('Restarts its workers gracefully'),
  maintenanceOn: command.optional().describe('Turns maintenance mode on'),
  maintenanceOff: command.optional().describe('Turns maintenance mode off'),
  databaseMonitor: command.optional().describe('Prints the database’s state'),
  metricsReport: command.optional().describe('Prints the report of the last day'),
});

export const migration = strict({
  tool: text().describe(
    `${KNOWN_TOOLS.map((name) => `\`${name}\``).join(', ')}, or the name of another tool, whose \`current\` prints the revision on its last line, or \`base\``,
  ),
  revision: version()
    .optional()
    .describe(
      'The revision that the deployment brings the database to; the newest of the target’s own migrations when left out',
    ),
  current: command.describe('Prints the current revision; silence is no answer'),
  heads: command.optional().describe('Prints the newest revisions of the code, one a line: more than one is refused'),
  upgrade: command.describe('Upgrades to `{revision}` or to the newest'),
  downgrade: command.describe('Downgrades to exactly `{revision}`; `base` is none at all'),
  lockTimeout: duration().describe('Longest wait for a lock, per statement'),
  statementTimeout: duration().describe('Longest time of one statement'),
  within: duration().describe('Longest time in production'),
});

export type AuthoredCommand = z.output<typeof command>;
export type AuthoredCommands = z.output<typeof commands>;
export type AuthoredMigration = z.output<typeof migration>;

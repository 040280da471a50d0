/** The team's own commands, and the tool of the migration. */
import { z } from 'zod';
import { KNOWN_TOOLS } from '../../domain/migration/migration-tools.js';
import { duration, id, strict, text, version } from '../core/basics.js';

/** @param longest what `timeout` is when it is left out */
export const command = (longest: string) =>
  strict({
    run: z
      .array(text(), { error: 'Write the command as a list of arguments: [./deploy.sh, "{environment}", "{version}"]' })
      .min(1, 'The command is empty')
      .describe('Program and arguments; `{environment}` and the like are filled in. No shell reads it'),
    in: id()
      .optional()
      .describe(
        'A key of `folders`, or `application`: the environment’s application folder on its server. When left out, `application` on the server, and on the worker the folder of `release.repository`, or of this file where there is none',
      ),
    on: z
      .enum(['worker', 'server'])
      .default('worker')
      .describe('The machine of the worker, or the environment’s server'),
    timeout: duration().prefault(longest).describe('Longest time it may take'),
  });

/** A command that changes something may take its time; one that only reads is soon done. */
export const acting = command('10m');
export const reading = command('1m');

export const commands = strict({
  deploy: acting.describe(
    'Deploys `{version}` to `{environment}`. `{commit}` is the commit that the target was when the deployment began, in full; on the way back the one that production told before, or else the name of that release',
  ),
  waitForHealth: acting.optional().describe('Waits for `{url}` at most `{seconds}`'),
  logs: reading.optional().describe('Prints the latest log lines and ends'),
  restartService: acting.optional().describe('Restarts the application'),
  restartWorkers: acting.optional().describe('Restarts its workers gracefully'),
  maintenanceOn: acting.optional().describe('Turns maintenance mode on'),
  maintenanceOff: acting.optional().describe('Turns maintenance mode off'),
  databaseMonitor: reading.optional().describe('Prints the database’s state'),
  metricsReport: reading.optional().describe('Prints the report of the last day'),
});

export const migration = strict({
  tool: text().describe(
    `${KNOWN_TOOLS.map((name) => `\`${name}\``).join(', ')}, or the name of another tool, whose \`current\` prints the revision on its last line, or \`base\`; or whose \`query\` gives it`,
  ),
  revision: version()
    .optional()
    .describe(
      'The revision that the deployment brings the database to; the newest of the target’s own migrations when left out',
    ),
  when: z
    .enum(['before-deploy', 'after-deploy'])
    .optional()
    .describe(
      'Which goes first, on staging and in production: the migration (until the deploy users are on the old code and the new schema) or the deploy (new code, old schema: the default). Staging tries both',
    ),
  current: reading
    .optional()
    .describe('Prints the current revision; silence is no answer. May be left out where there is a `query`'),
  heads: reading.optional().describe('Prints the newest revisions of the code, one a line: more than one is refused'),
  upgrade: acting.describe('Upgrades to `{revision}` or to the newest'),
  query: text()
    .optional()
    .describe(
      'One SELECT that gives the current revision out of the tool’s own table, no row where there is none; what `current` prints is held against it',
    ),
  noRevision: version()
    .optional()
    .describe('What the tool calls no revision at all, as `zero`; `downgrade` is given it instead of `base`'),
  downgrade: acting.describe('Downgrades to exactly `{revision}`; `base` is none at all'),
  lockTimeout: duration().prefault('5s').describe('Longest wait for a lock, per statement'),
  statementTimeout: duration().prefault('1m').describe('Longest time of one statement'),
  within: duration().prefault('5m').describe('Longest time in production'),
});

export type AuthoredCommand = z.output<ReturnType<typeof command>>;
export type AuthoredCommands = z.output<typeof commands>;
export type AuthoredMigration = z.output<typeof migration>;

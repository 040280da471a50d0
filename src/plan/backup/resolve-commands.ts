/** A backup by commands: what each is given, and that none of them stands in for another. */
import type { BackupFile, BackupReference, CommandBackup, FileKeeping } from '../../contract/plan/backup.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment, EnvironmentName } from '../../contract/plan/environment.js';
import { resolveCommand } from '../commands/resolve.js';
import type { AuthoredCommand } from '../commands/schema.js';
import type { Path } from '../core/problems.js';
import type { Resolution } from '../core/resolution.js';
import type { AuthoredCommandBackup } from './schema.js';

interface Given {
  authored: AuthoredCommandBackup;
  environments: Partial<Record<EnvironmentName, Environment>>;
  keeping: () => FileKeeping | undefined;
}

export function resolveCommandBackup(resolution: Resolution, given: Given): CommandBackup | undefined {
  const { authored, environments } = given;
  const { create, verify, query, scratch, restore, atLeast } = authored;
  const leaves = resolveLeaves(resolution, given);
  const what = writesFile(authored) ? 'file' : 'backup';
  const servers = Object.values(environments).map(({ server }) => server);
  const resolved = (
    command: AuthoredCommand,
    path: Path,
    filled: { known?: string; needed?: string } = {},
  ): Command => {
    const { known = filled.needed, needed } = filled;
    const at = ['backup', ...path];
    if (command.on === 'server' && command.run.some((word) => word.includes('{file}'))) {
      resolution.report([...at, 'on'], '`{file}` is a file on the worker’s machine: let this command run there');
    }
    const names = known === undefined ? ['environment'] : ['environment', known];
    return resolveCommand(resolution, {
      command,
      path: at,
      servers,
      known: names,
      needed: needed === undefined ? undefined : [needed],
    });
  };
  const found: Omit<CommandBackup, 'leaves'> = {
    by: 'commands',
    create: resolved(create, ['create'], { known: 'file' }),
    query: resolved(query, ['query']),
    scratch: {
      restore: resolved(scratch.restore, ['scratch', 'restore'], { needed: what }),
      query: resolved(scratch.query, ['scratch', 'query']),
    },
    atLeast,
  };
  if (verify) found.verify = resolved(verify, ['verify'], { needed: what });
  if (scratch.remove) found.scratch.remove = resolved(scratch.remove, ['scratch', 'remove']);
  if (restore) found.restore = resolved(restore, ['restore'], { needed: what });
  checkPlaces(resolution, authored, Object.keys(environments));
  return leaves && { ...found, leaves };
}

const writesFile = ({ create }: AuthoredCommandBackup): boolean => create.run.some((word) => word.includes('{file}'));

/** What only a file of ours needs. */
const OF_FILES = ['store', 'credentials', 'encryption', 'kmsKey', 'setLifecycle', 'retention', 'smallest'] as const;

function resolveLeaves(resolution: Resolution, { authored, keeping }: Given): BackupFile | BackupReference | undefined {
  const { prints, verify, create } = authored;
  if (writesFile(authored)) {
    if (prints) resolution.report(['backup', 'prints'], '`create` writes `{file}`: leave this out, or that');
    const kept = keeping();
    return kept && { kind: 'file', ...kept };
  }
  if (!prints) {
    const message = `Holds no \`{file}\`: nothing would be known of what ${create.run[0]} makes. Let it write there, or say by \`prints\` what it prints`;
    resolution.report(['backup', 'create', 'run'], message);
    return undefined;
  }
  if (!verify) {
    const message = '`verify` is missing: what `create` prints has to be read back where the backup is kept';
    resolution.report(['backup'], { message, key: true });
  }
  for (const key of OF_FILES) {
    if (!resolution.has(['backup', key])) continue;
    resolution.report(['backup', key], { message: 'Is for a backup that is a `{file}`', key: true });
  }
  const { backup, bytes, checksum } = prints;
  return {
    kind: 'reference',
    backup,
    ...(bytes === undefined ? {} : { bytes }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

/**
 * A trial that works on the database itself would prove nothing, or write over it.
 * @param names of the environments: `production` written out is the same place as `{environment}` there
 */
function checkPlaces(
  resolution: Resolution,
  { query, scratch, restore }: AuthoredCommandBackup,
  names: readonly string[],
): void {
  if (isSame(query, scratch.query, names)) {
    const message = 'Is the same command as `query`: it would ask the database itself, not what was restored';
    resolution.report(['backup', 'scratch', 'query', 'run'], message);
  }
  if (restore && isSame(restore, scratch.restore, names)) {
    const message = 'Is the same command as `restore`: the trial would write over the database itself';
    resolution.report(['backup', 'scratch', 'restore', 'run'], message);
  }
}

/** Whether they are the same in any environment, be it as one writes and another one is filled in. */
function isSame(a: AuthoredCommand, b: AuthoredCommand, names: readonly string[]): boolean {
  const runs = ({ run }: AuthoredCommand) =>
    ['{environment}', ...names].map((name) => JSON.stringify(run).replaceAll('{environment}', name));
  const others = new Set(runs(b));
  return a.on === b.on && a.in === b.in && runs(a).some((run) => others.has(run));
}

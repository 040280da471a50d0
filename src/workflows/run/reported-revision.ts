/** The revision by its tool, for tools whose own books only they can read. Others' are read from the database itself. */

import type { CommandActivities } from '../../contract/activities/commands.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import type { Calls } from '../common/briefly.js';

/** How production's revision is to be known, as a part of what `verifyState` is told; nothing without a migration. */
export async function reportedRevision(
  { environments, migration }: Pick<ResolvedPlan, 'environments' | 'migration'>,
  commands: Calls<Pick<CommandActivities, 'readRevision'>>,
): Promise<{ tool?: string; reported?: string | null }> {
  if (!migration) return {};
  const { tool } = migration;
  if (migrationTool(tool).table) return { tool };
  const reported = await commands.readRevision.executeWithOptions(
    { summary: `Ask ${tool} for production's revision` },
    [{ environment: environments.production, migration }],
  );
  return { tool, reported };
}

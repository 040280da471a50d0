/** The revision by its tool, for tools whose own books only they can read. alembic's are read from the database itself. */
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { commandsOn } from '../common/policies.js';

/** What production's tool says, as a part of what `verifyState` is told; nothing for alembic, or without a migration. */
export async function reportedRevision(
  { environments, migration }: ResolvedPlan,
  runner: string,
): Promise<{ reported?: string | null }> {
  if (!migration || migration.tool === 'alembic') return {};
  const reported = await commandsOn(runner).readRevision.executeWithOptions(
    { summary: `Ask ${migration.tool} for production's revision` },
    [{ environment: environments.production, migration }],
  );
  return { reported };
}

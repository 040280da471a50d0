/** The team's own command deploys the release. */
import type { Environment } from '../../contract/plan/environment.js';
import type { StepDefinition } from '../../domain/steps.js';
import { commandsOn } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';

/**
 * @param again what comes before it is tried again: whoever wants that may have taken days
 * @returns when the command was first run, epoch milliseconds, or nothing where it was not: where no version is told, what
 *   was started since is the proof that the release runs
 */
export async function deployRelease(
  deployment: Deployment,
  { step, environment, again }: { step: StepDefinition; environment: Environment; again?: () => Promise<void> },
): Promise<number | undefined> {
  const { plan, evidence, runner } = deployment;
  let since: number | undefined;
  await deployment.step(step, async (key, summary) => {
    if (key.generation > 1) await again?.();
    since ??= Date.now();
    return commandsOn(runner).runCommand.executeWithOptions({ summary }, [
      { key, evidence, environment, command: plan.commands.deploy, values: { version: plan.release.target } },
    ]);
  });
  return since;
}

/** The team's own command deploys the release, which has to answer, and to log nothing critical. */
import type { Environment } from '../../contract/plan/environment.js';
import { logsOf } from '../../contract/plan/parts.js';
import { expectedCommit, releaseWords } from '../../contract/plan/proof-of-commit.js';
import type { StepDefinition } from '../../domain/steps.js';
import { longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';

interface Deploying {
  environment: Environment;
  deploy: StepDefinition;
  health: StepDefinition;
  logs: StepDefinition;
  /** What comes before the deploy is tried again: whoever wants that may have taken days. */
  again?: () => Promise<void>;
}

export async function deployRelease(deployment: Deployment, deploying: Deploying): Promise<void> {
  const { plan, evidence, commands, ledger } = deployment;
  const { environment, deploy, health, logs, again } = deploying;
  const { target } = plan.release;
  // When the command was first run: where no version is told, what was started since is the proof that the release runs.
  let since: number | undefined;
  await deployment.step(deploy, async (key, summary) => {
    if (key.generation > 1) await again?.();
    since ??= Date.now();
    const command = plan.commands.deploy;
    const values = releaseWords(command, target, ledger.commit);
    return commands.runCommand.executeWithOptions({ summary }, [{ key, evidence, environment, command, values }]);
  });
  await deployment.step(health, (key, summary) =>
    placed(deployment, longChecks).awaitHealth.executeWithOptions({ summary }, [
      {
        key,
        evidence,
        environment,
        path: plan.healthPath,
        version: target,
        ...expectedCommit(environment, ledger.commit),
        since,
        within: plan.healthWithin,
      },
    ]),
  );
  await deployment.step(logs, (key, summary) =>
    commands.checkLogs.executeWithOptions({ summary }, [{ key, evidence, environment, ...logsOf(plan) }]),
  );
}

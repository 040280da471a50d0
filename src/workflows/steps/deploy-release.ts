/** The team's own command deploys the release, which has to answer, and to log nothing critical. */
import type { StepKey } from '../../contract/activities/step.js';
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
  /** How its command begins, where something stands before it. */
  begin?: <T>(key: StepKey, run: () => Promise<T>) => Promise<T>;
}

export async function deployRelease(deployment: Deployment, deploying: Deploying): Promise<void> {
  const { plan, evidence, commands, ledger } = deployment;
  const { environment, deploy, health, logs, begin = (_, run) => run() } = deploying;
  const { target } = plan.release;
  // When the command was first run: where no version is told, what was started since is the proof that the release runs.
  let since: number | undefined;
  await deployment.step(deploy, async (key, summary) => {
    const command = plan.commands.deploy;
    return begin(key, () => {
      since ??= Date.now();
      const values = releaseWords(command, target, ledger.commit);
      return commands.runCommand.executeWithOptions({ summary }, [{ key, evidence, environment, command, values }]);
    });
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

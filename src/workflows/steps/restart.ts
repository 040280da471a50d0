/** Checklist 3.8: restart the service, and see by its health check and its log that it has started well. */
import { logsOf, needed } from '../../contract/plan/parts.js';
import type { Fact } from '../../domain/evidence.js';
import { STEPS } from '../../domain/steps.js';
import { briefReads, longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';

export async function restart(deployment: Deployment): Promise<void> {
  const { plan, evidence, commands } = deployment;
  if (!plan.production.restart) return;
  const environment = plan.environments.production;
  const logs = plan.commands.logs && { evidence, environment, ...logsOf(plan) };
  await deployment.step(STEPS.restart, async (key, summary) => {
    // What the log says before is what it must be told apart from afterwards.
    const before = { ...key, step: `${key.step}.before` };
    if (logs) {
      await commands.checkLogs.executeWithOptions({ summary: 'Read the log before the restart' }, [
        { ...logs, key: before },
      ]);
    }
    const startedBefore = await placed(deployment, briefReads).readStarts.executeWithOptions(
      { summary: 'Note when the instances started' },
      [{ environment, path: plan.healthPath }],
    );
    const ran = await commands.runCommand.executeWithOptions({ summary }, [
      { key, evidence, environment, command: needed(plan.commands.restartService), values: {} },
    ]);
    const health = await placed(deployment, longChecks).awaitHealth.executeWithOptions(
      { summary: 'Health check after the restart' },
      [
        {
          key,
          evidence,
          environment,
          path: plan.healthPath,
          version: plan.release.target,
          startedBefore,
          within: plan.healthWithin,
        },
      ],
    );
    const log =
      logs &&
      (await commands.checkLogs.executeWithOptions({ summary: 'Read the log after the restart' }, [
        { ...logs, key, since: before, started: plan.startedLogs },
      ]));
    const status: Fact = { name: 'status', ok: health.facts.every(({ ok }) => ok), text: health.summary };
    const seen = log ? [ran, health, log] : [ran, health];
    return {
      summary: seen.map((report) => report.summary).join('; '),
      facts: [...ran.facts, status, ...(log?.facts.filter(({ name }) => name === 'logs') ?? [])],
      evidence: seen.flatMap((report) => report.evidence),
    };
  });
}

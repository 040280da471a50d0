/** Checklist 3.2 and 3.7: users get a message in place of the application while production changes, where the plan says so. */
import type { StepReport } from '../../domain/evidence.js';
import { STEPS } from '../../domain/steps.js';
import { briefReads, longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { turnMaintenanceOff } from '../run/maintenance.js';
import { placed } from '../run/runner.js';

const VISIT = 'Visit the application as its users do';

/** @param look what is to be looked at again where its command has waited for its runner */
export async function maintenanceOn(deployment: Deployment, look: () => Promise<void>): Promise<void> {
  const { plan, evidence } = deployment;
  const environment = plan.environments.production;
  const command = plan.commands.maintenanceOn;
  if (!command) return;
  await deployment.step(STEPS.maintenanceOn, async (key, summary) => {
    const run = () =>
      deployment.commands.runCommand.executeWithOptions({ summary }, [
        { key, evidence, environment, command, values: {} },
      ]);
    const turnedOn = await deployment.begin(look, run, { maintenance: true });
    const drained = await placed(deployment, longChecks).awaitDrained.executeWithOptions(
      { summary: 'Wait for requests to finish' },
      [{ key, evidence, environment, path: plan.healthPath, drain: plan.production.maintenance.drain }],
    );
    const { message } = plan.production.maintenance;
    if (!message) return combined([turnedOn, drained]);
    const shown = await placed(deployment, briefReads).checkMaintenance.executeWithOptions({ summary: VISIT }, [
      { key, evidence, environment, message, on: true },
    ]);
    return combined([turnedOn, drained, shown]);
  });
}

export async function maintenanceOff(deployment: Deployment): Promise<void> {
  const { plan, evidence, ledger } = deployment;
  const { message } = plan.production.maintenance;
  await deployment.step(STEPS.maintenanceOff, async (key, summary) => {
    const turnedOff = await turnMaintenanceOff(deployment, key, summary);
    if (!message) return turnedOff;
    const gone = await placed(deployment, briefReads).checkMaintenance.executeWithOptions({ summary: VISIT }, [
      { key, evidence, environment: plan.environments.production, message, on: false },
    ]);
    return combined([turnedOff, gone]);
  });
  // Who has confirmed what nobody knew has seen that users are back: from here on they are watched over again.
  const record = ledger.steps.find(({ id }) => id === STEPS.maintenanceOff.id);
  if (record?.state === 'passed') ledger.production.maintenance = false;
}

const combined = (reports: StepReport[]): StepReport => ({
  summary: reports.map(({ summary }) => summary).join('; '),
  facts: reports.flatMap(({ facts }) => facts),
  evidence: reports.flatMap(({ evidence }) => evidence),
});

/** Checks of the team's own in a simulated world: what they ask holds unless the scenario says otherwise. */
import type { Activities } from '../../contract/activities/activities.js';
import type { OwnCheckActivities } from '../../contract/activities/own-checks.js';
import type { StepKey } from '../../contract/activities/step.js';
import { stepsByID } from '../../contract/runbook.js';
import { type Find, good, perform } from './performing.js';

export function simulateOwnChecks(find: Find): OwnCheckActivities & Pick<Activities, 'checkCommand'> {
  const established = (activity: string, key: StepKey) =>
    perform(find, { activity, key }, ({ world }) => good(stepsByID(world.plan).get(key.step)?.facts ?? []));
  return {
    checkRequest: ({ key }) => established('checkRequest', key),
    checkQuery: ({ key }) => established('checkQuery', key),
    readBefore: async ({ key }) => ({ ...(await established('readBefore', key)), before: { value: '0' } }),
    checkMetric: ({ key }) => established('checkMetric', key),
    checkCommand: ({ key }) =>
      perform(find, { activity: 'checkCommand', key }, ({ world }) => {
        const report = good(stepsByID(world.plan).get(key.step)?.facts ?? []);
        const { exitCode, output } = world.ruleFor(key) ?? {};
        if (exitCode === undefined) return report;
        const text = `ended with exit code ${exitCode}${output === undefined ? '' : `: ${output}`}`;
        return {
          ...report,
          facts: report.facts.map((fact) => (fact.name === 'ran' ? { ...fact, ok: false, text } : fact)),
        };
      }),
  };
}

/** Every step leaves proof: what an activity reports of a step is kept in the evidence store, whatever else it keeps. */
import { activityInfo } from '@temporalio/activity';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import type { EvidencePlace, StepKey } from '../../contract/activities/step.js';
import type { StepReport } from '../../domain/evidence.js';
import { evidencePath } from '../commands/recorded-commands.js';

/** Stores a step's report and adds the reference to it. One place for all, so that no step can forget it. */
export const archiveReports = () => ({
  inbound: {
    async execute<I extends { args: unknown[] }>(input: I, next: (input: I) => Promise<unknown>): Promise<unknown> {
      const result = await next(input);
      const asked = input.args[0] as { key?: StepKey; evidence?: EvidencePlace } | undefined;
      if (!asked?.key || !asked.evidence || !isReport(result)) return result;
      const { facts, summary } = result;
      const activity = activityInfo().activityType;
      const reference = await storeEvidence(asked.evidence, {
        title: `Report of ${activity}`,
        path: evidencePath(asked.key, `${activity}.json`),
        content: `${JSON.stringify({ at: new Date().toISOString(), ...asked.key, activity, summary, facts }, undefined, 2)}\n`,
      });
      return { ...result, evidence: [...result.evidence, reference] };
    },
  },
});

function isReport(result: unknown): result is StepReport {
  const report = result as Partial<StepReport> | null | undefined;
  return Array.isArray(report?.facts) && Array.isArray(report.evidence);
}

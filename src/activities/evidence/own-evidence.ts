/**
 * One evidence place for a deployment, whichever workers carry it on: each looks whether its own is the one of the
 * admission. Half of the proof must not lie where nobody looks for it.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { readEvidenceIdentity } from '../../adapters/evidence/evidence-identity.js';
import type { EvidencePlace, StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import { messageOf } from '../../domain/message.js';

/** The way forward. A way back and a watch are worth more than the place of their proof: they go on, and say so. */
const WORKFLOWS = ['DeployWorkflow', 'ReversibilityWorkflow'];
const isForward = (workflow: string, { step }: StepKey): boolean =>
  WORKFLOWS.includes(workflow) && !/^(rollback|stop)[.-]/.test(step);

/** Before an activity that keeps evidence begins. What an earlier attempt may have begun goes on, and says so. */
export const keepToOwnEvidence = () => ({
  inbound: {
    async execute<I extends { args: unknown[] }>(input: I, next: (input: I) => Promise<unknown>): Promise<unknown> {
      const asked = input.args[0] as { key?: StepKey; evidence?: EvidencePlace } | undefined;
      const elsewhere = asked?.evidence && (await whyElsewhere(asked.evidence));
      if (elsewhere === undefined) return next(input);
      const { info, log } = Context.current();
      const isBegun = info.attempt > 1;
      if (asked?.key && !isBegun && isForward(info.workflowType ?? '', asked.key)) throw refused(elsewhere);
      log.warn(elsewhere);
      return noticed(await next(input), elsewhere);
    },
  },
});

async function whyElsewhere({ store, identity }: EvidencePlace): Promise<string | undefined> {
  // Deployments that were admitted before there were identities have one place, or nobody knows.
  if (identity === undefined) return undefined;
  const found = await readEvidenceIdentity(store).catch(
    (error: unknown) => `one that cannot be told: ${messageOf(error)}`,
  );
  if (found === identity) return undefined;
  return (
    `the evidence folder ${store} of this worker is ${found === undefined ? 'nobody’s' : found}, and the deployment’s is ` +
    `${identity}: mount the same folder for every worker, or bring it back`
  );
}

const refused = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ type: FailureType.RunnerFailed, message: `Not begun: ${message}`, nonRetryable: true });

function noticed(result: unknown, elsewhere: string): unknown {
  const { summary, untold } = (result ?? {}) as { summary?: unknown; untold?: unknown };
  if (typeof summary === 'string') return { ...(result as object), summary: `${summary} (${elsewhere})` };
  return Array.isArray(untold) ? { ...(result as object), untold: [...untold, elsewhere] } : result;
}

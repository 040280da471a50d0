/** Of which deployments a watchdog with a policy tells nobody: it sends secrets where a start says, and anybody may have sent that. */
import type { DeployInput } from '../contract/deployment.js';
import { begunBy } from '../contract/envelope.js';
import { digestOf } from '../plan/core/digest.js';
import { judgeBegun } from '../policy/judge-act.js';
import type { Policy } from '../policy/policy.js';

/** Secrets go where a start’s channels say: to those of a plan that may be started, and was. */
export async function whyUnheard(policy: Policy, input: unknown): Promise<string | undefined> {
  const { deployment, plan } = input as DeployInput;
  const subject = { deployment, service: plan.service, digest: digestOf(plan) };
  const reason = await judgeBegun(policy, subject, begunBy(input as DeployInput), Date.now());
  return reason && `the channels that its start names are told nothing, as this watchdog’s policy has it: ${reason}`;
}

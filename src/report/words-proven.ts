/** Whether the decisions of a deployment were signed as a policy asks: by the envelopes in its history, and nothing else. */
import { begunBy, saidBy } from '../contract/envelope.js';
import { judgeStart, judgeWord } from '../policy/judge-act.js';
import type { Policy } from '../policy/policy.js';
import type { ReportDifference } from './content/compare.js';
import type { Gathered } from './history/gather.js';

/** Each as of the time at which it was said. @returns those that do not count */
export async function unprovenWords(policy: Policy, { input, ledger }: Gathered): Promise<ReportDifference[]> {
  const { deployment, digest, plan } = input;
  const subject = { deployment, service: plan.service, digest };
  const said = [
    { where: 'start', problem: await judgeStart(policy, subject, begunBy(input), ledger.startedAt) },
    ...(await Promise.all(
      ledger.decisions
        .filter(({ accepted }) => accepted)
        .map(async (decision) => ({
          where: `decisions: ${decision.kind}`,
          problem: await judgeWord(policy, subject, saidBy(decision), decision.at),
        })),
    )),
  ];
  return said.flatMap(({ where, problem }) =>
    problem === undefined ? [] : [{ kind: 'unproven' as const, where, text: problem }],
  );
}

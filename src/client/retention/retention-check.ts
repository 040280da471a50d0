/** How long Temporal keeps what has ended: what it no longer has can only be told from its archive. */
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { timelineOf } from '../../contract/timeline.js';
import type { CheckResult } from '../../doctor/checks/check.js';
import type { Connected } from '../../temporal/connection.js';
import { innermost } from '../../temporal/errors.js';

const DAY = 86_400_000;
/** For questions that come up after the deployment: a review, an audit, the next release. */
const AFTERWARDS = 30 * DAY;

/** Asks the server; the namespace of the deployment is the caller's. */
export async function retentionCheck(
  { connection, namespace }: Pick<Connected, 'connection' | 'namespace'>,
  plan: ResolvedPlan,
): Promise<CheckResult> {
  const length = Math.max(0, ...[...timelineOf(plan).values()].map(({ after }) => after));
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    const kept = optionalTsToMs(config?.workflowExecutionRetentionTtl);
    return judgeRetention(kept ? { kept } : { unknown: 'the server does not say it' }, { length, namespace });
  } catch (error) {
    return judgeRetention({ unknown: innermost(error) }, { length, namespace });
  }
}

/**
 * Worth knowing and no failure: the deployment's archive tells the same.
 * @param found milliseconds for which the namespace keeps what has ended
 * @param needs.length of a deployment, milliseconds
 */
export function judgeRetention(
  found: { kept: number } | { unknown: string },
  { length, namespace }: { length: number; namespace: string },
): CheckResult {
  const name = 'retention';
  const days = Math.ceil((length + AFTERWARDS) / DAY);
  const wanted = `${days} d: as long as the plan takes, and 30 d`;
  const advice = `temporal operator namespace update --namespace ${namespace} --retention ${days * 24}h`;
  if ('unknown' in found) {
    const text = `how long namespace ${namespace} keeps what has ended is unknown (${found.unknown}); it should be ${wanted}`;
    return { name, ok: true, note: true, text, advice };
  }
  const text = `namespace ${namespace} keeps what has ended for ${Math.floor(found.kept / DAY)} d`;
  if (found.kept >= length + AFTERWARDS) return { name, ok: true, text };
  const then = 'it is told from its archive afterwards';
  return { name, ok: true, note: true, text: `${text}, and should for ${wanted}; ${then}`, advice };
}

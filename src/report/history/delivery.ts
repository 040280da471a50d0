/** The four metrics of DORA of what has been deployed in a period, and what is not in them. */
import { type DoraMetrics, doraByService, doraOf, type Period } from '../../domain/deployments/dora.js';
import { selectDeployments } from '../../domain/deployments/listed.js';
import type { Connected } from '../../temporal/connection.js';
import { innermost } from '../../temporal/errors.js';
import { retentionOf } from '../../temporal/retention.js';
import { type ClosingWord, closingWord, deploymentsToCount } from './counted.js';
import { type KnownDeployment, type KnownDeployments, knownDeployments } from './known-deployments.js';

export interface DeliveryFigures {
  services: Map<string, DoraMetrics>;
  all: DoraMetrics;
  /** What is not counted, and why; in sentences. */
  notes: string[];
}

/**
 * @param asked.committed when a commit was made, where that can be known
 * @param asked.known all that there is word of, and `asked.atEnd` what one that has ended said then, for those who keep that
 */
export async function deliveryFigures(
  connected: Connected,
  asked: {
    evidence: string;
    service?: string;
    period: Period;
    committed: (commit: string) => Promise<number | undefined>;
    atEnd?: (each: KnownDeployment) => Promise<ClosingWord>;
    known?: () => Promise<KnownDeployments>;
  },
): Promise<DeliveryFigures> {
  const { evidence, service, period, committed, atEnd = (each) => closingWord(connected, each) } = asked;
  const known = await (asked.known?.() ?? knownDeployments(connected, evidence));
  const wanted = selectDeployments(known.deployments, { service, since: period.from });
  const real = wanted.filter(({ inVirtualTime, memoUnread }) => !inVirtualTime && !memoUnread);
  const ended = real.filter(({ outcome }) => outcome !== 'running');
  const counted = await deploymentsToCount(ended, { atEnd, committed });
  const virtual = wanted.filter(({ inVirtualTime }) => inVirtualTime).length;
  const unread = wanted.filter(({ memoUnread }) => memoUnread).length;
  const going = real.length - ended.length;
  return {
    services: doraByService(counted, period),
    all: doraOf(counted, period),
    notes: [
      ...known.unknown,
      ...counted.notes,
      ...(virtual > 0 ? [`${virtual} in virtual time are not counted: nothing was deployed anywhere`] : []),
      ...(unread > 0 ? [`${unread} are not counted: whether they ran in virtual time is not known`] : []),
      ...(going > 0 ? [`${going} that still run are counted when they have ended`] : []),
      ...(await beyondRetention(connected, period)),
    ],
  };
}

/** What has ended before Temporal forgets is only known where it was archived. */
async function beyondRetention(connected: Connected, { from, to }: Period): Promise<string[]> {
  const then = 'what has ended before is counted as far as the evidence folder has its archive';
  try {
    const kept = await retentionOf(connected);
    if (kept === undefined) return [`how long Temporal keeps what has ended is not known: ${then}`];
    return kept >= to - from ? [] : [`Temporal keeps what has ended for ${Math.floor(kept / 86_400_000)} d: ${then}`];
  } catch (error) {
    return [`how long Temporal keeps what has ended is not known (${innermost(error)}): ${then}`];
  }
}

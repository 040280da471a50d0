/** Past deployments as figures count them, each by its closing ledger. */

import { type CountedDeployment, countedFrom, type DeploymentsToCount } from '../../domain/deployments/dora.js';
import { inert } from '../../domain/inert.js';
import type { Connected } from '../../temporal/connection.js';
import { innermost } from '../../temporal/errors.js';
import type { KnownDeployment } from './known-deployments.js';
import { ledgerOfEnded } from './ledgers.js';

export interface ToCount extends DeploymentsToCount {
  /** Which of them are not counted, or not in every figure, and why; in sentences. */
  notes: string[];
}

/** Asked of the server at once. */
const AT_ONCE = 8;

/**
 * @param ended deployments that have ended, in real time
 * @param committed when a commit was made, where that can be known
 */
export async function deploymentsToCount(
  connected: Connected,
  ended: readonly KnownDeployment[],
  committed: (commit: string) => Promise<number | undefined>,
): Promise<ToCount> {
  const known: CountedDeployment[] = [];
  const unknown: DeploymentsToCount['unknown'][number][] = [];
  const notes: string[] = [];
  const left = [...ended];
  const work = async () => {
    for (let each = left.shift(); each; each = left.shift()) {
      const { service = 'unknown', endedAt = each.startedAt, deployment = each.runId } = each;
      const leaveOut = (why: string) => {
        unknown.push({ service, at: endedAt });
        notes.push(`${deployment} is not counted: ${why}`);
      };
      try {
        const ledger = await ledgerOfEnded(connected, each);
        const counted = countedFrom(ledger);
        if (counted === undefined) leaveOut('it has changed production, and what became of that it does not say');
        if (!counted) continue;
        const own = { ...counted, service: inert(counted.service) };
        const committedAt = ledger.commit === undefined ? undefined : await committed(ledger.commit);
        known.push(committedAt === undefined ? own : { ...own, committedAt });
      } catch (error) {
        leaveOut(innermost(error));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { known, unknown, notes: notes.sort() };
}

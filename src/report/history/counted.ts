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

/** What figures need of one that has ended. */
export interface ClosingWord {
  /** As {@link countedFrom} has it. */
  counted: CountedDeployment | null | undefined;
  commit?: string;
}

/** Asked of the server at once. */
const AT_ONCE = 8;

/**
 * @param ended deployments that have ended, in real time
 * @param asked.atEnd what one of them has said at its end
 * @param asked.committed when a commit was made, where that can be known
 */
export async function deploymentsToCount(
  ended: readonly KnownDeployment[],
  asked: {
    atEnd: (each: KnownDeployment) => Promise<ClosingWord>;
    committed: (commit: string) => Promise<number | undefined>;
  },
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
        const { counted, commit } = await asked.atEnd(each);
        if (counted === undefined) leaveOut('it has changed production, and what became of that it does not say');
        if (!counted) continue;
        const committedAt = commit === undefined ? undefined : await asked.committed(commit);
        known.push(committedAt === undefined ? counted : { ...counted, committedAt });
      } catch (error) {
        leaveOut(innermost(error));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { known, unknown, notes: notes.sort() };
}

/** @throws where it cannot be known */
export async function closingWord(connected: Connected, each: KnownDeployment): Promise<ClosingWord> {
  const ledger = await ledgerOfEnded(connected, each);
  const counted = countedFrom(ledger);
  return { counted: counted && { ...counted, service: inert(counted.service) }, commit: ledger.commit };
}

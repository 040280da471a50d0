/** What time it is in a deployment: of one in virtual time the reader's clock says nothing. Pure. */
import type { Ledger } from '../domain/ledger/ledger.js';
import { latestMoment } from '../report/html/timeline.js';
import type { PageAsking } from './pages/frame.js';

/** A page's moment where it is of a deployment in virtual time: the latest one that the deployment tells of. */
export function momentIn(ledger: Ledger, inVirtualTime: boolean | undefined, asking: PageAsking): PageAsking {
  if (!inVirtualTime) return asking;
  const rollbacks = [...ledger.earlierRollbacks, ...(ledger.rollback ? [ledger.rollback] : [])];
  const steps = [...ledger.steps, ...rollbacks.flatMap((rollback) => rollback.steps)];
  return { ...asking, now: latestMoment({ ...ledger, steps, rollbacks: [] }), standsStill: true };
}

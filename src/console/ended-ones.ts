/** Deployments that have ended: what they said at their end is read once, for as long as the console runs. */
import { type ClosingWord, closingWord } from '../report/history/counted.js';
import {
  type KnownDeployment,
  type KnownDeployments,
  knownDeployments,
  type ToldByArchive,
  toldByArchive,
} from '../report/history/known-deployments.js';
import type { Connected } from '../temporal/connection.js';

export interface EndedOnes {
  /** All that there is word of, running ones too. */
  known(): Promise<KnownDeployments>;
  atEnd(each: KnownDeployment): Promise<ClosingWord>;
}

export function endedOnes(connected: Connected, evidence: string): EndedOnes {
  const words = new Map<string, ClosingWord>();
  const told = new Map<string, ToldByArchive>();
  const atEnd = async (each: KnownDeployment): Promise<ClosingWord> => {
    const word = words.get(each.runId) ?? (await closingWord(connected, each));
    // One that was ended from outside may have a rollback that goes on.
    if (each.outcome !== 'ended-from-outside') words.set(each.runId, word);
    return word;
  };
  return {
    atEnd,
    known: () =>
      knownDeployments(connected, evidence, async (archived) => {
        const { runId, ledger } = archived.index;
        const key = `${runId} ${ledger.sha256}`;
        const before = told.get(key);
        if (before) return before;
        const { deployment, unknown } = await toldByArchive(connected, archived);
        if (!deployment.ledger) return { deployment, unknown };
        // Ledgers are large, and figures need a few numbers of each.
        await atEnd(deployment);
        const { ledger: _, ...known } = deployment;
        told.set(key, { deployment: known, unknown });
        return { deployment: known, unknown };
      }),
  };
}

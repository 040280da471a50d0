/** What a rollback is chosen by: what is asked for, what there is to undo, and what of it is not certain. Pure. */
import type { Ledger, RollbackTrigger } from '../ledger/ledger.js';
import type { RollbackOption } from '../watch/criteria.js';
import { type RollbackFacts, writtenSince } from './choice.js';
import { destinationOf } from './destination.js';

type LedgerPart = Pick<Ledger, 'production' | 'eligibility' | 'release'>;

/** What the ledger does not say. */
export interface RollbackSituation {
  trigger: RollbackTrigger;
  /** What the plan says of rollbacks. */
  policy: { pin?: RollbackOption; onStepFailure: RollbackOption };
  /** The release before, as the plan has it. */
  previous: string;
  /** The database is at another revision than before the deploy (or may be). */
  migrated: boolean;
  /** What a downgrade would drop, by name: right after the migration, and now; nothing when it could not be counted. */
  stored: { before?: Record<string, number>; now?: Record<string, number> };
}

export function rollbackFacts(ledger: LedgerPart, situation: RollbackSituation): RollbackFacts {
  const { migrated, stored } = situation;
  return {
    ...wishOf(situation),
    codeDeployed: ledger.production.codeDeployed,
    migrated,
    eligibility: ledger.eligibility,
    written: stored.now
      ? writtenSince(stored.before ?? {}, stored.now)
      : ['the database could not be asked what is in it'],
    doubts: doubtsOf(ledger, situation),
  };
}

/** The release that ran before the deploy; undefined when that is not known. */
export const releaseBefore = ({
  production: { found },
  release,
}: Pick<Ledger, 'production' | 'release'>): string | undefined =>
  found?.version === release.target ? undefined : found?.version;

function wishOf({ trigger, policy }: RollbackSituation): Pick<RollbackFacts, 'wanted' | 'because' | 'insisted'> {
  const { pin, onStepFailure } = policy;
  const option = trigger.kind === 'step' || trigger.option === 'restore' ? undefined : trigger.option;
  if (trigger.kind === 'person' && option) {
    return { wanted: option, because: `${trigger.who} asked for ${option}`, insisted: true };
  }
  if (pin) return { wanted: pin, because: `the plan pins ${pin}`, insisted: true };
  const planned = trigger.kind === 'person' ? trigger.planned : option;
  if (planned) return { wanted: planned, because: `the plan says ${planned} for this criterion` };
  return { wanted: onStepFailure, because: `the plan's policy is ${onStepFailure}` };
}

/** What a person has asked for by name is not doubted, but for the revision: that has to be named as well. */
function doubtsOf(ledger: LedgerPart, { trigger, previous }: RollbackSituation): RollbackFacts['doubts'] {
  const destination = destinationOf(ledger, trigger.kind === 'person' ? trigger.revision : undefined);
  const ran = releaseBefore(ledger);
  const isNamed = trigger.kind === 'person' && trigger.option !== undefined;
  const isOther = ran !== undefined && ran !== previous;
  return {
    downgrade: 'doubts' in destination ? destination.doubts : [],
    release: ran === undefined && !isNamed ? [`which release ran before is not known; the plan says ${previous}`] : [],
    schema: isOther && !isNamed ? [`production ran ${ran}, and staging has tried ${previous} on the new schema`] : [],
  };
}

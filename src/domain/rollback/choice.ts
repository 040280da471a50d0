/** Which rollback undoes what went wrong: one pure choice, with its reasons (checklist, "Rollback Plan"). */
import type { Eligibility } from '../ledger/ledger.js';
import type { RollbackOption } from '../watch/criteria.js';

export interface RollbackFacts {
  /** What the person, the broken criterion or the plan's policy asks for, and who says so. */
  wanted: RollbackOption;
  because: string;
  /** A person asked for exactly this, or the plan pins it: it is done even where another option would be safer. */
  insisted?: boolean;
  /** The new code has been deployed (or may have been). */
  codeDeployed: boolean;
  /** The database is at another revision than before the deploy (or may be). */
  migrated: boolean;
  /** What staging has proven; nothing when it was not tried there. */
  eligibility?: Eligibility;
  /**
   * Why it is not certain to which revision a downgrade goes, which release ran before, and whether that one, rather than
   * the plan's, works on the new schema.
   */
  doubts: { downgrade: string[]; release: string[]; schema: string[] };
  /** What was written since to objects that a downgrade would drop, in words; empty when nothing was. */
  written: string[];
}

/** The option, or none when none is safe and people have to say. */
export interface RollbackChoice {
  option?: RollbackOption;
  reasons: string[];
}

/**
 * Picks the option that is wanted, narrowed to what there is to undo and to what is safe: a downgrade that staging has
 * not proven, or that would drop what has been written since, gives way to the old code on the new schema where that is
 * proven. Where nothing is, or it is not certain what to go back to, people are asked rather than the next best thing
 * done.
 */
export function chooseRollback(facts: RollbackFacts): RollbackChoice {
  const { option, reasons } = chooseSafe(facts);
  if (option === undefined) return { reasons };
  const doubts = [
    ...(option === 'code' ? [] : facts.doubts.downgrade),
    ...(option === 'migration' ? [] : facts.doubts.release),
    ...(option === 'code' && facts.migrated ? facts.doubts.schema : []),
  ];
  return doubts.length === 0 ? { option, reasons } : { reasons: [...reasons, ...doubts, 'people have to say'] };
}

function chooseSafe(facts: RollbackFacts): RollbackChoice {
  const reasons = [facts.because];
  const there = whatThereIs(facts, reasons);
  if (there === 'code') return withOldCode(facts, reasons);
  const wanted = withNewCode(there, facts, reasons);
  const dangers = dangersOfDowngrade(facts);
  if (dangers.length === 0) return { option: wanted, reasons };
  if (facts.insisted) return { option: wanted, reasons: [...reasons, ...dangers, 'it was asked for nevertheless'] };
  reasons.push(...dangers);
  if (!facts.codeDeployed)
    return { reasons: [...reasons, 'there is no code to take back instead: people have to say'] };
  if (facts.eligibility?.code !== true) {
    return { reasons: [...reasons, 'the previous code has not been proven on the new schema: people have to say'] };
  }
  reasons.push('the previous code has been proven on the new schema: only the code goes back');
  return { option: 'code', reasons };
}

function whatThereIs({ wanted, codeDeployed, migrated }: RollbackFacts, reasons: string[]): RollbackOption {
  if (wanted !== 'code' && !migrated) {
    const again = codeDeployed
      ? ''
      : ', and the new code was never deployed: the release before is deployed over itself, and seen to work';
    reasons.push(`the database is still at the revision from before the deploy: there is no migration to undo${again}`);
    return 'code';
  }
  if (wanted !== 'migration' && !codeDeployed && migrated) {
    reasons.push('the new code was never deployed: only the migration is undone');
    return 'migration';
  }
  return wanted;
}

/** The old code alone runs on the new schema: that too is only done where it has been seen to work. */
function withOldCode(facts: RollbackFacts, reasons: string[]): RollbackChoice {
  const { insisted, migrated, eligibility } = facts;
  if (!migrated || insisted || eligibility === undefined || eligibility.code) return { option: 'code', reasons };
  reasons.push('staging has shown that the previous code does not work on the new schema');
  const dangers = dangersOfDowngrade(facts);
  if (dangers.length > 0) return { reasons: [...reasons, ...dangers, 'people have to say'] };
  return { option: 'full', reasons: [...reasons, 'code and migration go back together'] };
}

/** Where only the migration goes back, the new code stays on the old schema. */
function withNewCode(wanted: RollbackOption, facts: RollbackFacts, reasons: string[]): RollbackOption {
  const { insisted, codeDeployed, eligibility } = facts;
  if (wanted !== 'migration' || insisted || !codeDeployed || eligibility?.newCode !== false) return wanted;
  reasons.push('staging has shown that the new code does not work on the old schema: both go back together');
  return 'full';
}

function dangersOfDowngrade({ eligibility, written }: RollbackFacts): string[] {
  const dangers: string[] = [];
  if (eligibility && !eligibility.migration) {
    dangers.push(
      `staging has shown that the migration cannot be undone (${eligibility.reasons.join('; ') || 'no reason given'})`,
    );
  }
  if (written.length > 0)
    dangers.push(`a downgrade would drop what was written since the deploy: ${written.join('; ')}`);
  return dangers;
}

/** What there is more of than right after the migration, in words. */
export const writtenSince = (before: Record<string, number>, now: Record<string, number>): string[] =>
  Object.entries(now).flatMap(([name, count]) => {
    const more = count - (before[name] ?? 0);
    return more > 0 ? [`${more} entries in ${name}`] : [];
  });

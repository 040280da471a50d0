/** What goes back first in a full rollback, the code or the migration: users are on a mixture until both are back. Pure. */

/** What staging has shown of the two mixtures that a release and a migration can be in. */
export interface MixturesSeen {
  /** The plan migrates before it deploys: its way back is that way backwards. */
  migratesFirst: boolean;
  /** The new code has answered on the old schema; undefined: nobody has tried. */
  newCode?: boolean;
  /** The previous code has answered on the new schema. */
  previousCode: boolean;
  /** The migration was undone while the previous code was deployed; undefined: nobody has tried. */
  undoneFromPrevious?: boolean;
}

export interface FullRollback {
  first: 'migration' | 'code';
  /** Staging has shown that users can be served meanwhile. */
  proven: boolean;
  /** In words, for people. */
  reason: string;
}

const REASONS = {
  migration: 'the migration goes back first: the new code has answered on the old schema',
  code: 'the code goes back first: the previous code has answered on the new schema, and the migration was undone from there',
};

/**
 * The way that the release came, backwards, where staging has shown that users can be served in the middle of it; else the
 * other way, where that was shown. Where neither was, the migration goes first: its scripts are the new code's.
 */
export function orderOf({ migratesFirst, newCode, previousCode, undoneFromPrevious }: MixturesSeen): FullRollback {
  const shown = { migration: newCode === true, code: previousCode && undoneFromPrevious === true };
  const backwards = migratesFirst ? (['code', 'migration'] as const) : (['migration', 'code'] as const);
  const first = backwards.find((way) => shown[way]);
  if (first) return { first, proven: true, reason: REASONS[first] };
  return { ...UNPROVEN, reason: `${UNPROVEN.reason} (${missing({ newCode, previousCode, undoneFromPrevious })})` };
}

/** Where nothing was tried. */
export const UNPROVEN: FullRollback = {
  first: 'migration',
  proven: false,
  reason: 'the migration goes back first, and staging has not shown that the new code answers on the old schema',
};

function missing({ newCode, previousCode, undoneFromPrevious }: Omit<MixturesSeen, 'migratesFirst'>): string {
  const newOne = `the new code ${newCode === undefined ? 'was not tried there' : 'failed there'}`;
  if (!previousCode) return `${newOne}, and the previous code is not proven on the new schema`;
  const undone = undoneFromPrevious === undefined ? 'was not tried' : 'failed';
  return `${newOne}, and undoing the migration with the previous code deployed ${undone}`;
}

/** Whether it is worth trying to undo the migration once the previous code is deployed: where the code may go back first. */
export const mayGoCodeFirst = ({ migratesFirst, newCode, previousCode }: MixturesSeen): boolean =>
  previousCode && (migratesFirst || newCode !== true);

/** @param isTriedOne the release that production goes back to is the one that staging has tried on the new schema */
export function orderFor(full: FullRollback | undefined, isTriedOne: boolean): FullRollback {
  if (full?.first !== 'code' || isTriedOne) return full ?? UNPROVEN;
  return { ...UNPROVEN, reason: `${UNPROVEN.reason}; on the new schema it has tried another release than ran` };
}

/** Where a downgrade of production goes: to the one revision on which all agree who saw it, or to one that a person names. */
import type { Ledger } from '../ledger/ledger.js';

/** "No revision", as people and tools name it: what a database is at before its first migration. */
export const NO_REVISION = 'base';

/** A revision (null: none), or why it is not certain. */
export type Destination = { to: string | null } | { doubts: string[] };

/**
 * Three have seen it: whoever looked before the deploy, staging's proof of the way back, and the migration of production
 * itself. No revision at all undoes every migration there is, so all three are not enough for that.
 * @param named by a person: one of those seen, or any where nothing was seen
 */
export function destinationOf({ production, eligibility }: Seen, named?: string): Destination {
  const witnesses = [
    { said: 'production was found at', revision: production.found?.revision },
    { said: 'the proof on staging went back to', revision: eligibility?.wentBackTo },
    { said: 'the migration of production started from', revision: production.migratedFrom },
  ];
  const known = witnesses.flatMap(({ revision }) => (revision === undefined ? [] : [revision]));
  const account = witnesses
    .map(
      ({ said, revision }) => `${said} ${revision === undefined ? 'an unknown revision' : (revision ?? NO_REVISION)}`,
    )
    .join(', ');
  if (named !== undefined) {
    const to = named === NO_REVISION ? null : named;
    if (known.length === 0 || known.includes(to)) return { to };
    return { doubts: [`${named} is none of the revisions that were seen: ${account}`] };
  }
  const [to] = known;
  if (to === undefined || known.length < witnesses.length || new Set(known).size > 1) {
    return { doubts: [`it is not certain which revision to go back to: ${account}`] };
  }
  if (to === null) {
    return { doubts: [`it would undo every migration there is, for ${account}: a person has to name ${NO_REVISION}`] };
  }
  return { to };
}

type Seen = Pick<Ledger, 'production' | 'eligibility'>;

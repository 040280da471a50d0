/** What users are on between the deploy and the migration, in words for people: before anything is known of it, and after. Pure. */
import type { Eligibility, Ledger } from '../ledger/ledger.js';

/** What of it the plan says. */
export interface BetweenBoth {
  migratesFirst: boolean;
  /** Users are kept out meanwhile. */
  maintenance: boolean;
  /** There is a staging on which it is tried. */
  tried: boolean;
  release: Ledger['release'];
}

/** In one sentence: whoever starts such a deployment should know. */
export function betweenBoth(plan: BetweenBoth): string {
  if (plan.maintenance) return 'users get maintenance mode until both the code and the schema are new';
  return `${mixtureOf(plan)}; ${plan.tried ? 'staging looks first whether that works' : 'nobody has looked whether that works'}`;
}

/** The same with what staging has shown, and what the other order would be like where this one is not good. */
export function betweenProven(plan: BetweenBoth, proven: Eligibility | undefined): string[] {
  const shown = worksIn(plan, proven);
  const other = { ...plan, migratesFirst: !plan.migratesFirst };
  const isBetter = !plan.maintenance && !shown && worksIn(other, proven);
  const advice = `with \`migration.when: ${other.migratesFirst ? 'before-deploy' : 'after-deploy'}\`, ${mixtureOf(other)}, which has worked there`;
  return [
    plan.maintenance ? betweenBoth(plan) : `${mixtureOf(plan)}: staging has ${shown ? '' : 'not '}shown that it works`,
    ...(isBetter ? [advice] : []),
    ...(proven?.full ? [`in a full rollback ${proven.full.reason}`] : []),
  ];
}

const worksIn = ({ migratesFirst }: BetweenBoth, proven: Eligibility | undefined): boolean =>
  (migratesFirst ? proven?.code : proven?.newCode) === true;

const mixtureOf = ({ migratesFirst, release }: BetweenBoth): string =>
  migratesFirst
    ? `between migration and deploy users are on ${release.previous} and the new schema`
    : `between deploy and migration users are on ${release.target} and the old schema`;

/** What is left out of a plan and makes its deployments weaker: said once, and acknowledged with a reason. */
import type { z } from 'zod';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { isCommitProven, UNPROVEN_COMMIT } from '../contract/plan/proof-of-commit.js';
import { proofOfRelease } from '../contract/plan/proof-of-release.js';
import { secondPlacesOf } from '../contract/second-places.js';
import { strict, text } from './core/basics.js';
import type { Path } from './core/problems.js';
import type { MachineMaps, Resolution as ResolutionOf } from './core/resolution.js';

interface Weakness {
  /** What is not there. */
  part: Path;
  /** Undefined: it depends on what only the repository knows, or only a start says. */
  isThere(plan: ResolvedPlan): boolean | undefined;
  message: string;
}

const WEAKNESSES = {
  'no-staging': {
    part: ['environments', 'staging'],
    isThere: ({ environments }) => environments.staging !== undefined,
    message:
      'Nothing is tried before production: no way back is proven, and a release that does not start is met there',
  },
  'no-backup': {
    part: ['backup'],
    isThere: ({ migration, backup }) => migration === undefined || backup !== undefined,
    message: 'The migration is run without a backup: where its rollback fails, there is nothing to restore',
  },
  'no-sign-off': {
    part: ['approvals', 'roles'],
    isThere: ({ approvals }) => approvals.roles.length > 0,
    message: 'Nobody signs off: whoever starts a deployment takes it to production alone',
  },
  'no-proof-of-release': {
    part: ['health', 'version'],
    isThere: ({ environments }) => proofOfRelease(environments.production.health) !== undefined,
    message:
      'Nothing but the end of the deploy command says that the new release runs: what still runs the old one passes for it',
  },
  [UNPROVEN_COMMIT]: {
    part: ['release', 'target'],
    isThere: isCommitProven,
    message:
      'It is the name of a branch: what is deployed may be a later commit than the one that staging has proven and people ' +
      'have signed (name `release.repository`, and say where the commit is told that runs, `health.commit`, or hand ' +
      '`{commit}` to `commands.deploy`)',
  },
  'no-watch': {
    part: ['watches'],
    isThere: ({ watches }) => watches.length > 0,
    message:
      'Production is not watched: what breaks after the last check is found by users, and nothing is rolled back',
  },
  'no-second-place': {
    part: ['environments', 'production'],
    isThere: (plan) => plan.watches.length === 0 || secondPlacesOf(plan, 'production').length > 0,
    message:
      'Nothing but production itself can be listened to: where the worker’s own network fails, production seems silent, ' +
      'and is rolled back (a staging, a database, a server by ssh or another source of metrics would tell the two apart)',
  },
} as const satisfies Record<string, Weakness>;

type WeaknessName = keyof typeof WEAKNESSES;
const NAMES = Object.keys(WEAKNESSES) as WeaknessName[];

const reason = text().optional();

export const acknowledge = strict(
  Object.fromEntries(
    NAMES.map((name) => [name, reason.describe(`Why that is good enough. ${WEAKNESSES[name].message}`)]),
  ) as Record<WeaknessName, z.ZodOptional<z.ZodString>>,
);

type Resolution = ResolutionOf<MachineMaps & { acknowledge?: z.output<typeof acknowledge> }>;

/** Advises of what is weak and not acknowledged, and warns of what is acknowledged and not weak. */
export function advise(resolution: Resolution, plan: ResolvedPlan): void {
  const { acknowledge: acknowledged = {} } = resolution.sections;
  for (const name of NAMES) {
    const { part, isThere, message } = WEAKNESSES[name];
    const found = isThere(plan);
    const isKnown = acknowledged[name] !== undefined;
    if (found === false && !isKnown)
      resolution.advise(part, `${message}. If that is good enough, say why: \`acknowledge.${name}\``);
    if (found === true && isKnown)
      resolution.warn(['acknowledge', name], { message: 'There is no such weakness', key: true });
  }
}

/** The keys of identity providers that a runner has kept beside its acts: by them ID tokens are read when those are gone. */
import { z } from 'zod';
import type { EvidenceReference } from '../domain/evidence.js';
import type { Policy } from '../policy/policy.js';
import { type EvidenceFolder, readEvidence } from './content/evidence.js';

const authorityShape = z.object({ by: z.array(z.object({ verifiedBy: z.unknown().optional() })) });

/**
 * The policy with what a deployment's evidence says of providers whose keys it does not pin.
 * @param references as the history has them: what has been changed since is not used
 */
export function withKeptKeys(
  policy: Policy,
  { place, references }: { place: EvidenceFolder; references: readonly EvidenceReference[] },
): Policy {
  const findProviderKeys: Policy['findProviderKeys'] = async () => {
    const keys = await Promise.all(
      references.filter(({ path }) => /(^|\/)authority\.json$/.test(path)).map((reference) => keysIn(place, reference)),
    );
    if (keys.flat().length > 0) return { keys: keys.flat() };
    return { unknown: 'no runner has kept them beside an act of it; pin them in the policy' };
  };
  return { ...policy, findProviderKeys };
}

async function keysIn(place: EvidenceFolder, reference: EvidenceReference): Promise<unknown[]> {
  const read = await readEvidence(place, reference.path, reference);
  if ('unused' in read) return [];
  return readAuthority(read.text).flatMap(({ verifiedBy }) => verifiedBy ?? []);
}

function readAuthority(text: string): z.output<typeof authorityShape>['by'] {
  try {
    return authorityShape.parse(JSON.parse(text)).by;
  } catch {
    return [];
  }
}

/** What a report rests on that was verified so. @returns nothing where all keys are pinned */
export function restingOnKeptKeys({ identityProviders }: Policy): string[] {
  const unpinned = [...identityProviders.values()].filter(({ keys }) => keys === undefined);
  return unpinned.map(
    ({ issuer }) =>
      `the policy pins no keys of ${issuer}: its ID tokens, where there are any, were read by those that the runner kept as evidence`,
  );
}

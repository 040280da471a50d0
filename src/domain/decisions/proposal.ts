/** What people sign off: plan, release, and everything that was proven before production. */
import type { Ledger, StepRecord } from '../ledger/ledger.js';
import { BEFORE_APPROVAL } from '../steps.js';
import type { Verdict } from '../watch/criteria.js';

/** The content of a proposal. Its digest changes when anything in it does, and an approval of another digest is void. */
export interface ProposalContent {
  deployment: string;
  service: string;
  plan: string;
  release: { target: string; previous: string; provenCommit?: string };
  /** The build of Surefoot that carries it out, and takes it back. */
  build?: string;
  steps: ProvenStep[];
  soak?: { verdict?: Verdict; samples: number; criteria: { id: string; verdict: Verdict; worst?: number }[] };
  eligibility?: Ledger['eligibility'];
  /** What people went on without, and what users are on between deploy and migration: in words, for those who sign. */
  notes?: string[];
}

type ProvenStep = Pick<StepRecord, 'id' | 'state' | 'generation' | 'facts' | 'skippedBy'> & {
  evidence: { path: string; sha256: string }[];
};

/** Everything that staging has proven, without what only says when. */
export function proposalOf(
  ledger: Ledger,
  { notes, build }: { notes: string[]; build: string | undefined },
): ProposalContent {
  const { deployment, service, digest, release, commit, steps, eligibility } = ledger;
  const soak = ledger.monitors.find(({ id }) => id === 'soak');
  return {
    deployment,
    service,
    plan: digest,
    release: { ...release, provenCommit: commit },
    ...(build === undefined ? {} : { build }),
    steps: steps.filter(({ phase }) => BEFORE_APPROVAL.includes(phase)).map(proven),
    soak: soak && {
      verdict: soak.verdict,
      samples: soak.samples,
      criteria: soak.criteria.map(({ id, verdict, worst }) => ({ id, verdict, worst })),
    },
    eligibility,
    ...(notes.length > 0 ? { notes } : {}),
  };
}

const proven = ({ id, state, generation, facts, skippedBy, evidence }: StepRecord): ProvenStep => ({
  id,
  state,
  generation,
  facts,
  skippedBy,
  evidence: evidence.map(({ path, sha256 }) => ({ path, sha256 })),
});

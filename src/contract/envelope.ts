/** A decision as it is signed, and what travels with an act so that whoever does it can see by whose word it is done. */
import type { DecisionKind } from '../domain/ledger/decision-kinds.js';
import type { Decision } from '../domain/ledger/ledger.js';
import type { DeployInput } from './deployment.js';
import type { ResolvedPlan } from './plan/plan.js';

/** What can be signed: a plan, a deployment's start, and what people say of it from then on. */
export type SignedKind = 'plan' | 'start' | DecisionKind;

/** What a person signs. What does not apply is an empty text, so that nothing can be left out unseen. */
export interface Statement {
  /** Empty for a plan: whoever may starts deployments by it. */
  deployment: string;
  service: string;
  /** Digest of the plan. */
  plan: string;
  /** What the release was when the proposal was sealed. */
  commit: string;
  /** Digest of the proposal. */
  proposal: string;
  /** Empty for a start: it takes a person who may. */
  role: string;
  person: string;
  decision: SignedKind;
  /** The question, step or criterion that is answered. */
  subject: string;
  /** Which way back, and the revision that the database goes back to. */
  option: string;
  revision: string;
  /** The backup that is restored. Only of a restore. */
  backup?: string;
  /** The runner that a move leads to, or the build. */
  to: string;
  build: string;
  why: string;
  /** Nothing counts twice. */
  nonce: string;
  /** ISO 8601, in UTC: it does not count from then on. */
  expires: string;
  /** The same: a start does not count before. Only of one that begins at an appointed time. */
  begins?: string;
}

/** A decision that a deployment goes by: its parts as they are acted on, and the envelope that says the same. */
export interface SaidDecision {
  kind: SignedKind;
  who: string;
  /** Empty for a start, whose role only its envelope says. */
  role: string;
  subject?: string;
  option?: string;
  revision?: string;
  backup?: string;
  to?: string;
  build?: string;
  /** When it begins, where a start says that. */
  begins?: string;
  envelope?: string;
}

/** The start of a deployment, as it is acted on. */
export const startBy = ({
  startedBy: who,
  envelope,
  beginsAt,
}: Partial<Pick<DeployInput, 'startedBy' | 'envelope' | 'beginsAt'>>): SaidDecision => ({
  kind: 'start',
  who: who ?? '',
  role: '',
  ...(beginsAt === undefined ? {} : { begins: new Date(beginsAt).toISOString() }),
  envelope,
});

/** What a deployment begins with: its start, and who stands for its plan, where somebody does. */
export const begunBy = (
  input: Partial<Pick<DeployInput, 'startedBy' | 'envelope' | 'beginsAt' | 'signedPlan'>>,
): SaidDecision[] => [startBy(input), ...(input.signedPlan ? [{ kind: 'plan' as const, ...input.signedPlan }] : [])];

/** The parts of a decision that are acted on. */
export const saidBy = ({
  kind,
  who,
  role,
  subject,
  option,
  revision,
  backup,
  to,
  build,
  envelope,
}: Decision): SaidDecision => ({
  kind,
  who,
  role,
  subject,
  option,
  revision,
  backup,
  to,
  build,
  envelope,
});

/** Travels with what is done where a policy demands it. Nothing in it is believed that is not signed. */
export interface Authority {
  deployment: string;
  /** What is done is a part of it; its digest is what was signed. */
  plan: ResolvedPlan;
  /** The digest of what was signed off, and the commit that stands in it. */
  proposal?: string;
  commit?: string;
  /** The start first and who stands for its plan, then everything that was accepted since. */
  decisions: SaidDecision[];
}

/** How long a signed word counts from when it is said, milliseconds: a deployment may wait weeks for its sign-offs. */
export function wordLifetime(kind: SignedKind): number {
  return (kind === 'plan' || kind === 'start' || kind === 'approve' ? 30 : 1) * 24 * 3_600_000;
}

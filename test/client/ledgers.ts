import type { Ledger, OpenQuestion, StepRecord } from '../../src/domain/ledger/ledger.js';

/** The digest of what is signed off. */
export const PROPOSED = 'a'.repeat(64);
export const START = Date.UTC(2025, 10, 24, 12, 0);

/** A ledger of a deployment that has just begun, with what a test is about. */
export const ledgerWith = (parts: Partial<Ledger> = {}): Ledger => ({
  deployment: 'shop-20251124-120000-ab12',
  service: 'shop',
  title: 'Shop',
  digest: 'd'.repeat(64),
  startedBy: 'ana',
  startedAt: START,
  phase: 'staging',
  release: { target: 'main', previous: 'v1' },
  steps: [],
  decisions: [],
  proposal: { digest: PROPOSED, commit: 'c'.repeat(40), sealedAt: START },
  approvals: [],
  claims: [],
  questions: [],
  monitors: [],
  production: { codeDeployed: false, migrated: false, maintenance: false },
  earlierRollbacks: [],
  untold: [],
  ...parts,
});

export const stepWith = (parts: Partial<StepRecord>): StepRecord => ({
  id: 'staging.deploy',
  phase: 'staging',
  section: '1.1',
  title: 'Deploy the release to staging',
  state: 'running',
  generation: 1,
  startedAt: START,
  facts: [],
  evidence: [],
  ...parts,
});

export const questionWith = (parts: Partial<OpenQuestion>): OpenQuestion => ({
  deployment: 'shop-20251124-120000-ab12',
  workflowId: 'surefoot/shop/production',
  service: 'shop',
  kind: 'confirmation',
  id: 'manual-validation',
  title: 'Does everything work?',
  roles: ['qa'],
  moves: ['confirm'],
  openedAt: START,
  text: '',
  ...parts,
});

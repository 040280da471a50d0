/** What all parts of a deployment's run share: its input, its plan, its ledger, and the board that shows it. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { EvidencePlace } from '../../contract/activities/step.js';
import { type DeployInput, newLedger } from '../../contract/deployment.js';
import { searchAttributes } from '../../contract/names.js';
import { type Approvals, decidersOf } from '../../domain/decisions/approvals.js';
import { countItems, itemStatuses } from '../../domain/items.js';
import { renderBoard } from '../../domain/ledger/board.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { publishState } from '../common/published.js';

export class Context {
  readonly ledger: Ledger;
  readonly plan: DeployInput['plan'];
  readonly evidence: EvidencePlace;
  /** The task queue of the machine that runs the commands; known once admitted. */
  runner = '';
  private published = '';

  constructor(readonly input: DeployInput) {
    const { plan } = input;
    this.plan = plan;
    this.evidence = { store: plan.evidence, deployment: input.deployment, secrets: plan.secrets };
    this.ledger = newLedger(input, Date.now());
  }

  /** Who may decide, and what. */
  get approvals(): Approvals {
    return decidersOf(this.plan.approvals, this.input.startedBy);
  }

  /** Roles that may decide about failures, holds and the like: all that there are. */
  get allRoles(): string[] {
    return [...new Set(this.approvals.roster.flatMap((person) => person.roles))];
  }

  /** The ledger with how the boxes of the checklist stand now. */
  get counted(): Ledger {
    return { ...this.ledger, items: countItems(itemStatuses(this.plan.items, this.ledger.steps)) };
  }

  /** Brings board and search attributes up to date; attributes only when they differ, for each is an event. */
  publish(): void {
    const { ledger } = this;
    const { counted } = this;
    setCurrentDetails(renderBoard(counted, Date.now()));
    publishState(counted);
    const waitingFor = ledger.held ? 'resume' : (ledger.questions[0]?.id ?? '');
    const verdict = ledger.outcome ?? (ledger.rollback ? 'rolling-back' : 'running');
    const state = [ledger.phase, waitingFor, verdict].join('|');
    if (state === this.published) return;
    this.published = state;
    upsertSearchAttributes([
      { key: searchAttributes.phase, value: ledger.phase },
      { key: searchAttributes.waitingFor, value: waitingFor || null },
      { key: searchAttributes.verdict, value: verdict },
    ]);
  }
}

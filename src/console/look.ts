/** What the console's pages are made from. They ask nothing themselves: the same look gives the same page. */
import type { ResolvedPlan } from '../contract/plan/plan.js';
import type { Period } from '../domain/deployments/dora.js';
import type { ListedDeployment } from '../domain/deployments/listed.js';
import type { Decision, Ledger } from '../domain/ledger/ledger.js';
import type { ReportDocument } from '../report/content/document.js';
import type { DeliveryFigures } from '../report/history/delivery.js';
import type { View } from '../report/html/view.js';
import type { LedgerView } from '../temporal/ledger-view.js';

/** One deployment, as far as it can be seen. */
export interface DeploymentLook extends LedgerView {
  /** Undefined: not known. */
  inVirtualTime: boolean | undefined;
  /** What it was started with; missing where that cannot be read. */
  planned?: {
    plan: ResolvedPlan;
    /** As its report would have it, made now. */
    document: ReportDocument;
    /** Drawn from its evidence. */
    view: View;
  };
}

/** A deployment in a list; of one that runs, what it says of itself. */
export interface ConsoleRow {
  listed: ListedDeployment;
  ledger?: Ledger;
  /** Why one that runs has said nothing. */
  unanswered?: string;
}

export interface ConsoleRows {
  rows: ConsoleRow[];
  /** What is not among them, and why; in sentences. */
  unknown: string[];
}

/** Where pages have their knowledge from. */
export interface Deployments {
  /** All that there is word of. */
  all(): Promise<ConsoleRows>;
  /** @returns undefined when there is none of this ID */
  look(deployment: string): Promise<DeploymentLook | undefined>;
  /** One file of its evidence, whole and as it was kept, or why not. */
  evidence(look: DeploymentLook, path: string): Promise<{ text: string } | { unused: string }>;
  figures(period: Period): Promise<DeliveryFigures>;
  /** @returns what it led to @throws CliError where it is refused, or nobody answers */
  send(deployment: string, decision: Decision): Promise<string>;
}

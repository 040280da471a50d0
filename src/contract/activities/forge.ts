/** Deployments as the forge shows them. */
import type { ForgeReport } from '../../domain/forge/forge-report.js';
import type { Forge } from '../plan/forge.js';

/** The deployment that the forge is told of. */
export interface ForgeSubject {
  deployment: string;
  service: string;
  /** What is deployed: a commit where it is known, else a name that the forge knows. */
  ref: string;
  /** Its name, as the plan or whoever started it says. */
  target: string;
  /** Where more is to be seen; not there where the plan has no `webUi`. */
  link?: string;
  /** Epoch milliseconds. */
  startedAt: number;
}

/** What the forge has of a deployment: its own number of it, and the commit in full. */
export interface ForgeDeployment {
  id: number;
  commit: string;
}

export interface ForgeActivities {
  /**
   * Brings the forge to show what is reported. What is there already is found and left: it may be told again at will. A
   * forge that is down never fails a deployment.
   * @param input `known`: what an earlier telling came back with
   * @returns `untold`: why the forge does not show it
   */
  tellForge(input: {
    forge: Forge;
    subject: ForgeSubject;
    report: ForgeReport;
    known?: ForgeDeployment;
  }): Promise<{ known?: ForgeDeployment; untold?: string }>;
}

/** Before anything starts. */
import type { Demands } from '../../domain/decisions/demands.js';
import type { StepReport } from '../../domain/evidence.js';
import type { OwnRunners } from '../../domain/runner.js';
import type { DeployInput } from '../deployment.js';
import type { EndpointCheck } from '../plan/application.js';
import type { Commands } from '../plan/commands.js';
import type { Environment, EnvironmentName } from '../plan/environment.js';
import type { ReleaseInRepository } from '../plan/parts.js';
import type { ResolvedPlan } from '../plan/plan.js';
import type { Access, Review } from '../plan/proofs.js';
import type { Clock, EvidencePlace, StepKey } from './step.js';

export interface AdmissionActivities {
  /**
   * Refuses what this worker must not run: a plan whose digest differs, virtual time on a worker that does not allow it,
   * a workflow clock that disagrees with the wall clock, a production that an earlier deployment has left half-way or
   * still rolls back; where the worker has a policy, a start that this does not let be.
   * @returns the task queue of this very machine, so that commands stay where they were started; which evidence folder it
   * has, so that another worker's is noticed; where it has a policy, what that asks of those who decide, and the runners
   * of environments that it names some for
   */
  admit(input: {
    deployment: string;
    plan: ResolvedPlan;
    digest: string;
    clock: Clock;
    workflowTime: number;
    /** The unfinished run that people start over. */
    after?: string;
    start?: Pick<DeployInput, 'startedBy' | 'envelope' | 'beginsAt' | 'signedPlan'>;
  }): Promise<{ runner: string; evidence?: string; demands?: Demands; runners?: OwnRunners }>;
  /** Refuses to go on when the workflow's clock ran ahead of the wall clock although time is real. */
  checkClock(input: { clock: Clock; workflowTime: number }): Promise<void>;
  /** Temporal's name of a run's state: RUNNING, TERMINATED, … */
  stateOfRun(input: { workflowId: string; runId: string }): Promise<string>;
}

export interface PrerequisiteActivities {
  checkRepository(input: {
    key: StepKey;
    evidence: EvidencePlace;
    release: ReleaseInRepository;
    /** Its forge remembers merges of which the repository shows no trace. */
    review?: Review;
    /** Nothing holds the deployment to one commit: what is to be deployed must not be a branch. */
    noBranch?: true;
  }): Promise<StepReport & { commit: string }>;
  checkStaging(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environments: Environment[];
    /** Whose runner is asked, where that is its own. */
    environment?: Environment;
    /** By which a login can be tried that is only sent along. */
    readings?: Partial<Record<EnvironmentName, EndpointCheck>>;
    minimumRows?: { table: string; rows: number };
  }): Promise<StepReport>;
  checkTools(input: {
    key: StepKey;
    evidence: EvidencePlace;
    tools: string[];
    scripts: string[];
    commands: Commands;
    /** Whose runner is asked, where that is its own. */
    environment?: Environment;
  }): Promise<StepReport>;
}

export interface AccessActivities {
  /** One fact for each: it answers, and lets the worker do what is named. Changes nothing. */
  checkAccess(input: { key: StepKey; evidence: EvidencePlace; access: Access[] }): Promise<StepReport>;
}

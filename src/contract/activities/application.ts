/** What the application answers. */
import type { StepReport } from '../../domain/evidence.js';
import type { ApiDocumentation, EndpointCheck, LoadLimits, LoadTest, MaintenanceMessage } from '../plan/application.js';
import type { Command } from '../plan/commands.js';
import type { Environment } from '../plan/environment.js';
import type { EvidencePlace, StepKey } from './step.js';

export interface HttpActivities {
  /**
   * Waits until the health endpoint answers 200 and, when given, with this version, this commit and none of these starts;
   * `within` milliseconds. All instances that answer at its address must agree.
   */
  awaitHealth(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    path: string;
    version?: string;
    /** When the deploy of that version began, epoch milliseconds: what proves it where nothing tells a version. */
    since?: number;
    /** The commit that is to run, where the plan says that it is told; empty where the repository did not tell it. */
    commit?: string;
    startedBefore?: string[];
    within: number;
  }): Promise<StepReport>;
  /** When the instances started that answer at the health endpoint (`started_at`); empty when none tells. */
  readStarts(input: { environment: Environment; path: string }): Promise<string[]>;
  /** Functional and smoke checks (checklist 1.4, 3.6). */
  checkEndpoints(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    checks: EndpointCheck[];
  }): Promise<StepReport>;
  /** Waits until the application reports no request in flight, at most `drain` milliseconds (checklist 3.2). */
  awaitDrained(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    path: string;
    drain: number;
  }): Promise<StepReport>;
  /**
   * What users see: the message while maintenance mode is on (checklist 3.2), the application without it when it is off
   * (3.7). A proxy may take a moment to follow, so it is looked at for some seconds before it counts as wrong.
   */
  checkMaintenance(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    message: MaintenanceMessage;
    on: boolean;
  }): Promise<StepReport>;
  /** One path answers 200 (rollback option 3, step 4). */
  checkPath(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    path: string;
  }): Promise<StepReport>;
}

export interface DocumentationActivities {
  /**
   * The API's documentation in a real browser: it loads, describes the endpoint, and the endpoint can be tried out
   * (checklist 1.6). `browser` is false where the worker has none: then no fact holds, and people have to look.
   */
  checkApiDocumentation(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    documentation: ApiDocumentation;
  }): Promise<StepReport & { browser: boolean }>;
}

export interface LoadActivities {
  /**
   * Checklist 1.5 and 4.4: N requests by C workers, every sample kept as evidence. Runs where the commands run: the
   * health endpoint and the log are read before and after, to see whether the application ran out of memory.
   */
  runLoadTest(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    test: LoadTest;
    limits: LoadLimits;
    healthPath: string;
    /** Without them only restarts tell of memory. */
    logs?: Command;
  }): Promise<StepReport>;
}

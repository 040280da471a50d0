/**
 * What the Temporal server alone says of a deployment: nothing that the deployment's own workers would have to answer.
 * All times are epoch milliseconds.
 */

/** What is open of a deployment: itself, its watches, its rollbacks. */
export interface SeenWorkflow {
  workflowId: string;
  /** What people call it: `the watch “24 hours”`. */
  title: string;
  /** The workflow task that waits for a worker, or is being tried. */
  task?: { since: number; attempt: number; isTaken: boolean; failure?: string };
  activities: SeenActivity[];
  watch?: SeenWatch;
}

export interface SeenActivity {
  type: string;
  attempt: number;
  /** Since when it waits for a worker to take it; nothing while one has it. */
  waitingSince?: number;
  failure?: string;
}

/** A watch, by what stands last in its history. */
export interface SeenWatch {
  tick: number;
  /** When anything last happened to it. */
  lastEventAt: number;
  /** It samples; nothing of the kind while it comes to its end. */
  isSampling: boolean;
  blind: BlindMetric[];
}

/** A metric of which nothing has been known for some ticks. */
export interface BlindMetric {
  metric: string;
  since: number;
  why: string;
}

/** A task queue that the deployment waits for. */
export interface SeenQueue {
  /** Its name, and the build of the workers that it takes. */
  queue: string;
  /** `unknown`: the server did not say who asks, or not since when. */
  state: 'served' | 'nobody' | 'unknown';
  /** When somebody last asked for work; nothing where the server remembers nobody. */
  lastAskedAt?: number;
  text: string;
  advice?: string;
}

export interface SeenDeployment {
  /** Its ID. */
  deployment: string;
  run: WorkflowRun;
  /** None: it has ended. */
  workflows: SeenWorkflow[];
  queues: SeenQueue[];
  /** What could not be looked at: nothing of that is well. */
  unseen: Unseen[];
}

export interface Unseen {
  /** The same at each look. */
  what: string;
  why: string;
}

export interface WorkflowRun {
  workflowId: string;
  runId: string;
}

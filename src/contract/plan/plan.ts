/**
 * The plan as the workflows see it: resolved (no names left to look up), plain data, no secrets.
 * The authored form and its validation live in `src/plan`. Durations are milliseconds. What a service does not have is
 * left out, or an empty list: the runbook says what does not run then.
 */
import type { Approvals } from '../../domain/decisions/approvals.js';
import type { Item } from '../../domain/items.js';
import type { Notifications } from '../../domain/notifications/notifications.js';
import type { ChangingStep } from '../../domain/steps.js';
import type { RollbackOption } from '../../domain/watch/criteria.js';
import type { ApiDocumentation, EndpointCheck, LoadLimits, LoadTest, MaintenanceMessage } from './application.js';
import type { Backup } from './backup.js';
import type { Commands } from './commands.js';
import type { Environment, SecretReference } from './environment.js';
import type { Forge } from './forge.js';
import type { IndexExpectations, Migration } from './migration.js';
import type { OwnChecks } from './own-checks.js';
import type { Access, Alerts, Review } from './proofs.js';
import type { Watch } from './watch.js';
import type { Windows } from './windows.js';

/** A question only a person can answer: these items, by someone with this role. `items` are the titles of the plan's items that it settles. */
export interface Confirmation {
  id: string;
  title: string;
  roles: string[];
  items: string[];
}

export interface Release {
  /** Without a repository nothing is known of the release but its name; without it there is no branch either. */
  repository?: string;
  branch?: string;
  target: string;
  previous: string;
  /** Files that the target must hold, from the repository's top. */
  files: string[];
}

export interface ResolvedPlan {
  service: string;
  title: string;
  language: string;
  release: Release;
  evidence: string;
  /** How long evidence is kept after a deployment's end, milliseconds; for good when left out. */
  evidenceRetention?: number;
  environments: { production: Environment; staging?: Environment };
  backup?: Backup;
  commands: Commands;
  migration?: Migration;
  indexes?: IndexExpectations;
  prerequisites: { minimumRows?: { table: string; rows: number }; tools: string[]; scripts: string[] };
  /** A line that it must not log; there where `commands.logs` prints them. */
  criticalLogs?: string;
  /** A line that the application logs when it has started well. */
  startedLogs?: string;
  healthPath: string;
  healthWithin: number;
  functional: EndpointCheck[];
  apiDocumentation?: ApiDocumentation;
  smoke: EndpointCheck[];
  loadTests: LoadTest[];
  /** There where there are load tests. */
  loadLimits?: LoadLimits;
  confirmations: { prerequisites: Confirmation[]; staging: Confirmation[]; preparation: Confirmation[] };
  approvals: Approvals;
  soak?: Watch;
  watches: Watch[];
  production: {
    maintenance: { enabled: boolean; drain: number; message?: MaintenanceMessage };
    restart: boolean;
    /** What follows when a step fails after production has changed; left out: it is rolled back. */
    onFailure?: Partial<Record<ChangingStep, 'ask' | 'roll-back'>>;
    /** `impact`: criteria of the last watch that users must not feel the test in. */
    loadTest?: { test: LoadTest; approvedBy: string; impact: string[] };
  };
  windows?: Windows;
  /** Checks of the team's own, by phase. */
  checks?: OwnChecks;
  rollback: {
    /** The option for a step that fails after production has changed. */
    onStepFailure: RollbackOption;
    /** The checklist's longest estimates, as far as it has any. */
    estimates: Partial<Record<RollbackOption, number>>;
    /** The option that is taken whatever broke, and whatever staging has shown. */
    pin?: RollbackOption;
    /** How long people may choose another option before a rollback that nobody asked for begins; 0: it begins at once. */
    overrideWithin: number;
    /** The path that must answer 200 after a full rollback. */
    verifyPath?: string;
    /** What a migration that cannot be undone leads to; left out: refuse. */
    irreversible?: 'refuse' | 'allow';
    /** IDs of the smoke checks that the previous release must pass on the new schema; left out: all. */
    previousChecks?: string[];
  };
  notifications: Notifications;
  /** Where deployments are shown beside the commit. */
  forge?: Forge;
  review?: Review;
  access?: Access[];
  alerts?: Alerts;
  /** What is left out although it makes the deployment weaker, and why. */
  acknowledged?: Record<string, string | undefined>;
  /** Every reference to a secret that the plan uses. */
  secrets: SecretReference[];
  /** The boxes of the checklist, in its order. */
  items: Item[];
  /** The team's own checklist, Markdown; its boxes are the items, in their order. */
  document?: string;
}

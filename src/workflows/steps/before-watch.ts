import type { IndexUse } from '../../contract/activities/postgres.js';

/** What is counted around the deploy, and what the watches compare with. */
export interface BeforeWatch {
  /** Rows in production right before the deploy, by table: what data loss is measured against. */
  baselines: Record<string, number>;
  /** Scans of the indexes right after the migration of production: what their use is counted from. */
  indexUse?: IndexUse;
}

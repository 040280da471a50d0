/** A watch. */
import type { Trend } from '../../domain/trends/trend.js';
import type { Criterion } from '../../domain/watch/criteria.js';
import type { EnvironmentName } from './environment.js';
import type { Metric } from './metrics.js';

/** A stretch of time in which metrics are watched. */
export interface Watch {
  id: string;
  title: string;
  environment: EnvironmentName;
  duration: number;
  tick: number;
  metrics: Metric[];
  criteria: Criterion[];
  /** Judged over all samples, once the watch has run to its end. */
  trends: Trend[];
  /** What a broken `require` criterion leads to while production is watched. */
  gate: 'rollback' | 'ask';
  /** How long a person may take over a `consider` question, and what happens then. */
  consider: { within: number; otherwise: 'continue' | 'rollback' };
}

/** Samples and trends. */
import type { EvidenceReference } from '../../domain/evidence.js';
import type { Trend, TrendResult } from '../../domain/trends/trend.js';
import type { Sample } from '../../domain/watch/criteria.js';
import type { EnvironmentName } from '../plan/environment.js';
import type { Metric } from '../plan/metrics.js';
import type { SecondPlace } from '../second-places.js';
import type { Clock, EvidencePlace } from './step.js';

export interface SampleActivities {
  /**
   * The samples of each metric since its last one, oldest first: of a source that keeps history every value, at most
   * `MOST_VALUES`, with its own time, and none while none is due; of any other source one, stamped with the
   * workflow's time. Never fails: what goes wrong is a sample of kind `error`. In virtual time every source gives its
   * present value, stamped with the workflow's time, and rates look back over the last moment of wall time.
   */
  sampleMetrics(input: {
    monitor: string;
    evidence: EvidencePlace;
    at: number;
    /** The time of each metric's last sample, by name; of one that has none yet, when the watch began. */
    since: Record<string, number>;
    clock: Clock;
    metrics: Metric[];
    /** Whose runner takes them, where that is its own. */
    environment?: EnvironmentName;
    /** Rows counted before the deployment, by table: what `lostRows` compares with. */
    baselines: Record<string, number>;
    /** What is listened to when something says nothing: a silent sample tells whether any of it has answered. */
    elsewhere?: SecondPlace[];
  }): Promise<Record<string, Sample[]>>;
  /** Seals the series of samples of a watch as evidence. */
  sealSeries(input: { monitor: string; evidence: EvidencePlace }): Promise<EvidenceReference[]>;
}

export interface TrendActivities {
  /**
   * Judges the trends of a watch over its sealed series, and keeps what they rest on as evidence.
   * @param from with `to` the span that was watched, the watch's own time
   */
  assessTrends(input: {
    monitor: string;
    evidence: EvidencePlace;
    from: number;
    to: number;
    trends: Trend[];
  }): Promise<{ results: TrendResult[]; evidence: EvidenceReference[] }>;
}

/** Trends: what the samples of a whole watch say together, where a criterion looks at them one by one. */
import type { Sample, Verdict } from '../watch/criteria.js';

interface TrendBase {
  id: string;
  title: string;
  metric: string;
  /** The metric's unit. */
  unit: string;
  /** require: the watch passes only when a person accepts a broken one. consider: people are told. */
  tier: 'require' | 'consider';
  /** What too little data means. Stated, never implied; never healthy. */
  notEnough: 'unknown' | 'breached';
  /** The smallest number of known samples that makes "healthy" a statement: of each stretch or part that is tested. */
  minimumSamples: number;
}

/** The value grows without end. */
export interface LeakTrend extends TrendBase {
  test: 'leak';
  /** Growth that matters, in the metric's unit per hour. */
  growth: number;
  /** The value at which there is none left, in the metric's unit. */
  limit: number;
  /** Growth that reaches the limit only later than this is left to the next deployment, milliseconds. */
  within: number;
  /** Left out at the beginning and after a restart, milliseconds. */
  warmUp: number;
  /** The metric that counts restarts, where there is one. */
  restarts?: string;
}

/** The value is higher at the end than it was at the beginning. */
export interface DegradationTrend extends TrendBase {
  test: 'degradation';
  /** The smallest rise of the median that matters, in the metric's unit. */
  shift: number;
  /** The smallest Cliff's delta that matters, 0 to 1. */
  effect: number;
  /** Left out at the beginning, milliseconds. */
  warmUp: number;
}

/** The value stays about where it is. */
export interface StabilityTrend extends TrendBase {
  test: 'stability';
  /** The lowest share of the median, in percent. */
  floor: number;
  /** How long it may be below that, milliseconds. */
  for: number;
  /** The highest coefficient of variation, in percent. */
  variation: number;
}

/** The value leaves its usual level for a while. */
export interface SpikesTrend extends TrendBase {
  test: 'spikes';
  /** How many times the median is no longer usual. */
  factor: number;
  /** A value up to this is no spike, in the metric's unit. */
  above: number;
  /** How long it may be up there, milliseconds. */
  for: number;
}

export type Trend = LeakTrend | DegradationTrend | StabilityTrend | SpikesTrend;

/** The names of the metrics that a trend is judged by. */
export const metricsOf = (trend: Trend): string[] =>
  trend.test === 'leak' && trend.restarts !== undefined ? [trend.metric, trend.restarts] : [trend.metric];

/** What a trend is judged by. */
export interface ObservedSpan {
  /** The span that was watched, epoch milliseconds. */
  from: number;
  to: number;
  samples: readonly Sample[];
  /** Samples of the metric that counts restarts. */
  restarts?: readonly Sample[];
}

/** What a test says; the text tells the figures that led to it. */
export interface TrendJudgement {
  verdict: Verdict;
  text: string;
  figures: Record<string, number>;
}

export interface TrendResult extends TrendJudgement {
  id: string;
  title: string;
  metric: string;
  test: Trend['test'];
  /** The rule in words. */
  rule: string;
  /** Samples taken, and those among them without a number. */
  samples: number;
  unknown: number;
}

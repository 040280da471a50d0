/** What must be proven from outside before production: review, access, alerts. */
import type { Comparison } from '../../domain/watch/criteria.js';
import type { SecretReference } from './environment.js';
import type { AwsPlace, DatadogPlace, PrometheusPlace } from './providers.js';

/** Where the proof of review and tests is read, and what the tests must reach (checklist, Pré-requisitos). */
export interface Review {
  source: { kind: 'git' } | { kind: 'github'; api: string; token: SecretReference; owner: string; repository: string };
  tests: {
    /** Smallest share of tests that pass, in percent; skipped ones don't count. */
    passRate: number;
    /** The commit whose check runs and statuses at GitHub count: what is deployed, or the pull request's last. */
    checks?: 'target' | 'head';
    /** A JUnit file on the worker's machine. */
    junit?: string;
  };
}

/** Something that must be reachable with the rights named; the checks change nothing. */
export type Access = { id: string; title: string } & (
  | { kind: 'aws'; place: AwsPlace; account?: string; buckets: string[] }
  | { kind: 'cloudwatch'; place: AwsPlace; rights: ('metrics' | 'alarms' | 'logs')[] }
  | { kind: 'datadog'; place: DatadogPlace; rights: ('metrics' | 'monitors')[] }
  | { kind: 'prometheus'; place: PrometheusPlace }
  | { kind: 'http'; url: string; token?: SecretReference; status: number }
);

/** Alerts that must be configured (checklist 4.3), and where they are. */
export interface Alerts {
  source:
    | { kind: 'rules-file'; file: string }
    | { kind: 'prometheus'; place: PrometheusPlace }
    | { kind: 'datadog'; place: DatadogPlace }
    | { kind: 'cloudwatch'; place: AwsPlace };
  expected: ExpectedAlert[];
}

export interface ExpectedAlert {
  id: string;
  title: string;
  /** Its name in the source. */
  name: string;
  /** When it fires, as the source has it: in the source's own unit. */
  breach: { comparison: Comparison; threshold: number };
  /** What its query must hold, as the metric's name. */
  words: string[];
}

/** Services that keep metrics, backups and alerts, and how they are reached. */
import type { SecretReference } from './environment.js';

export interface PrometheusPlace {
  api: string;
  token?: SecretReference;
  login?: { username: string; password: SecretReference };
}

/** An AWS account as the worker reaches it; without credentials, those that the AWS SDK finds by itself. */
export interface AwsPlace {
  region: string;
  /** Another address than AWS's own. */
  endpoint?: string;
  credentials?: { accessKeyId: SecretReference; secretAccessKey: SecretReference };
}

export interface DatadogPlace {
  api: string;
  apiKey: SecretReference;
  applicationKey: SecretReference;
}

/** The place of a provider by its kind, as plans name it. */
export interface ProviderPlaces {
  prometheus: PrometheusPlace;
  datadog: DatadogPlace;
  cloudwatch: AwsPlace;
}

export type ProviderKind = keyof ProviderPlaces;

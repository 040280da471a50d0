/** Prometheus's API: where a question goes, and as whom. */
import type { PrometheusPlace } from '../../contract/plan/providers.js';
import { authorization } from '../http/json-service.js';

/** @param path with its query. @throws SecretMissing */
export const prometheusQuestion = async (place: PrometheusPlace, path: string) => ({
  url: `${place.api}${path}`,
  headers: await authorization(place),
});

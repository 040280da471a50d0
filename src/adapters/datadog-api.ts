/** Datadog's API, as far as it is read. */
import type { z } from 'zod';
import type { DatadogPlace } from '../contract/plan.js';
import { readJson } from './json-service.js';
import type { PatientRequest } from './patient-request.js';
import { readSecret } from './secrets.js';

export type DatadogRead = <S extends z.ZodType>(path: string, schema: S) => Promise<z.output<S>>;

/**
 * Reads with both keys.
 * @returns a function that reads a path; it throws as `readJson`
 * @throws SecretMissing
 */
export async function openDatadog(place: DatadogPlace, ask: PatientRequest): Promise<DatadogRead> {
  const headers = {
    'dd-api-key': await readSecret(place.apiKey),
    'dd-application-key': await readSecret(place.applicationKey),
  };
  return (path, schema) => readJson({ url: `${place.api}${path}`, headers }, { ask, schema });
}

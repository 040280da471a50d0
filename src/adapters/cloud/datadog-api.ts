/** Datadog's API, as far as it is read. */
import type { z } from 'zod';
import type { DatadogPlace } from '../../contract/plan/providers.js';
import { readSecret } from '../evidence/secrets.js';
import { readJson } from '../http/json-service.js';
import type { PatientRequest } from '../http/patient-request.js';

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

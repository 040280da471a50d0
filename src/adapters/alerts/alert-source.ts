/** One kind of place where alerts are configured. */
import type { Alerts } from '../../contract/plan/proofs.js';
import type { FoundAlert } from '../../domain/watch/alerts.js';
import type { PatientRequest } from '../http/patient-request.js';

export type AlertSourceKind = Alerts['source']['kind'];

/** A source of one kind, as the plan names it. */
export type AlertPlace<K extends AlertSourceKind> = Extract<Alerts['source'], { kind: K }>;

/** How a source is asked. */
export interface AlertReading {
  ask: PatientRequest;
  signal: AbortSignal;
}

export interface AlertSource<K extends AlertSourceKind> {
  /**
   * Every alert of it; nothing is changed, so that the doctor tries the very same.
   * @throws Unusable, NoAnswer, SecretMissing: also for a list that is not whole
   */
  read(source: AlertPlace<K>, by: AlertReading): Promise<FoundAlert[]>;
  /** An empty list proves that there are none: nothing can be hidden in it. */
  provesNone?: true;
}

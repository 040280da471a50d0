/** Checks of the team's own. Each establishes the facts that the runbook names for it; see `ownFacts`. */
import type { StepReport } from '../../domain/evidence.js';
import type { Read } from '../../domain/expectations.js';
import type { Environment } from '../plan/environment.js';
import type { OwnQuestionOf } from '../plan/own-checks.js';
import type { Clock, EvidencePlace, StepKey } from './step.js';

interface Asked {
  key: StepKey;
  evidence: EvidencePlace;
  environment: Environment;
  /** Longest time, milliseconds: what is not known by then is unknown. */
  timeout: number;
}

export interface OwnCheckActivities {
  /** One request, as the functional and smoke checks make them. */
  checkRequest(input: Asked & { asks: OwnQuestionOf<'http'> }): Promise<StepReport>;
  /** One statement in a read-only transaction. @param input.before what `readBefore` has read, where it has */
  checkQuery(input: Asked & { asks: OwnQuestionOf<'sql'>; before?: Read }): Promise<StepReport>;
  /** What a comparison is made with. Fact: `read`. Of text only its hash is had: it stays in the history. */
  readBefore(input: Asked & { asks: OwnQuestionOf<'sql'> }): Promise<StepReport & { before: Read }>;
  /** A criterion, by one value of its metric. What is silent never holds, whatever the criterion says of a watch. */
  checkMetric(input: Asked & { asks: OwnQuestionOf<'metric'>; clock: Clock }): Promise<StepReport>;
}

/** Records of steps, from what activities reported. */
import type { StepKey } from '../../contract/activities.js';
import { failures, passed, type StepReport } from '../../domain/evidence.js';
import type { StepRecord } from '../../domain/ledger.js';
import { innermost } from '../errors.js';

type Known = Pick<StepRecord, 'id' | 'phase' | 'section' | 'title'>;

/** A run of a step that has just begun. */
export const begin = (known: Known, generation: number, startedAt: number): StepRecord => ({
  ...known,
  state: 'running',
  generation,
  startedAt,
  facts: [],
  evidence: [],
});

/** Adds what an activity reported; several activities may make one step. */
export function add(record: StepRecord, report: StepReport, at: number): void {
  const { facts, evidence, summary } = report;
  record.facts = [...record.facts.filter(({ name }) => !facts.some((fact) => fact.name === name)), ...facts];
  record.evidence = [...record.evidence, ...evidence];
  record.summary = record.summary ? `${record.summary}; ${summary}` : summary;
  record.endedAt = at;
  const whole = { summary, facts: record.facts, evidence };
  record.state = passed(whole) ? 'passed' : 'failed';
  record.reason = passed(whole) ? undefined : failures(whole);
}

export function isReport(result: unknown): result is StepReport {
  const { facts, evidence } = (result ?? {}) as Partial<StepReport>;
  return Array.isArray(facts) && Array.isArray(evidence);
}

/** Whose run an activity was called for; most say it in their input. */
export function keyOf(input: unknown): StepKey | undefined {
  const { key } = (input ?? {}) as { key?: Partial<StepKey> };
  return typeof key?.step === 'string' && typeof key.generation === 'number' ? (key as StepKey) : undefined;
}

/** The innermost error. */
export function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return cause;
}

export const reasonOf = ({ error }: { error?: Error }): string => (error ? innermost(error) : 'was cancelled');

/** One generation of a step, on the way forward and on the way back: what came of it stands in its record. */
import { TemporalFailure } from '@temporalio/workflow';
import { failures, passed, type StepReport } from '../../domain/evidence.js';
import type { StepRecord } from '../../domain/ledger/ledger.js';
import type { StepDefinition } from '../../domain/steps.js';
import { commandFailed, describe, isNotBegun, isUnknown } from './failures.js';

export const begunRecord = (
  { id, phase, section, title }: StepDefinition & { section: string },
  generation: number,
): StepRecord => ({
  id,
  phase,
  section,
  title,
  state: 'running',
  generation,
  startedAt: Date.now(),
  facts: [],
  evidence: [],
});

/**
 * @param ends what ends more than this step: a cancellation of the way forward, a breach
 * @returns the step's report when it passed; its record says what failed otherwise
 * @throws what `ends`, and mistakes in this code: the task is retried until they are mended, and nothing is decided by it
 */
export async function runGeneration<R extends StepReport>(
  record: StepRecord,
  run: () => Promise<R>,
  ends: (error: unknown) => boolean = () => false,
): Promise<R | undefined> {
  const report = await run().catch((error: unknown) => {
    if (ends(error) || !(error instanceof TemporalFailure)) throw error;
    record.reason = describe(error);
    if (isUnknown(error)) record.unknown = true;
    if (isNotBegun(error)) record.notBegun = true;
    return commandFailed(error);
  });
  if (report) {
    const { summary, facts, evidence } = report;
    Object.assign(record, { summary, facts, evidence });
    if (!passed(report)) record.reason ??= failures(report);
  }
  record.endedAt = Date.now();
  record.state = record.reason === undefined ? 'passed' : 'failed';
  return record.reason === undefined ? (report as R) : undefined;
}

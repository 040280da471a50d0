/** Where a step has a backup as a file for as long as it works with it: all of the database, for nobody else to read. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { evidenceFile } from '../../adapters/evidence/evidence-store.js';
import type { EvidencePlace, StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import type { Environment } from '../../contract/plan/environment.js';
import { evidencePath } from '../commands/recorded-commands.js';

interface Step {
  key: StepKey;
  evidence: EvidencePlace;
  environment: Environment;
}

/** The same file for every attempt of a step, as its commands run once for all of them. It is gone afterwards. */
export async function inDraft<Result>(step: Step, work: (file: string) => Promise<Result>): Promise<Result> {
  const { key, evidence, environment } = step;
  const folderOf = (generation: number) => evidenceFile(evidence, evidencePath({ ...key, generation }, 'draft'));
  const clear = (folder: string) => rm(folder, { recursive: true, force: true });
  const folder = folderOf(key.generation);
  for (let earlier = 1; earlier < key.generation; earlier += 1) await clear(folderOf(earlier));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const result = await work(join(folder, `${environment.name}.backup`));
    await clear(folder);
    return result;
  } catch (error) {
    if (isOver(error)) await clear(folder);
    throw error;
  }
}

/** After anything else another attempt goes on with the file, or a command may still be writing it. */
const isOver = (error: unknown): boolean =>
  error instanceof CancelledFailure ||
  (error instanceof ApplicationFailure && error.nonRetryable === true && error.type !== FailureType.OutcomeUnknown);

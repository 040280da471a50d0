/** Where a step has a backup as a file for as long as it works with it: all of the database, for nobody else to read. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { evidenceFile } from '../../adapters/evidence/evidence-store.js';
import type { EvidencePlace, StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import type { Environment } from '../../contract/plan/environment.js';
import { isCancelled, knowBegun, withHeartbeat } from '../commands/heartbeat.js';
import { inOwnFolder, withOwnTrouble } from '../commands/own-trouble.js';
import { evidencePath } from '../commands/recorded-commands.js';

interface Step {
  key: StepKey;
  evidence: EvidencePlace;
  environment: Environment;
}

/** What a step works with. */
export interface Draft {
  /** Where the backup is that is a file. */
  file: string;
  signal: AbortSignal;
}

/** Where the commands of steps have their records. */
export interface Records {
  /** The folder, on the machine that runs the commands. */
  state: string;
  /** Who the runner is: nothing is begun in a folder that is another's by now. */
  runner?: string;
}

/**
 * Work whose commands have their records in the runner's own folder, and its file in a place of the step's own.
 * @param progress how far it is
 */
export function inOwnDraft<Result>(
  records: Records,
  step: Step,
  work: (draft: Draft) => Promise<Result>,
  progress?: () => unknown,
): Promise<Result> {
  const title = step.key.step;
  knowBegun(step.key);
  const inside = (signal: AbortSignal) => () => inDraft(step, (file) => work({ file, signal }));
  return withHeartbeat((signal) => inOwnFolder(records, title, () => withOwnTrouble(title, inside(signal))), progress);
}

/** The same file for every attempt of a step, as its commands run once for all of them. It is gone afterwards. */
async function inDraft<Result>(step: Step, work: (file: string) => Promise<Result>): Promise<Result> {
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
function isOver(error: unknown): boolean {
  if (!(error instanceof ApplicationFailure && error.nonRetryable)) return isCancelled();
  return error.type !== FailureType.OutcomeUnknown;
}

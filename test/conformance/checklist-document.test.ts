/** The team's own checklist, read from the disk beside the plan. */
import { execFileSync } from 'node:child_process';
import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PlanError } from '../../src/plan/core/problems.js';
import { loadPlan } from '../../src/plan/load.js';
import { SHIPPED, shippedText, write } from '../plan/plan-files.js';
import { type Answer, conforms } from './reader.js';

const DOCUMENT = 'eduautismo-checklist.pt.md';
const whole = loadPlan(SHIPPED).resolved.document ?? '';

/** Loads the shipped plan beside a checklist that is put there by `put`. */
async function read(put: (file: string) => void): Promise<Answer> {
  const plan = write('plan.yaml', shippedText);
  const file = join(dirname(plan), DOCUMENT);
  unlinkSync(file);
  put(file);
  try {
    return { known: loadPlan(plan).resolved.document };
  } catch (error) {
    if (error instanceof PlanError) return { unknown: error.message };
    throw error;
  }
}

const holding = (content: string | Buffer) => () => read((file) => writeFileSync(file, content));

conforms('plan/checklist/resolve-document.ts', {
  value: holding(whole),
  none: () => read(() => undefined),
  hidden: () => read((file) => symlinkSync(file, file)),
  partial: holding(Buffer.from(whole).subarray(0, Buffer.from(whole).indexOf(0xc3) + 1)),
  error: () => read((file) => symlinkSync(dirname(file), file)),
  hang: () => read((file) => execFileSync('mkfifo', [file])),
  nonsense: holding('> '.repeat(40_000)),
  huge: () => read((file) => symlinkSync('/dev/zero', file)),
});

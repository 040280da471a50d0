import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from './folders.js';

/** The faults that the target can show; sandbox/target/releases/base/backend/app/fault_catalogue.py has their parameters. */
export const FAULT_NAMES = [
  'errors',
  'latency',
  'deadlocks',
  'memory',
  'crash',
  'lost-rows',
  'critical-logs',
  'cpu',
] as const;

export type FaultName = (typeof FAULT_NAMES)[number];

/** Numbers as the catalogue names them; `when` limits the fault to a release or to a revision of the database. */
export type FaultParameters = { [parameter: string]: number | { version?: string; revision?: string } | undefined } & {
  when?: { version?: string; revision?: string };
};

/** Switches one fault on (or changes it) in an environment's folder; the application notices within 0.2 s. */
export async function setFault(
  environmentFolder: string,
  name: FaultName,
  parameters: FaultParameters = {},
): Promise<void> {
  const path = join(environmentFolder, 'faults.json');
  const present = await readFile(path, 'utf8').catch(() => '{}');
  const faults = JSON.parse(present) as Record<string, FaultParameters>;
  await writeAtomically(path, `${JSON.stringify({ ...faults, [name]: parameters }, null, 2)}\n`);
}

/** Switches every fault off. */
export async function clearFaults(environmentFolder: string): Promise<void> {
  await rm(join(environmentFolder, 'faults.json'), { force: true });
}

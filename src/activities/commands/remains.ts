/** What is left of commands that are not known to have ended: looked for, and ended, when a person has said so. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stepFolder, stopRecorder } from '../../adapters/commands/recorder.js';
import { readClaim, readEnd, remainsOf, UnreadableRecord } from '../../adapters/commands/records.js';
import { endSurvivors, type Survivor } from '../../adapters/commands/survivors.mjs';
import type { StepKey } from '../../contract/activities/step.js';

/** A process, for people. */
export const processText = ({ pid, name }: Survivor): string => `${pid} (${name})`;

/**
 * Ends all that is left of a step's commands, and of those of its parts (`staging.reversibility.deploy-main`). What a
 * command that ended by itself has left running are services.
 * @returns what could not be ended, in words
 */
export async function endRemains(state: string, key: StepKey): Promise<string[]> {
  const alive: string[] = [];
  for (const folder of await foldersOf(state, key)) {
    const end = await readable(readEnd(folder));
    if (end && end.alive === undefined) continue;
    const claim = await readable(readClaim(folder));
    if (claim) await stopRecorder(claim);
    const left = await endSurvivors((await readable(remainsOf(folder))) ?? { folder });
    alive.push(...left.map(processText));
  }
  return alive;
}

/** A record that cannot be understood says nothing. */
const readable = <T>(record: Promise<T>): Promise<T | undefined> =>
  record.catch((error: unknown) => {
    if (error instanceof UnreadableRecord) return undefined;
    throw error;
  });

/** The folder of each command; of one whose records are gone, its processes carry the name still. */
async function foldersOf(state: string, key: StepKey): Promise<string[]> {
  const own = dirname(stepFolder(state, key, 'any'));
  const steps = dirname(dirname(own));
  const parts = (await namesIn(steps)).filter((name) => name.startsWith(`${key.step}.`));
  const generations = [own, ...parts.map((part) => join(steps, part, String(key.generation)))];
  const found = await Promise.all(
    generations.map(async (folder) => {
      const names = await namesIn(folder, 'folders');
      return names.length > 0 ? names.map((name) => join(folder, name)) : [folder];
    }),
  );
  return found.flat();
}

async function namesIn(folder: string, only?: 'folders'): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => only === undefined || entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

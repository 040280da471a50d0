/** Which Surefoot this is: the release, and the build of its code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from './folders.js';

/** The version of the package: `0.1.0`. Another release may put the same report into other words. */
export function release(): string {
  const { version } = JSON.parse(readFileSync(join(projectFolder(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The build that was made of this code: `0.1.0-4be1c2a09d35`, the release and a hash of what workflows run. */
export const ownBuild = (): string => readFileSync(join(projectFolder(), 'dist', 'build-id'), 'utf8').trim();

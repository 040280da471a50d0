/** Which Surefoot this is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from './folders.js';

/** The version of the package: `0.1.0`. Another release may put the same report into other words. */
export function release(): string {
  const { version } = JSON.parse(readFileSync(join(projectFolder(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

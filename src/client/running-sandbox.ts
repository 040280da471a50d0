import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultHome } from '../../sandbox/local/folders.js';
import type { SandboxDescription } from '../../sandbox/local/sandbox.js';

/** The sandbox that runs in the state folder, if one does. */
export function runningSandbox(home: string = defaultHome()): SandboxDescription | undefined {
  try {
    const description = JSON.parse(readFileSync(join(home, 'sandbox.json'), 'utf8')) as SandboxDescription;
    return isAlive(description.pid) ? description : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

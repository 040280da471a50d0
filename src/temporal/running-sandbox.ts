import { join } from 'node:path';
import type { EnvironmentName } from '../contract/plan/environment.js';
import { readTextSync } from '../files/bounded-files.js';
import { defaultHome } from '../local/folders.js';

const LARGEST = 100_000;

/** What the sandbox writes of itself into `sandbox.json`, as far as it is read here. */
export interface RunningSandbox {
  pid: number;
  temporal: { address: string; uiUrl: string; namespace: string };
  /** As SUREFOOT_PAYLOAD_KEYS has them. */
  payloadKeys?: string;
  postgres: { clientTools: { pgDump: string } };
  target: { binFolder: string; environments: Record<EnvironmentName, { folder: string }> };
}

/** The sandbox that runs in the state folder, if one does. */
export function runningSandbox(home: string = defaultHome()): RunningSandbox | undefined {
  try {
    const description = JSON.parse(readTextSync(join(home, 'sandbox.json'), LARGEST)) as RunningSandbox;
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

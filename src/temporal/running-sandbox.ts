import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentName } from '../contract/plan/environment.js';
import { defaultHome } from '../local/folders.js';

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
    const description = JSON.parse(readFileSync(join(home, 'sandbox.json'), 'utf8')) as RunningSandbox;
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

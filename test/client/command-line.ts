/** The command line within the process of a test. */
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { COMMANDS } from '../../src/client/command-table.js';
import { run } from '../../src/client/program.js';
import type { WorkflowServer } from '../helpers/workflow-server.js';

/** What tests here run asks this server, from a home of its own; what it leaves in the process is taken back. */
export function commandsAsk(temporal: Pick<WorkflowServer, 'address' | 'folder'>): void {
  beforeEach(() => {
    vi.stubEnv('SUREFOOT_HOME', join(temporal.folder, 'home'));
    vi.stubEnv('TEMPORAL_ADDRESS', temporal.address);
    vi.stubEnv('TEMPORAL_CONFIG_FILE', join(temporal.folder, 'none.toml'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    process.exitCode = undefined;
  });
}

/** Runs a command, with what it writes caught. Spies of the test are restored too. */
export async function surefoot(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const into = (stream: 'out' | 'err') => (text: string | Uint8Array) => {
    written[stream] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into('out') as never);
  vi.spyOn(process.stderr, 'write').mockImplementation(into('err') as never);
  const code = await run(args, COMMANDS);
  vi.restoreAllMocks();
  return { code, ...written };
}

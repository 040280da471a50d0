import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ENVIRONMENTS, type EnvironmentName, targetLayout } from './target-layout.js';

/** Milliseconds that the target's own stop script gets before its processes are killed. */
const PATIENCE = 4000;

/** Stops the target's applications in both environments, if any run; fine when nothing was ever deployed. */
export async function stopApplications(home: string): Promise<void> {
  await Promise.all(ENVIRONMENTS.map((name) => stopApplication(home, name)));
}

async function stopApplication(home: string, name: EnvironmentName): Promise<void> {
  const layout = targetLayout(home);
  const script = join(layout.operations, 'stop.sh');
  const folder = layout.environment(name);
  if (!(await exists(join(folder, 'supervisor.pid')))) return;
  if (await exists(script)) {
    const { exitCode } = await execa(script, [name], {
      reject: false,
      timeout: PATIENCE,
      detached: true,
      cleanup: false,
    });
    if (exitCode === 0) return;
  }
  await killSupervisor(folder);
}

/** The supervisor leads a process group with the application in it. Killed only if it is this environment's. */
async function killSupervisor(folder: string): Promise<void> {
  const pid = Number.parseInt(await readFile(join(folder, 'supervisor.pid'), 'utf8').catch(() => ''), 10);
  if (!(pid > 1)) return;
  const { stdout, exitCode } = await execa('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { reject: false });
  if (exitCode !== 0 || !stdout.includes('supervisor.py') || !stdout.includes(folder)) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

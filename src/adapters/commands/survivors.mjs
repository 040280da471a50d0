// Plain JavaScript, because the recorder is started as a program of its own and must need nothing but Node.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The variable by which a command's processes are known: its value is the folder of its records. */
export const COMMAND_MARK = 'SUREFOOT_COMMAND';

/** From SIGTERM to SIGKILL, and from there until it is given up, milliseconds. */
const GRACE = { SIGTERM: 5_000, SIGKILL: 1_000 };
const LOOK = 50;

/**
 * What of a command runs now.
 * @param {import('./survivors.mjs').Remains} remains
 * @returns {import('./survivors.mjs').Survivor[]}
 */
export function survivors(remains) {
  const found = process.platform === 'linux' ? fromProc(remains) : fromPs(remains);
  return found.filter(({ pid }) => pid !== process.pid);
}

/**
 * Ends what is left of a command: SIGTERM, then SIGKILL.
 * @param {import('./survivors.mjs').Remains} remains
 * @returns {Promise<import('./survivors.mjs').Survivor[]>} what could not be ended
 */
export async function endSurvivors(remains) {
  const asked = new Set();
  for (const [signal, grace] of Object.entries(GRACE)) {
    const until = performance.now() + grace;
    do {
      const alive = survivors(remains);
      if (alive.length === 0) return [];
      for (const { pid } of alive) {
        // Asked once; what is killed may have begun others since.
        if (signal === 'SIGKILL' || !asked.has(pid)) send(pid, signal);
        asked.add(pid);
      }
      await sleep(LOOK);
    } while (performance.now() < until);
  }
  return survivors(remains);
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or is another user's: whoever looks again sees which.
  }
}

function fromProc({ folder, group }) {
  // Of a folder that holds those of several commands, all of them.
  const marks = ['\0', '/'].map((end) => Buffer.from(`\0${COMMAND_MARK}=${folder}${end}`));
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // A zombie has ended.
      if (state === 'Z' || state === 'X') return [];
      if (group !== undefined && Number(itsGroup) === group) return [{ pid, name }];
      const environment = environmentOf(pid);
      return marks.some((mark) => environment.includes(mark)) ? [{ pid, name }] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

/** Empty where it cannot be read: another user's. */
function environmentOf(pid) {
  try {
    return Buffer.concat([Buffer.from('\0'), readFileSync(`/proc/${pid}/environ`)]);
  } catch {
    return Buffer.alloc(0);
  }
}

function fromPs({ group }) {
  if (group === undefined) return [];
  const env = { PATH: process.env.PATH };
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env };
  const lines = execFileSync('ps', ['-axo', 'pid=,pgid=,state=,comm='], options).trim().split('\n');
  return lines.flatMap((line) => {
    const [pid, itsGroup, state, ...name] = line.trim().split(/\s+/);
    if (Number(itsGroup) !== group || state.startsWith('Z')) return [];
    return [{ pid: Number(pid), name: name.join(' ') }];
  });
}

// Plain JavaScript, because the recorder is started as a program of its own and must need nothing but Node.
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Says which process a pid stands for: boot and start time, so that a pid given to another process is noticed.
 * @param {number} pid
 * @returns {string | undefined} undefined when no such process runs (a zombie has ended)
 */
export function processIdentity(pid) {
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  } catch {
    return undefined;
  }
}

function fromProc(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may hold spaces; the rest is counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X') return undefined;
  return `${bootOf()} ${startTime}`;
}

const bootOf = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/**
 * Where pids mean the same processes: one boot of one machine, and one container of it.
 * @returns {string | undefined} undefined where nothing tells
 */
export function processPlace() {
  try {
    return process.platform === 'linux' ? `${bootOf()} ${readlinkSync('/proc/self/ns/pid')}` : undefined;
  } catch {
    return undefined;
  }
}

function fromPs(pid) {
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env };
  const [state, ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], options)
    .trim()
    .split(/\s+/);
  return state === undefined || state.startsWith('Z') ? undefined : started.join(' ');
}

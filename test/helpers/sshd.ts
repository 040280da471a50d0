/** A real OpenSSH server of a test's own: its host key, its one login key, a port on the loopback. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../../src/contract/plan/environment.js';
import { unusedPort } from '../../src/local/ports.js';
import { programOf } from './programs.js';

type SshServer = Extract<Server, { kind: 'ssh' }>;

export interface TestSshd {
  /** As a plan has it, with the right host key pinned. */
  server: SshServer;
  /** Other files of known hosts: without this host, and with another key for it. */
  unknownHost: string;
  wrongHost: string;
  /** The environment variable that gives the ssh client its login key. */
  agent: string;
  /** Cuts every connection, as a network that is gone does; what was started on the server is not told. */
  cutConnections(): Promise<void>;
  stop(): Promise<void>;
}

/** @throws Error when openssh-server is not installed */
export async function startSshd(): Promise<TestSshd> {
  const program = programOf('sshd', 'openssh-server');
  programOf('ssh-agent', 'openssh-client');
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-sshd-'));
  const file = (name: string) => join(folder, name);
  for (const name of ['host', 'other-host', 'login']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file(name)]);
  }
  const port = await unusedPort();
  const publicKey = (name: string) =>
    readFileSync(file(`${name}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  writeFileSync(file('known'), `[127.0.0.1]:${port} ${publicKey('host')}\n`);
  writeFileSync(file('unknown'), '');
  writeFileSync(file('wrong'), `[127.0.0.1]:${port} ${publicKey('other-host')}\n`);
  writeFileSync(file('authorized'), `${publicKey('login')}\n`, { mode: 0o600 });
  writeFileSync(
    file('config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${file('host')}`,
      `AuthorizedKeysFile ${file('authorized')}`,
      `PidFile ${file('pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
    ].join('\n'),
  );
  // Debian's package makes this folder when its own service starts; a server run by root wants it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const log: string[] = [];
  const sshd = spawn(program, ['-D', '-e', '-f', file('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  sshd.stderr.on('data', (chunk) => log.push(String(chunk)));
  const agent = await startAgent(file('agent.sock'), file('login'));
  await listening(sshd, log);
  return {
    server: { kind: 'ssh', host: '127.0.0.1', user: userInfo().username, port, knownHosts: file('known') },
    unknownHost: file('unknown'),
    wrongHost: file('wrong'),
    agent: file('agent.sock'),
    cutConnections: async () => {
      for (const pid of childrenOf(sshd.pid)) process.kill(pid, 'SIGKILL');
    },
    stop: async () => {
      for (const child of [sshd, agent]) await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startAgent(socket: string, key: string): Promise<ChildProcess> {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  for (let look = 0; !existsSync(socket) && look < 100; look++) await sleep(50);
  execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe' });
  return agent;
}

async function listening(sshd: ChildProcess, log: string[]): Promise<void> {
  for (let look = 0; look < 200; look++) {
    if (log.join('').includes('Server listening on 127.0.0.1')) return;
    if (sshd.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`sshd does not come up:\n${log.join('')}`);
}

/** The sessions: what the listening process has forked. A bare machine has no `ps`, and another system no /proc. */
function childrenOf(parent: number | undefined): number[] {
  const parents = existsSync('/proc/self/stat')
    ? readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [[Number(name), parentOf(name)]] : []))
    : execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number));
  return parents.flatMap(([child, of]) => (of === parent && child !== undefined ? [child] : []));
}

function parentOf(pid: string): number | undefined {
  try {
    // The program's name stands in parentheses and may hold anything.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')[1]);
  } catch {
    return undefined;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

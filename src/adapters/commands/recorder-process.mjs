// The recorder: runs one command and writes down how it ended, whatever becomes of the worker that asked for it.
// Plain JavaScript, because it is started as a program of its own and must need nothing but Node.
// Usage: node recorder-process.mjs FOLDER
import { spawn } from 'node:child_process';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { processIdentity } from './process-identity.mjs';

const STOP_GRACE = 5_000;
// A timer cannot be longer than this; longer ones would fire at once.
const LONGEST_TIMER = 2 ** 31 - 1;

const folder = process.argv[2];
const file = (name) => join(folder, name);
const command = JSON.parse(readFileSync(file('command.json'), 'utf8'));

let child;
let stopReason;
// Set up before anybody can learn this pid from started.json.
process.on('SIGTERM', () => stop('stopped'));
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});

const startedAt = Date.now();
if (!claim({ pid: process.pid, identity: processIdentity(process.pid), startedAt })) process.exit(0);
run();

/** The first act. Whoever makes started.json runs the command; a second recorder finds it there and leaves. */
function claim(content) {
  const draft = file(`started.${process.pid}.part`);
  writeDurably(draft, content);
  try {
    // A link, not an exclusive open: the name appears together with its content.
    linkSync(draft, file('started.json'));
    makeDurable(folder);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function run() {
  // Files, not pipes: the command can go on writing when this process is killed.
  const output = openSync(file('stdout.log'), 'w', 0o600);
  const errors = openSync(file('stderr.log'), 'w', 0o600);
  const begun = performance.now();
  let ended = false;
  const end = (outcome) => {
    if (ended) return;
    ended = true;
    const milliseconds = Math.round(performance.now() - begun);
    writeDurably(file('exit.part'), { ...outcome, stopReason, startedAt, endedAt: Date.now(), milliseconds });
    renameSync(file('exit.part'), file('exit.json'));
    process.exit(0);
  };
  if (stopReason) return end({ code: null, signal: null, error: 'stopped before it was started' });
  try {
    const [program, ...words] = command.argv;
    child = spawn(program, words, { cwd: command.cwd, stdio: ['ignore', output, errors], detached: true });
  } catch (error) {
    return end({ code: null, signal: null, error: error.message });
  }
  // The end of the command itself counts: services that it left running keep its output files open.
  child.on('exit', (code, signal) => afterGroup(() => end({ code, signal })));
  child.on('error', (error) => end({ code: null, signal: null, error: error.message }));
  if (child.pid !== undefined) {
    // Whole or not at all: this process may be killed at any moment, and others read it then.
    writeDurably(file('command-pid.part'), { pid: child.pid, identity: processIdentity(child.pid) });
    renameSync(file('command-pid.part'), file('command-pid.json'));
  }
  setTimeout(() => stop('timed out'), Math.min(command.timeout, LONGEST_TIMER));
}

/** SIGTERM to the command's whole group, SIGKILL when that was not enough. */
function stop(reason) {
  if (stopReason) return;
  stopReason = reason;
  signalGroup('SIGTERM');
  setTimeout(() => signalGroup('SIGKILL'), STOP_GRACE);
}

/** A command that was stopped has ended when its whole group has; one that ended by itself may leave services running. */
function afterGroup(done) {
  if (!stopReason) return done();
  const latest = performance.now() + STOP_GRACE + 1_000;
  const timer = setInterval(() => {
    if (signalGroup(0) && performance.now() < latest) return;
    clearInterval(timer);
    done();
  }, 20);
}

/** @returns whether the group was there to take the signal */
function signalGroup(signal) {
  if (child?.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

function writeDurably(path, content) {
  const descriptor = openSync(path, 'w', 0o600);
  writeSync(descriptor, JSON.stringify(content));
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** A name in a folder outlives a power cut only when the folder itself has been written. */
function makeDurable(path) {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

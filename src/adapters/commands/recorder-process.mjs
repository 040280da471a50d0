// The recorder: runs one command and writes down how it ended, whatever becomes of the worker that asked for it.
// Plain JavaScript, because it is started as a program of its own and must need nothing but Node.
// Usage: node recorder-process.mjs FOLDER
import { spawn } from 'node:child_process';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { processIdentity, processPlace } from './process-identity.mjs';
import { COMMAND_MARK, endSurvivors, survivors } from './survivors.mjs';

/** Of the records: who reads another one knows that it does not understand it. */
const FORMAT = 1;
/** What the end takes on the disk, taken before the command begins: a disk that fills up meanwhile hides no end. */
const END_BYTES = 4_096;
const LONGEST_ERROR = 1_000;
const MOST_ALIVE = 20;
const LOOK = 100;
// A timer cannot be longer than this; longer ones would fire at once.
const LONGEST_TIMER = 2 ** 31 - 1;

const folder = process.argv[2];
const file = (name) => join(folder, name);
/** Each recorder has its own: one that comes second must not touch the first one's. */
const reserved = file(`exit.${process.pid}.part`);

let child;
/** How the command's own process ended. */
let exit;
let stopReason;
let ended = false;
// Set up before anybody can learn this pid from started.json.
process.on('SIGTERM', () => stop('stopped'));
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});

const startedAt = Date.now();
const begun = performance.now();
const command = prepare();
run();

/** All that can fail before the command begins; the worker reads the reason from the exit code. */
function prepare() {
  try {
    const asked = JSON.parse(readFileSync(file('command.json'), 'utf8'));
    writeDurably(reserved, '{}');
    const claim = { pid: process.pid, identity: processIdentity(process.pid), place: processPlace(), startedAt };
    if (claimed(claim)) return asked;
  } catch (error) {
    discard(reserved);
    process.exit(Math.abs(error.errno ?? 0) || 1);
  }
  discard(reserved);
  process.exit(0);
}

/** The first act. Whoever makes started.json runs the command; a second recorder finds it there and leaves. */
function claimed(content) {
  const draft = file(`started.${process.pid}.part`);
  writeDurably(draft, JSON.stringify({ format: FORMAT, ...content }));
  try {
    // A link, not an exclusive open: the name appears together with its content.
    linkSync(draft, file('started.json'));
    makeDurable(folder);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    discard(draft);
  }
}

function run() {
  if (stopReason) return end({ code: null, signal: null, error: 'stopped before it was started' });
  try {
    // Files, not pipes: the command can go on writing when this process is killed.
    const output = openSync(file('stdout.log'), 'w', 0o600);
    const errors = openSync(file('stderr.log'), 'w', 0o600);
    const [program, ...words] = command.argv;
    child = spawn(program, words, {
      cwd: command.cwd,
      env: { ...process.env, [COMMAND_MARK]: folder },
      stdio: ['ignore', output, errors],
      detached: true,
    });
  } catch (error) {
    return end({ code: null, signal: null, error: error.message });
  }
  child.on('exit', (code, signal) => {
    exit = { code, signal };
    // The end of the command itself counts: services that it left running keep its output files open.
    if (stopReason) return;
    if (signal === null) end(exit);
    else awaitOthers();
  });
  child.on('error', (error) => end({ code: null, signal: null, error: error.message }));
  if (child.pid !== undefined) keepPid();
  setTimeout(() => stop('timed out'), Math.min(command.timeout, LONGEST_TIMER));
}

/** For those who look for what is left of it; its mark tells them too. */
function keepPid() {
  try {
    // Whole or not at all: this process may be killed at any moment, and others read it then.
    const content = { format: FORMAT, pid: child.pid, identity: processIdentity(child.pid) };
    writeDurably(file('command-pid.part'), JSON.stringify(content));
    renameSync(file('command-pid.part'), file('command-pid.json'));
  } catch {
    // A full disk: the command runs, and its end has its place.
  }
}

/** A command that somebody has killed leaves others at work who did not hear of it: it has ended when they have. */
function awaitOthers() {
  if (ended || stopReason) return;
  if (remaining().length === 0) end(exit);
  else setTimeout(awaitOthers, LOOK);
}

/** SIGTERM to all that belongs to the command, SIGKILL when that was not enough. */
async function stop(reason) {
  if (stopReason) return;
  stopReason = reason;
  if (child?.pid === undefined) return;
  const alive = await endSurvivors(remains());
  end({ code: null, signal: null, ...exit, ...(alive.length > 0 ? { alive: alive.slice(0, MOST_ALIVE) } : {}) });
}

const remains = () => ({ folder, group: child.pid });
const remaining = () => survivors(remains());

function end(outcome) {
  if (ended) return;
  ended = true;
  const milliseconds = Math.round(performance.now() - begun);
  const error = outcome.error?.slice(0, LONGEST_ERROR);
  const times = { startedAt, endedAt: Date.now(), milliseconds };
  writeDurably(reserved, JSON.stringify({ format: FORMAT, ...outcome, error, stopReason, ...times }), 'r+');
  renameSync(reserved, file('exit.json'));
  process.exit(0);
}

/** @param how `r+` writes over what is there: on most file systems that needs no new space */
function writeDurably(path, text, how = 'w') {
  const descriptor = openSync(path, how, 0o600);
  writeSync(descriptor, text.padEnd(END_BYTES));
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** A name in a folder outlives a power cut only when the folder itself has been written. */
function makeDurable(path) {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function discard(path) {
  try {
    unlinkSync(path);
  } catch {
    // It was never made, or cannot be taken away: nobody reads it.
  }
}

// Loaded into the worker of a run and into its recorders (NODE_OPTIONS). In a recorder it kills at exactly the moment that
// was asked for: the worker, the recorder itself, or both. A worker hands none of its variables on: in it, this sees to it
// that recorders get theirs.
// Plain JavaScript, as the recorder is.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join, sep } from 'node:path';

const folder = process.env.SUREFOOT_KILLS;
const isRecorder = (file) => basename(file ?? '') === 'recorder-process.mjs';
if (folder && isRecorder(process.argv[1])) watch(process.argv[2] ?? '');
else if (folder) tellRecorders();

function tellRecorders() {
  const { spawn } = childProcess;
  const { SUREFOOT_KILLS, NODE_OPTIONS } = process.env;
  childProcess.spawn = (program, words, options) =>
    spawn(program, words, {
      ...options,
      env: isRecorder(words?.[0]) ? { ...options?.env, SUREFOOT_KILLS, NODE_OPTIONS } : options?.env,
    });
  syncBuiltinESMExports();
}

/** @param {string} stepFolder .../steps/DEPLOYMENT/STEP/GENERATION/NAME */
function watch(stepFolder) {
  const { linkSync, renameSync } = fs;
  const [step, generation, name] = stepFolder.split(sep).slice(-3);
  const at = (moment) => come(`${step}/${generation}/${name} ${moment}`);
  fs.linkSync = (from, to) => {
    at('claiming');
    linkSync(from, to);
    at('claimed');
  };
  fs.renameSync = (from, to) => {
    const file = basename(to);
    if (file === 'exit.json') at('ended');
    renameSync(from, to);
    if (file === 'exit.json') at('recorded');
    if (file === 'command-pid.json') at('running');
  };
  syncBuiltinESMExports();
}

/** @param {string} moment */
function come(moment) {
  const { writeFileSync } = fs;
  fs.appendFileSync(join(folder, 'moments.log'), `${moment}\n`);
  const kill = JSON.parse(fs.readFileSync(join(folder, 'kills.json'), 'utf8')).find((one) => one.moment === moment);
  if (!kill) return;
  try {
    writeFileSync(join(folder, `fired ${moment.replaceAll('/', ' ')}`), '', { flag: 'wx' });
  } catch {
    // Each is killed once.
    return;
  }
  if (kill.who !== 'recorder' && !killWorker()) return;
  fs.appendFileSync(join(folder, 'fired.log'), `${moment}\n`);
  if (kill.who !== 'worker') process.kill(process.pid, 'SIGKILL');
}

/** One that is being started anew is waited for, so that the kill hits somebody. */
function killWorker() {
  for (let tries = 0; tries < 200; tries++) {
    try {
      process.kill(Number(fs.readFileSync(join(folder, 'worker.pid'), 'utf8')), 'SIGKILL');
      return true;
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
  return false;
}

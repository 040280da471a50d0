// Loaded into every Node process of a run (NODE_OPTIONS). In a recorder it kills at exactly the moment that was asked for:
// the worker, the recorder itself, or both. In any other process it does nothing.
// Plain JavaScript, as the recorder is.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join, sep } from 'node:path';

const folder = process.env.SUREFOOT_KILLS;
if (folder && basename(process.argv[1] ?? '') === 'recorder-process.mjs') watch(process.argv[2] ?? '');

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

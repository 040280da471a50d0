/**
 * `npm run test:kill`: SIGKILL at each moment of a deployment and of its three rollbacks, for the worker, the recorder of
 * a command, and both. Prints a table, and JSON on the last line. Exit 1 when anything was lost, done twice, or ended
 * otherwise than undisturbed; 2 for a wrong option.
 *
 * With `--who troubles`, or one of them, servers are restarted and connections spoiled instead.
 *
 *   npm run test:kill -- [--path happy|code|migration|full] [--who worker|recorder|both|troubles] [--sample N] [--lanes N]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PATHS, type Path } from './plan.js';
import { VICTIMS, type Victim } from './run.js';
import { isClean, type Row, type SweepOptions, sweep } from './sweep.js';
import { isTrouble, TROUBLES } from './troubles.js';

function read(): SweepOptions {
  const { values } = parseArgs({
    options: Object.fromEntries(['path', 'who', 'sample', 'lanes'].map((name) => [name, { type: 'string' as const }])),
  });
  const { path, who, sample, lanes = '6' } = values as Record<string, string | undefined>;
  if (path !== undefined && !PATHS.some((one) => one === path)) throw new Error(`--path is one of ${PATHS.join(', ')}`);
  const isKnown = who === undefined || who === 'troubles' || isTrouble(who) || VICTIMS.some((one) => one === who);
  if (!isKnown) throw new Error(`--who is one of ${[...VICTIMS, 'troubles', ...TROUBLES].join(', ')}`);
  for (const [name, count] of Object.entries({ sample, lanes })) {
    if (count !== undefined && !(Number.isInteger(Number(count)) && Number(count) > 0))
      throw new Error(`--${name} is a count`);
  }
  return {
    paths: path === undefined ? [...PATHS] : [path as Path],
    victims: who === undefined ? [...VICTIMS] : who === 'troubles' ? TROUBLES : [who as Victim],
    sample: sample === undefined ? undefined : Number(sample),
    lanes: Number(lanes),
    progress: (text) => console.error(text),
  };
}

function table(rows: Row[]): string {
  const head = ['path', 'killed', 'events', 'moments', 'swept', 'missed', 'runs', 'lost', 'doubled', 'overlapping'];
  const lines = rows.map((row) => [
    ...[row.path, row.who, row.events, row.moments, row.swept, row.missed.length, row.runs],
    ...[
      row.lost.length,
      row.doubled.length,
      row.overlapping.length,
      row.endings.length,
      row.otherwise.length,
      row.seconds,
    ],
  ]);
  const all = [[...head, 'other endings', 'sound ones', 'seconds'], ...lines].map((cells) => cells.map(String));
  const widths = all[0]?.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return all.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}

let options: SweepOptions;
try {
  options = read();
} catch (error) {
  console.error((error as Error).message);
  process.exit(2);
}
const folder = await mkdtemp(join(tmpdir(), 'surefoot-kill-'));
const load = loadavg()[0]?.toFixed(1);
let clean = false;
try {
  const rows = await sweep(folder, options);
  clean = rows.every(isClean);
  console.log(`${new Date().toISOString()}, ${cpus().length} cores, load before ${load}`);
  console.log(table(rows));
  const kinds = ['lost', 'doubled', 'overlapping', 'endings', 'otherwise', 'missed'] as const;
  for (const row of rows) {
    for (const kind of kinds) for (const what of row[kind]) console.log(`${row.path}, ${row.who}: ${kind}: ${what}`);
  }
  console.log(JSON.stringify(rows));
} finally {
  if (clean) await rm(folder, { recursive: true, force: true });
  else console.error(`What the runs have left is in ${folder}.`);
}
process.exitCode = clean ? 0 : 1;

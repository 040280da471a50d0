/**
 * `npm run test:kill`: SIGKILL at each moment of a deployment and of its three rollbacks, for the worker, the recorder of
 * a command, and both. Prints a table, and JSON on the last line. Exit 1 when anything was lost, done twice, or ended
 * otherwise than undisturbed; 2 for a wrong option.
 *
 * With `--who troubles`, or one of them, servers are restarted and connections spoiled instead. A rollback is swept from its
 * breach on: what comes before is the happy path's (`shared`). With `--shard 2/8` only the second of eight parts is swept;
 * the numbers of all eight add up.
 *
 *   npm run test:kill -- [--path happy|code|migration|full] [--who worker|recorder|both|troubles] [--sample N] [--lanes N]
 *     [--shard K/N]
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
  const names = ['path', 'who', 'sample', 'lanes', 'shard'];
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  const { path, who, sample, lanes = '6', shard } = values as Record<string, string | undefined>;
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
    shard: shard === undefined ? undefined : readShard(shard),
    progress: (text) => console.error(text),
  };
}

function readShard(text: string): NonNullable<SweepOptions['shard']> {
  const [nth = 0, of = 0] = /^\d+\/\d+$/.test(text) ? text.split('/').map(Number) : [];
  if (nth < 1 || nth > of) throw new Error('--shard is K/N: the Kth of N parts');
  return { nth, of };
}

function table(rows: Row[]): string {
  const head = ['path', 'killed', 'events', 'moments', 'shared', 'swept', 'missed', 'runs', 'lost', 'doubled'];
  const lines = rows.map((row) => [
    ...[row.path, row.who, row.events, row.moments, row.shared, row.swept, row.missed.length, row.runs],
    ...[
      row.lost.length,
      row.doubled.length,
      row.overlapping.length,
      row.endings.length,
      row.otherwise.length,
      row.seconds,
    ],
  ]);
  const all = [[...head, 'overlapping', 'other endings', 'sound ones', 'seconds'], ...lines].map((cells) =>
    cells.map(String),
  );
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

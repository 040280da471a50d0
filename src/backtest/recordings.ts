/** Recorded samples as they are found: a series of the evidence store, or a table. */
import { readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { type Sample, sampleOf } from '../domain/watch/criteria.js';
import { readSeriesLine } from '../domain/watch/series.js';
import { readTextSync, whyUnread } from '../files/bounded-files.js';
import type { Recording, Tick } from './evaluate.js';

/** Nothing can be read from there; `hint` says what to do. */
export class NoRecording extends Error {
  override name = 'NoRecording';
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** A recording, and the watch whose series it is by its name. */
export interface FoundRecording extends Recording {
  file: string;
  /** `watch-1h` of `series/watch-1h.jsonl`. */
  monitor: string;
  /** One of several of a run, which are told apart by their names. */
  ofRun: boolean;
}

/** Bytes. A day's watch of many metrics has some 10 MB. */
const LARGEST = 256_000_000;

const FORMS =
  'A recording is a series of the evidence (`series/WATCH.jsonl`) or a CSV file with the columns at, metric, value.';

/**
 * The recordings of a file, of a deployment's evidence folder, or of the deployment with this ID in the evidence store.
 * @throws NoRecording
 */
export function findRecordings(from: string, evidence: string): FoundRecording[] {
  const place = [from, join(evidence, from)].find((path) => isThere(path));
  if (place === undefined) {
    const known = listFolder(evidence).filter((name) => isThere(join(evidence, name, 'series')));
    const runs = known.length > 0 ? `Recorded there: ${known.slice(-10).join(', ')}.` : `${evidence} holds none.`;
    throw new NoRecording(`There is no file, folder or deployment "${from}" in ${evidence}`, `${runs} ${FORMS}`);
  }
  if (!statSync(place).isDirectory()) return [{ ...readRecording(place), ofRun: false }];
  const folder = isThere(join(place, 'series')) ? join(place, 'series') : place;
  const files = listFolder(folder).filter((name) => /\.(jsonl|csv)$/i.test(name));
  if (files.length === 0) throw new NoRecording(`${folder} holds no recorded samples`, FORMS);
  return files.map((name) => ({ ...readRecording(join(folder, name)), ofRun: true }));
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** @throws NoRecording */
function readRecording(file: string): Omit<FoundRecording, 'ofRun'> {
  const text = readText(file);
  const read = /\.csv$/i.test(file) ? readTable(text, file) : parseSeries(text);
  if (read.ticks.length === 0) throw new NoRecording(`${file} holds no recorded samples`, FORMS);
  return { name: file, file, monitor: basename(file, extname(file)), ...read };
}

function readText(file: string): string {
  try {
    return readTextSync(file, LARGEST);
  } catch (error) {
    throw new NoRecording(`${file} cannot be read (${whyUnread(error)})`, FORMS);
  }
}

/** Lines of a series in their order; what a dying worker has left half written, and what is no series, is counted. */
export function parseSeries(text: string): Pick<Recording, 'ticks' | 'unreadable'> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const ticks = lines.flatMap((line): Tick[] => {
    try {
      const { at, values } = JSON.parse(line) as { at?: unknown; values?: unknown };
      if (!isTime(at) || typeof values !== 'object' || values === null) return [];
      const readable = Object.values(values).every((written: unknown) =>
        Array.isArray(written)
          ? written.every((pair: unknown) => Array.isArray(pair) && isTime(pair[0]) && isWritten(pair[1]))
          : isWritten(written),
      );
      return readable ? [{ at, samples: readSeriesLine(line) }] : [];
    } catch {
      return [];
    }
  });
  return { ticks, unreadable: lines.length - ticks.length };
}

/** A sample as `src/domain/watch/series.ts` writes it. */
function isWritten(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) {
    const { noData, error } = value as { noData?: unknown; error?: unknown };
    return typeof (noData ?? error) === 'string';
  }
  return typeof value === 'number' || value === 'NaN' || value === '+Inf' || value === '-Inf';
}

const isTime = (at: unknown): at is number => typeof at === 'number' && Number.isFinite(at);

/**
 * A table `at,metric,value`: `at` is ISO 8601 or epoch milliseconds, an empty value is no data, and NaN, +Inf and -Inf are
 * as Prometheus writes them. The rows of one time are one tick.
 * @throws NoRecording that names the line
 */
export function readTable(text: string, file: string): Pick<Recording, 'ticks' | 'unreadable'> {
  const [heading = '', ...rows] = text.split(/\r?\n/);
  const columns = cells(heading).map((name) => name.toLowerCase());
  const place = { at: columns.indexOf('at'), metric: columns.indexOf('metric'), value: columns.indexOf('value') };
  if (Object.values(place).includes(-1)) {
    throw new NoRecording(`${file}:1 has the columns ${columns.join(', ')}`, 'They must be at, metric, value.');
  }
  const byTime = new Map<number, Tick>();
  for (const [index, row] of rows.entries()) {
    if (row.trim() === '') continue;
    const cell = cells(row);
    const wrong = (what: string) => new NoRecording(`${file}:${index + 2}: ${what}`, FORMS);
    const at = timeOf(cell[place.at] ?? '');
    const metric = cell[place.metric];
    if (at === undefined) throw wrong(`"${cell[place.at]}" is no time; write ISO 8601 or epoch milliseconds`);
    if (!metric) throw wrong('it names no metric');
    const sample = sampleIn(cell[place.value] ?? '', at);
    if (!sample) throw wrong(`"${cell[place.value]}" is no number`);
    const tick = byTime.get(at) ?? { at, samples: {} };
    tick.samples[metric] = [...(tick.samples[metric] ?? []), sample];
    byTime.set(at, tick);
  }
  return { ticks: [...byTime.values()].sort((one, other) => one.at - other.at), unreadable: 0 };
}

const cells = (row: string): string[] => row.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));

function timeOf(text: string): number | undefined {
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function sampleIn(text: string, at: number): Sample | undefined {
  if (text === '') return { at, kind: 'noData', reason: 'the table has no value' };
  if (text === 'NaN') return sampleOf(at, Number.NaN);
  if (/^[+-]Inf$/.test(text)) return sampleOf(at, text === '+Inf' ? Infinity : -Infinity);
  const value = Number(text);
  return Number.isNaN(value) ? undefined : sampleOf(at, value);
}

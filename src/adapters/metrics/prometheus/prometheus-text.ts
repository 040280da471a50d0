/**
 * Prometheus' text exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), read strictly: a line that is not understood is an
 * error with its number, since half a page would be taken for the whole.
 */
import type { Selector } from '../../../contract/plan/metrics.js';
import { type Matches, wholeMatcher } from '../../../domain/pattern.js';

export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
  /** Name and labels in a fixed order: equal for the same series of two pages. */
  key: string;
}

/**
 * A parsed page: its series by metric name. Histograms are there as `_bucket`, `_sum` and `_count`, as on the page. A
 * metric that was looked for and is not there has no series; one that was not looked for has no entry.
 */
export type Page = ReadonlyMap<string, readonly Series[]>;

/** The page is not in the text format. */
export class ParseFailure extends Error {
  override name = 'ParseFailure';
}

/** So many of the metrics that are looked for are remembered of a page: it may have all its 2 MB of them. */
export const MOST_SERIES = 20_000;

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,?)/y;
const REST = /\s*\s([^\s]+)(?:\s+(-?\d+))?\s*$/y;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * @param names the metrics to look for: a page may have many more. All when left out
 * @throws ParseFailure with the line's number and what is wrong with it, never with label values
 */
export function parsePage(text: string, names?: Iterable<string>): Page {
  const page = new Map<string, Series[]>();
  for (const name of names ?? []) page.set(name, []);
  const seen = new Set<string>();
  let number = 0;
  for (let from = 0; from <= text.length; ) {
    const lineEnd = text.indexOf('\n', from);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const written = text.slice(from, end).trim();
    from = end + 1;
    number += 1;
    if (written === '' || written.startsWith('#')) continue;
    const isWanted = names === undefined || page.has(nameOf(written) ?? '');
    const { name, labels, value } = parseLine(isWanted ? ownCopy(written) : written, number);
    if (!isWanted) continue;
    if (names !== undefined && seen.size === MOST_SERIES)
      throw new ParseFailure(`line ${number}: there are more than ${MOST_SERIES} series of the metrics that are read`);
    const others = page.get(name);
    const key = seriesKey(name, labels);
    if (seen.has(key)) throw new ParseFailure(`line ${number}: ${name} is there twice with the same labels`);
    seen.add(key);
    if (others) others.push({ name, labels, value, key });
    else page.set(name, [{ name, labels, value, key }]);
  }
  return page;
}

function nameOf(line: string): string | undefined {
  NAME.lastIndex = 0;
  return NAME.exec(line)?.[0];
}

/** A part of a text keeps the whole of it in memory: what is remembered of a page must not be one of the page. */
const ownCopy = (text: string): string => Buffer.from(text).toString();

function parseLine(line: string, number: number): Omit<Series, 'key'> {
  const name = nameOf(line);
  if (name === undefined) throw new ParseFailure(`line ${number}: no metric name`);
  let at = name.length;
  const labels: Record<string, string> = {};
  const open = /\s*\{/y;
  open.lastIndex = at;
  if (open.test(line)) {
    at = open.lastIndex;
    let comma = true;
    for (;;) {
      const close = /\s*\}/y;
      close.lastIndex = at;
      if (close.test(line)) {
        at = close.lastIndex;
        break;
      }
      LABEL.lastIndex = at;
      const label: RegExpExecArray | null = comma ? LABEL.exec(line) : null;
      if (!label) throw new ParseFailure(`line ${number}: the labels of ${name} are malformed`);
      const key = label[1] as string;
      if (Object.hasOwn(labels, key)) throw new ParseFailure(`line ${number}: ${name} has the label ${key} twice`);
      Object.defineProperty(labels, key, { value: unescaped(label[2] as string), enumerable: true });
      comma = label[3] === ',';
      at = LABEL.lastIndex;
    }
  }
  // `REST` wants a space before the value; after labels it may be missing.
  const rest = line.slice(at);
  REST.lastIndex = 0;
  const match = REST.exec(at > name.length ? ` ${rest}` : rest);
  const value = match ? parseValue(match[1] as string) : undefined;
  if (value === undefined) throw new ParseFailure(`line ${number}: ${name} has no number as its value`);
  return { name, labels, value };
}

const unescaped = (text: string) =>
  text.includes('\\')
    ? text.replace(/\\(.)/g, (whole, c: string) => ({ n: '\n', '\\': '\\', '"': '"' })[c] ?? whole)
    : text;

function parseValue(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (!special) return undefined;
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function seriesKey(name: string, labels: Record<string, string>): string {
  const names = Object.keys(labels);
  if (names.length === 0) return name;
  return `${name}{${names
    .sort()
    .map((label) => `${label}=${JSON.stringify(labels[label])}`)
    .join(',')}}`;
}

/**
 * The series that a selector means. A label value that starts with `~` is a regular expression that must match the
 * whole value, as in Prometheus; a label that is absent counts as empty.
 * @throws PatternError when the expression is none
 */
export function select<S extends Series>(page: ReadonlyMap<string, readonly S[]>, selector: Selector): S[] {
  const series = page.get(selector.name) ?? [];
  const wanted = Object.entries(selector.labels ?? {}).map(([label, value]) => ({
    label,
    matches: value.startsWith('~') ? anchored(value.slice(1)) : (seen: string) => seen === value,
  }));
  return series.filter(({ labels }) =>
    wanted.every(({ label, matches }) => matches(Object.hasOwn(labels, label) ? (labels[label] as string) : '')),
  );
}

const compiled = new Map<string, Matches>();

function anchored(pattern: string): Matches {
  let matches = compiled.get(pattern);
  if (!matches) {
    matches = wholeMatcher(pattern);
    compiled.set(pattern, matches);
  }
  return matches;
}

/** A selector as people write it: `http_requests_total{status=~"5.."}`. */
export function selectorText(selector: Selector): string {
  const labels = Object.entries(selector.labels ?? {}).map(([label, value]) =>
    value.startsWith('~') ? `${label}=~"${value.slice(1)}"` : `${label}="${value}"`,
  );
  return labels.length > 0 ? `${selector.name}{${labels.join(',')}}` : selector.name;
}

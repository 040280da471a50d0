/** What two values differ in: every part that one has and the other has not, or has otherwise. Pure. */
import { canonicalJson } from '../core/digest.js';

export interface Difference {
  /** `watches[watch-15m].tick`: elements of lists by their own names, where they have some. */
  path: string;
  /** Missing where there is no such part. */
  before?: unknown;
  after?: unknown;
}

/** None where, and only where, both have the same canonical JSON, and so the same digest. */
export function differencesOf(before: unknown, after: unknown, path = ''): Difference[] {
  if (isSame(before, after)) return [];
  if (isMap(before) && isMap(after)) return ofMaps(before, after, (key) => (path === '' ? key : `${path}.${key}`));
  if (Array.isArray(before) && Array.isArray(after)) {
    const name = nameIn([before, after]);
    if (name !== undefined) return ofNamed(byName(before, name), byName(after, name), path);
    if ([...before, ...after].every(isMap)) return ofMaps({ ...before }, { ...after }, (index) => `${path}[${index}]`);
  }
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

type Parts = Record<string, unknown>;

function ofMaps(before: Parts, after: Parts, pathOf: (key: string) => string): Difference[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differencesOf(own(before, key), own(after, key), pathOf(key)));
}

/** The order of what both have is a difference by itself: checks run in it. */
function ofNamed(before: Map<string, unknown>, after: Map<string, unknown>, path: string): Difference[] {
  const order = (of: Map<string, unknown>, other: Map<string, unknown>) =>
    [...of.keys()].filter((key) => other.has(key));
  const orders = { before: order(before, after), after: order(after, before) };
  const names = new Set([...before.keys(), ...after.keys()]);
  return [
    ...[...names].flatMap((name) => differencesOf(before.get(name), after.get(name), `${path}[${name}]`)),
    ...(isSame(orders.before, orders.after) ? [] : [{ path: `${path} (order)`, ...orders }]),
  ];
}

/** The key by which the elements of lists are told apart: each has it, and no two of a list the same. */
function nameIn(lists: readonly unknown[][]): string | undefined {
  return ['id', 'role', 'name', 'title'].find((key) =>
    lists.every((list) => {
      const names = list.map((element) => (isMap(element) ? own(element, key) : undefined));
      return names.every((name) => typeof name === 'string') && new Set(names).size === list.length;
    }),
  );
}

/** That a part is missing is another thing than that it is null. */
const isSame = (before: unknown, after: unknown): boolean =>
  before === undefined || after === undefined ? before === after : canonicalJson(before) === canonicalJson(after);

const byName = (list: readonly unknown[], key: string) =>
  new Map(list.map((element) => [String((element as Parts)[key]), element]));

const own = (map: Parts, key: string): unknown => (Object.hasOwn(map, key) ? map[key] : undefined);

const isMap = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What staging and production have alike is written once, in `environments.both`, and read as if each had it. */
import type { PlanDocument } from './core/document.js';
import type { Path } from './core/problems.js';

const SECTION = 'environments';
const BOTH = 'both';
const NAMES = ['staging', 'production'];

type Map = Record<string, unknown>;

/**
 * Each environment that is named, with what `both` says and it does not say itself: whole keys, with `{environment}`
 * filled in. What is wrong there is found in each, and located where it is written.
 */
export function withBoth(document: PlanDocument): PlanDocument {
  const { [SECTION]: section } = document.value;
  if (!isMap(section) || !isMap(section[BOTH])) return document;
  const { [BOTH]: both, ...own } = section as Map & { [BOTH]: Map };
  const filled = Object.entries(own).map(([name, said]) =>
    NAMES.includes(name) && (isMap(said) || said === null)
      ? [name, { ...(fill(both, name) as Map), ...(said as Map | null) }]
      : [name, said],
  );
  const isFromBoth = ([first, name, key]: Path): boolean =>
    first === SECTION &&
    NAMES.includes(String(name)) &&
    key !== undefined &&
    Object.hasOwn(both, key) &&
    !(isMap(own[String(name)]) && Object.hasOwn(own[String(name)] as Map, key));
  const written = (path: Path): Path => (isFromBoth(path) ? [SECTION, BOTH, ...path.slice(2)] : path);
  return {
    file: document.file,
    value: { ...document.value, [SECTION]: Object.fromEntries(filled) },
    locate: (path) => document.locate(written(path)),
    locateKey: (path) => document.locateKey(written(path)),
  };
}

function fill(value: unknown, environment: string): unknown {
  if (typeof value === 'string') return value.replaceAll('{environment}', environment);
  if (Array.isArray(value)) return value.map((element) => fill(element, environment));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [key, fill(content, environment)]));
}

const isMap = (value: unknown): value is Map => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Field paths of the plan's checks: `total`, `page.total`, `items[].id` (every element), `.` (the whole). */
import type { JsonType } from '../../contract/plan/application.js';

/** What a path led to. `missing` counts the places where the field was not there. */
export interface PathMatches {
  values: unknown[];
  missing: number;
}

/** Follows a path; `[]` goes into every element of a list, of which an empty one has none. */
export function follow(body: unknown, path: string): PathMatches {
  let values: unknown[] = [body];
  let missing = 0;
  if (path === '.') return { values, missing };
  for (const name of path.split('.').flatMap((part) => part.split(/(?=\[\])/))) {
    const next: unknown[] = [];
    for (const value of values) {
      if (name === '[]') {
        if (Array.isArray(value)) next.push(...value);
        else missing += 1;
      } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, name)) {
        next.push((value as Record<string, unknown>)[name]);
      } else missing += 1;
    }
    values = next;
  }
  return { values, missing };
}

export function hasType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/**
 * The shape of a JSON value for evidence: lists by their length and first element, text by its length, since answers
 * hold what people wrote about people. Numbers and booleans stay.
 */
export function outline(value: unknown, depth = 6): unknown {
  if (typeof value === 'string') return `text of ${value.length}`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value))
    return value.length === 0 ? [] : [`${value.length} elements, the first:`, outline(value[0], depth - 1)];
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 50)
      .map(([name, inner]) => [name, outline(inner, depth - 1)]),
  );
}

/** Times as applications tell them. */

const ZONED = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)? ?(?:Z|[+-]\d{2}:?\d{2})$/i;
const EPOCH = /^\d{9,13}(?:\.\d{1,9})?$/;
/** Larger ones are milliseconds: as seconds it would be the year 5138. */
const MOST_SECONDS = 1e11;

/**
 * ISO 8601 with its time zone, or seconds or milliseconds since 1970.
 * @returns epoch milliseconds; undefined for anything else, a time without a zone too: nobody knows when that is
 */
export function toldTime(text: string): number | undefined {
  const said = text.trim();
  if (EPOCH.test(said)) return Number(said) < MOST_SECONDS ? Number(said) * 1_000 : Number(said);
  const at = ZONED.test(said) ? Date.parse(said.replace(' ', 'T').replace(' ', '')) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** As much of PromQL as it takes to know which series a query reads (https://prometheus.io/docs/prometheus/latest/querying/basics/). */

/** A series as the query names it: `http_requests_total{job="api"}`. */
export interface SeriesName {
  name?: string;
  text: string;
}

const SKIPPED = /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\[[^\]]*\]|\d[\w.]*|[^\sa-zA-Z_:{"'`#[\d]/y;
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const MATCHERS = /\s*(\{(?:[^}"'`]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})/y;
const OPENS = /\s*\(/y;
const LABELS = /\s*\([^)]*\)/y;

/** Words that are followed by labels, which are no metrics. */
const GROUPING = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
/** Words that may stand alone: operators, and what `by (…)` may follow. */
const WORDS = new Set(
  'and or unless bool offset atan2 inf nan sum min max avg group stddev stdvar count count_values bottomk topk quantile limitk limit_ratio'.split(
    ' ',
  ),
);

/** The series that a query reads, in its order. What is no PromQL gives what it looks like: Prometheus says the rest. */
export function seriesNames(query: string): SeriesName[] {
  const found: SeriesName[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(query);
    if (match) at = pattern.lastIndex;
    return match;
  };
  while (at < query.length) {
    const skipped = take(SKIPPED);
    if (skipped !== null) continue;
    const word = take(NAME)?.[0];
    if (word === undefined) {
      const matchers = take(MATCHERS)?.[1];
      if (matchers === undefined) at += 1;
      else found.push(named(undefined, matchers));
      continue;
    }
    if (GROUPING.has(word.toLowerCase())) {
      take(LABELS);
      continue;
    }
    const isFunction = take(OPENS) !== null;
    if (isFunction || WORDS.has(word.toLowerCase())) continue;
    found.push(named(word, take(MATCHERS)?.[1] ?? ''));
  }
  return found;
}

function named(word: string | undefined, matchers: string): SeriesName {
  const name = word ?? /[{,]\s*__name__\s*=\s*["'`]([^"'`]*)["'`]/.exec(matchers)?.[1];
  return { ...(name === undefined ? {} : { name }), text: `${word ?? ''}${matchers}` };
}

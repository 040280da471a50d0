/** The boxes of a checklist with where they stand: what the headings above them say of phase, environment and time. */
import { boxesIn } from '../plan/checklist/boxes.js';
import { lineOf, nodesIn, type Placed, parseMarkdown } from '../plan/core/markdown.js';

/** Where of a deployment a section of a checklist is. */
export type SectionPlace = 'prerequisites' | 'staging' | 'soak' | 'approval' | 'production' | 'watch' | 'rollback';

export interface PlacedBox {
  /** Numbered as items are: by the number of its heading, where it has one, and its position below it. */
  id: string;
  title: string;
  /** Plain words, as {@link plain} has them: its own, and those of the heading right above it. */
  says: string;
  under: string;
  /** What the heading above it reads as. */
  section: string;
  place?: SectionPlace;
  environment: 'staging' | 'production';
  /** The time that its section speaks of, as a plan writes it: `1h`. */
  duration?: string;
}

/** Words without capitals, accents and Markdown's marks, so that one pattern finds them however they are written. */
export const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f`*_~]/g, '')
    .toLowerCase();

const STAGING = /\b(staging|homologacao|homolog|pre-?prod\w*|stage)\b/;
const PRODUCTION = /\b(production|producao|prod|go-?live)\b/;
const WATCHING = /monitor|observ|\bwatch|\bbake|\bsoak/;

/** Below such a heading nothing else counts; the title of the document may name it beside the rest. */
const ROLLBACK = /roll ?back|reverter|reversao/;

/** The first that fits counts: a sign-off for production comes before production. */
const PLACES: [SectionPlace, RegExp][] = [
  [
    'prerequisites',
    /pre-? ?requi|pre-?(deploy|release|flight|migra|launch|implant)|\bbefore\b|\bantes\b|\b[td] ?- ?[1-9]/,
  ],
  ['approval', /sign-?off|approv|aprova|go.?\/? ?no-?go|prepar|comunica|communicat/],
  [
    'watch',
    /(post|pos|after|apos)[- ]?(the )?(deploy|release|rollout|launch|implant|migra|mortem)|\bafter(wards)?$|\bdepois\b|\b[td] ?\+ ?\d/,
  ],
  ['staging', STAGING],
  ['production', PRODUCTION],
  ['watch', WATCHING],
  ['production', /\b(deploy|deployment|release|rollout|implantacao|during|durante|t-?0)\b/],
];

/** Every box of a document, in its order. */
export function placedBoxes(text: string): PlacedBox[] {
  const headings = headingsIn(text);
  const sections = new Map<string, number>();
  const numbers = new Map<number | undefined, string>();
  return boxesIn(text).map(({ line, title }) => {
    const above = headings.filter((heading) => heading.line < line);
    const around = innermostFirst(above);
    const real = around.findIndex(({ depth }) => depth <= DEEPEST);
    const nearest = around[real];
    const number = numbers.get(nearest?.line) ?? numberOf(nearest?.text) ?? `0.${numbers.size + 1}`;
    numbers.set(nearest?.line, number);
    const position = (sections.get(number) ?? 0) + 1;
    sections.set(number, position);
    const words = around.map(({ text: heading }) => plain(heading));
    const says = plain(title);
    const isRollback = around.some(
      ({ depth, text: heading }, index) => (depth > 1 || index === 0) && ROLLBACK.test(plain(heading)),
    );
    const place = isRollback ? 'rollback' : placeOf(words);
    return {
      id: `${number}.${position}`,
      title,
      says,
      under: words.slice(0, nearest === undefined ? undefined : real + 1).join(' '),
      section: nearest?.text ?? '',
      place,
      environment: environmentOf([says, ...words]),
      duration: words.map(durationIn).find((duration) => duration !== undefined),
    };
  });
}

interface Heading {
  line: number;
  depth: number;
  text: string;
}

/** Of Markdown's own headings. */
const DEEPEST = 6;
/** A line in bold right above a list heads its boxes where it says when, as in “**T+5 minutes**:”. */
const BOLD_LINE = /^\*\*[^*\n]+\*\*[^\n]{0,40}$/;
const COUNTED = /\b[td] ?[+-] ?\d/;
const saysWhen = (words: string): boolean => COUNTED.test(plain(words)) || durationIn(plain(words)) !== undefined;

function headingsIn(text: string): Heading[] {
  return [...nodesIn(parseMarkdown(text))].flatMap(({ node, within, start, end }) => {
    if (!node.position) return [];
    const line = lineOf(text, node.position.start);
    const written = text.slice(start, end);
    if (node.type === 'paragraph' && isAboveList({ node, within }) && BOLD_LINE.test(written) && saysWhen(written)) {
      return [{ line, depth: DEEPEST + 1, text: written }];
    }
    if (node.type !== 'heading') return [];
    const words = written.replace(/^\s*#+\s*|\s*#*\s*$|\s*\n[=-]+\s*$/g, '');
    return [{ line, depth: node.depth, text: words }];
  });
}

function isAboveList({ node, within }: Pick<Placed, 'node' | 'within'>): boolean {
  const [document, ...others] = within;
  const siblings: readonly Placed['node'][] = document?.type === 'root' ? document.children : [];
  return others.length === 0 && siblings[siblings.indexOf(node) + 1]?.type === 'list';
}

/** The heading right above, then the one that it is below, and so on. */
function innermostFirst(above: readonly Heading[]): Heading[] {
  const around: Heading[] = [];
  for (const heading of above.toReversed()) {
    if (heading.depth < (around.at(-1)?.depth ?? DEEPEST + 2)) around.push(heading);
  }
  return around;
}

const numberOf = (heading = ''): string | undefined => /^(\d+(?:\.\d+)*)[.)]?\s/.exec(heading)?.[1];

/** What is checked before anything starts stays that, whichever environment a heading in it speaks of. */
function placeOf(headings: readonly string[]): SectionPlace | undefined {
  const all = headings.map((words) => PLACES.find(([, pattern]) => pattern.test(words))?.[0]);
  if (all.includes('prerequisites')) return 'prerequisites';
  const innermost = all.findIndex((place) => place !== undefined);
  const isWatching = WATCHING.test(headings[innermost] ?? '');
  return all[innermost] === 'staging' && isWatching ? 'soak' : all[innermost];
}

function environmentOf(words: readonly string[]): PlacedBox['environment'] {
  const telling = words.find((one) => STAGING.test(one) !== PRODUCTION.test(one));
  return telling !== undefined && STAGING.test(telling) ? 'staging' : 'production';
}

/** Of both environments no one fact speaks. */
export const namesBoth = (says: string): boolean => STAGING.test(says) && PRODUCTION.test(says);

const UNITS: [RegExp, string][] = [
  [/(\d+) ?(?:min|minutes?|minutos?|m)\b/, 'm'],
  [/(\d+) ?-?(?:h|hours?|horas?|hrs?)\b/, 'h'],
  [/(\d+) ?(?:d|days?|dias?)\b/, 'd'],
];

/** The first length of time in plain words. */
export function durationIn(words: string): string | undefined {
  const found = UNITS.flatMap(([pattern, unit]) => {
    const amount = pattern.exec(words)?.[1];
    return amount === undefined || Number(amount) === 0 ? [] : [`${Number(amount)}${unit}`];
  });
  return found[0];
}

/** Walks a list page by page, in whichever way it is asked for: no element comes twice, none is missing. */
import type { Pages } from '../../contract/plan/application.js';
import { type HttpAnswer, jsonOf, NoAnswer } from '../http/http.js';
import { follow } from '../http/json-path.js';

/** A walk of more pages proves nothing more, and loads the application. */
const MOST_PAGES = 500;

export type AspectResult = [ok: boolean, text: string];

export interface PagedList {
  pages: Pages;
  /** The expected status of each page. */
  status: number;
  mayBeEmpty?: boolean;
  api: string;
  /** The path of a page, by the parameters that tell it from others. */
  page: (parameters: Record<string, string>) => string;
}

interface Page {
  /** Where the answer tells it. */
  total?: number;
  keys: string[];
  answer: HttpAnswer;
}

/**
 * Positions (`skip`, `offset`, `page`) are asked for up to the one after the last, which must be empty: a total that is
 * too low is no end of the list. A cursor or a link is followed until there is none.
 */
export async function walkPages(
  list: PagedList,
  ask: (path: string) => Promise<HttpAnswer | NoAnswer>,
): Promise<AspectResult> {
  const { size } = list.pages;
  const seen = new Set<string>();
  const asked = new Set<string>();
  let twice = 0;
  let total: number | undefined;
  let filled = 0;
  let next: string | undefined = list.page(firstOf(list.pages));
  for (let number = 0; next !== undefined; number += 1) {
    if (asked.has(next)) return [false, `page ${number + 1} would be asked for a second time: what follows leads back`];
    asked.add(next);
    const page = readPage(await ask(next), list);
    if (typeof page === 'string') return [false, `page ${number + 1}${page}`];
    total = page.total;
    if (number >= MOST_PAGES || (total !== undefined && total > MOST_PAGES * size)) {
      const count = total === undefined ? 'they' : `${total} elements`;
      return [false, `${count} are more than ${MOST_PAGES} pages of ${size}: choose larger pages in the plan`];
    }
    filled += page.keys.length > 0 ? 1 : 0;
    for (const key of page.keys) {
      if (seen.has(key)) twice += 1;
      seen.add(key);
    }
    const following = nextOf(list, page, number);
    if (typeof following === 'object') return [false, `page ${number + 1} ${following.wrong}`];
    next = following;
  }
  return judge(list, { seen: seen.size, twice, total, filled });
}

function judge(
  { pages: { size }, mayBeEmpty }: PagedList,
  { seen, twice, total, filled }: { seen: number; twice: number; total?: number; filled: number },
): AspectResult {
  const pages = total === undefined ? filled : Math.max(Math.ceil(total / size), 1);
  const of = total === undefined ? '; how many there are is not told' : ` of ${total}`;
  const text = `${pages} pages of ${size} hold ${seen} different elements${of}`;
  if (twice > 0) return [false, `${text}, ${twice} of them on two pages`];
  if (total !== undefined && seen !== total) return [false, text];
  if (pages > 1 || mayBeEmpty) return [true, text];
  return [
    false,
    `${total ?? seen} elements are one page of ${size}, which proves nothing: choose smaller pages in the plan`,
  ];
}

/** The parameters of the first page. */
const firstOf = (pages: Pages): Record<string, string> => {
  const { by } = pages;
  if (by === undefined || 'offset' in by || 'page' in by) return position(pages, 0);
  return { [by.limit]: String(pages.size) };
};

function position({ by = { offset: 'skip', limit: 'limit' }, size }: Pages, number: number): Record<string, string> {
  if ('offset' in by) return { [by.offset]: String(number * size), [by.limit]: String(size) };
  return 'page' in by ? { [by.page]: String(by.first + number), [by.size]: String(size) } : {};
}

/** The path of the next page, undefined after the last one, or what is wrong. */
function nextOf(list: PagedList, page: Page, number: number): string | undefined | { wrong: string } {
  const { pages, api } = list;
  const { by, size } = pages;
  if (by !== undefined && 'cursor' in by) {
    const [cursor] = follow(jsonOf(page.answer), by.next).values;
    const isThere = cursor !== undefined && cursor !== null && cursor !== '';
    return isThere ? list.page({ [by.limit]: String(size), [by.cursor]: String(cursor) }) : undefined;
  }
  if (by !== undefined && 'link' in by) return linked(page.answer, api);
  const isLast =
    page.total === undefined ? page.keys.length === 0 : number === Math.max(Math.ceil(page.total / size), 1);
  return isLast ? undefined : list.page(position(pages, number + 1));
}

/** RFC 8288: `<https://…?page=2>; rel="next"`. Another place than the application's own gets no token of ours. */
function linked({ headers }: HttpAnswer, api: string): string | undefined | { wrong: string } {
  const links = [headers.link ?? []]
    .flat()
    .join(',')
    .split(/,\s*(?=<)/);
  const next = links.find((link) => relationsOf(link).includes('next'));
  const target = next === undefined ? undefined : /^\s*<([^>]*)>/.exec(next)?.[1];
  if (target === undefined) return undefined;
  const base = new URL(api);
  const url = URL.canParse(target, api) ? new URL(target, base) : undefined;
  const root = base.pathname.replace(/\/$/, '');
  if (url === undefined || url.origin !== base.origin || !url.pathname.startsWith(`${root}/`))
    return { wrong: 'links to a next page that is not below the application’s own address' };
  return url.pathname.slice(root.length) + url.search;
}

/** `prev` and `next` of `<…>; rel="prev next"`. */
function relationsOf(link: string): string[] {
  const [, quoted, bare = ''] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(link) ?? [];
  return (quoted ?? bare).toLowerCase().split(/\s+/);
}

/** One page's total and the keys of its elements, or what is wrong with it. */
function readPage(answer: HttpAnswer | NoAnswer, { pages, status }: PagedList): Page | string {
  const { size, items, key, total: totalField } = pages;
  if (answer instanceof NoAnswer) return `: ${answer.message}`;
  if (answer.status !== status) return `: ${answer.statusText}`;
  const body = jsonOf(answer);
  const total = totalField === undefined ? undefined : follow(body, totalField).values[0];
  if (totalField !== undefined && !isCount(total)) return ` has no whole number in ${totalField}`;
  const [elements] = follow(body, items).values;
  if (!Array.isArray(elements)) return items === '.' ? ' is no list' : ` has no list in ${items}`;
  if (elements.length > size) return ` holds ${elements.length} elements instead of at most ${size}`;
  const found = elements.map((element) => follow(element, key));
  if (found.some(({ missing }) => missing > 0)) return ` has an element without ${key}`;
  const keys = found.map(({ values }) => JSON.stringify(values[0]));
  return { ...(isCount(total) ? { total } : {}), keys, answer };
}

export const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

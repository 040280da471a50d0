/** Lists of any length, in pages of any size, by each way in which applications give them out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PagedList, walkPages } from '../../../src/adapters/application/page-walk.js';
import type { HttpAnswer } from '../../../src/adapters/http/http.js';
import type { PageParameters, Pages } from '../../../src/contract/plan/application.js';

const API = 'https://orders.example.com/api';
const STYLES: Record<string, PageParameters | undefined> = {
  'skip and limit': undefined,
  'offset and limit': { offset: 'offset', limit: 'limit' },
  'page and size, from 1': { page: 'page', size: 'size', first: 1 },
  'page and size, from 0': { page: 'page', size: 'size', first: 0 },
  cursor: { cursor: 'after', limit: 'first', next: 'page.next' },
  link: { link: true, limit: 'per_page' },
};

/** What an application does wrong with the positions that it is asked for. */
type Fault = (start: number) => number;

interface Situation {
  by: PageParameters | undefined;
  length: number;
  size: number;
  tellsTotal: boolean;
  fault?: Fault;
}

/** An application with a list of this length, and the check of a plan that walks it. */
function application({ by, length, size, tellsTotal, fault = (start) => start }: Situation) {
  const elements = Array.from({ length }, (_, id) => ({ id }));
  const pages: Pages = {
    size,
    items: 'items',
    key: 'id',
    ...(tellsTotal ? { total: 'total' } : {}),
    ...(by ? { by } : {}),
  };
  const page = (parameters: Record<string, string>) => `/orders?${new URLSearchParams(parameters)}`;
  const list: PagedList = { pages, status: 200, mayBeEmpty: true, api: API, page };
  const ask = async (path: string): Promise<HttpAnswer> => {
    const query = new URL(path, API).searchParams;
    const number = (name: string, otherwise = 0) => Number(query.get(name) ?? otherwise);
    const asked =
      by === undefined
        ? number('skip')
        : 'offset' in by
          ? number(by.offset)
          : 'page' in by
            ? (number(by.page) - by.first) * number(by.size)
            : number('cursor' in by ? by.cursor : 'from');
    const start = fault(asked);
    const items = elements.slice(start, start + size);
    const next = asked + size < length ? asked + size : undefined;
    const link = `<${API}/orders?from=0>; rel="first", <${API}/orders?from=${next}&per_page=${size}>; rel="next"`;
    const isLinked = by !== undefined && 'link' in by && next !== undefined;
    return {
      status: 200,
      statusText: '200 OK',
      headers: isLinked ? { link } : {},
      body: JSON.stringify({ items, total: length, page: { next: next === undefined ? null : String(next) } }),
      milliseconds: 1,
    };
  };
  return { list, ask };
}

const situation = fc.record({
  by: fc.constantFrom(...Object.values(STYLES)),
  length: fc.nat(60),
  size: fc.integer({ min: 1, max: 20 }),
  tellsTotal: fc.boolean(),
});

describe('a list in pages', () => {
  test('holds where the application gives out each element once, in whichever way', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (each) => {
        const { list, ask } = application(each);
        const [ok, text] = await walkPages(list, ask);
        expect(text).toContain(`${each.length} different elements`);
        expect(ok).toBe(true);
      }),
    );
  });

  test('does not hold where pages overlap, or where elements are left out and the total is told', async () => {
    await fc.assert(
      fc.asyncProperty(
        situation.filter(({ length, size }) => length > size),
        fc.boolean(),
        async (each, overlap) => {
          const fault: Fault = overlap ? (start) => Math.max(start - 1, 0) : (start) => (start === 0 ? 0 : start + 1);
          const { list, ask } = application({ ...each, fault, tellsTotal: each.tellsTotal || !overlap });
          expect((await walkPages(list, ask))[0]).toBe(false);
        },
      ),
    );
  });

  test.each(Object.entries(STYLES))(
    'by %s: how many elements there are is said, or that it is not told',
    async (_, by) => {
      const told = application({ by, length: 45, size: 10, tellsTotal: true });
      expect(await walkPages(told.list, told.ask)).toEqual([true, '5 pages of 10 hold 45 different elements of 45']);
      const untold = application({ by, length: 45, size: 10, tellsTotal: false });
      expect(await walkPages(untold.list, untold.ask)).toEqual([
        true,
        '5 pages of 10 hold 45 different elements; how many there are is not told',
      ]);
    },
  );

  const answering =
    (body: unknown, headers = {}) =>
    async (): Promise<HttpAnswer> => ({
      status: 200,
      statusText: '200 OK',
      headers,
      body: JSON.stringify(body),
      milliseconds: 1,
    });

  test('a cursor that leads back to where it was is told, not followed', async () => {
    const { list } = application({ by: STYLES.cursor, length: 3, size: 10, tellsTotal: false });
    const [ok, text] = await walkPages(list, answering({ items: [{ id: 1 }], page: { next: 'again' } }));
    expect([ok, text]).toEqual([false, 'page 3 would be asked for a second time: what follows leads back']);
  });

  test.each(['https://elsewhere.example.com/orders?page=2', '//elsewhere.example.com/', '/other/orders', 'http://['])(
    'a link to %s is not followed: the test user’s token is not sent there',
    async (target) => {
      const { list } = application({ by: STYLES.link, length: 3, size: 10, tellsTotal: false });
      const [ok, text] = await walkPages(list, answering({ items: [{ id: 1 }] }, { link: `<${target}>; rel=next` }));
      expect([ok, text]).toEqual([
        false,
        'page 1 links to a next page that is not below the application’s own address',
      ]);
    },
  );

  test.each<[string, boolean]>([
    ['rel="last next"', true],
    ['rel=Next', true],
    ['title="a, b"; rel="next"', true],
    ['rel="next-archive"', false],
    ['rel="prev"', false],
  ])('a link with %s leads on: %s', async (relation, leadsOn) => {
    const { list } = application({ by: STYLES.link, length: 3, size: 1, tellsTotal: false });
    const pages = [
      await answering({ items: [{ id: 1 }] }, { link: `</api/orders?page=2>; ${relation}` })(),
      await answering({ items: [{ id: 2 }] })(),
    ];
    const asked: string[] = [];
    const ask = async (path: string) => pages[asked.push(path) - 1] as HttpAnswer;
    expect((await walkPages(list, ask))[1]).toContain(leadsOn ? '2 different elements' : '1 different elements');
    expect(asked.slice(1)).toEqual(leadsOn ? ['/orders?page=2'] : []);
  });

  test('the answer itself may be the list', async () => {
    const { list } = application({ by: STYLES.link, length: 3, size: 10, tellsTotal: false });
    const whole = { ...list, pages: { ...list.pages, items: '.' } };
    expect((await walkPages(whole, answering([{ id: 1 }, { id: 2 }])))[1]).toContain('2 different elements');
    expect(await walkPages(whole, answering({}))).toEqual([false, 'page 1 is no list']);
  });
});

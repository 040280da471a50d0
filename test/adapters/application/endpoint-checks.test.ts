/** What is wrong with an answer fails exactly the fact that a careful person would fail; real servers, one fault each. */
import { expect, test } from 'vitest';
import { performCheck } from '../../../src/adapters/application/endpoint-checks.js';
import { aspectsOf } from '../../../src/contract/checks.js';
import type { EndpointCheck } from '../../../src/contract/plan/application.js';
import { json, serve } from '../../helpers/server.js';

interface Plan {
  id: number;
  priority: string;
  created_by_id: string;
}
interface Answer {
  items: Plan[];
  total: number;
  high_priority: number;
}

/** 23 plans, 8 of high priority, of three professionals. */
const PLANS: Plan[] = Array.from({ length: 23 }, (_, id) => ({
  id,
  priority: id % 3 === 0 ? 'high' : 'low',
  created_by_id: `u${id % 3}`,
}));

/** The endpoint as it should be. */
function answer(query: URLSearchParams, plans: Plan[]): Answer {
  const [priority, professional] = [query.get('priority'), query.get('professional_id')];
  const [skip, limit] = [Number(query.get('skip') ?? 0), Number(query.get('limit') ?? 20)];
  const found = plans.filter(
    (plan) => (!priority || plan.priority === priority) && (!professional || plan.created_by_id === professional),
  );
  const high_priority = plans.filter((plan) => plan.priority === 'high').length;
  return { items: found.slice(skip, skip + limit), total: found.length, high_priority };
}

const base = { title: 'Planos', method: 'GET', path: '/plans', query: {}, login: false, status: 200 } as const;
const CHECKS: EndpointCheck[] = [
  { ...base, id: 'basic', structure: { items: 'array', 'items[].id': 'integer', total: 'integer' } },
  {
    ...base,
    id: 'priority',
    sample: { check: 'basic', field: 'high_priority' },
    query: { priority: 'high' },
    each: { 'items[].priority': 'high', total: '{sample}' },
  },
  { ...base, id: 'paging', pages: { size: 5, items: 'items', key: 'id', total: 'total' } },
  {
    ...base,
    id: 'professional',
    sample: { check: 'basic', field: 'items[].created_by_id' },
    query: { professional_id: '{sample}' },
    each: { 'items[].created_by_id': '{sample}' },
  },
  { ...base, id: 'data', query: { skip: '0', limit: '20' }, data: { items: 'items', total: 'total' } },
  { ...base, id: 'time', repeat: { times: 5, p95: 200 } },
];

interface Fault {
  plans?: Plan[];
  /** Changes what is asked, before it is answered. */
  asked?: (query: URLSearchParams) => void;
  /** Changes what is answered. */
  said?: (answer: Answer, query: URLSearchParams) => unknown;
  delay?: number;
}

async function failedFacts(fault: Fault, checks = CHECKS): Promise<Record<string, string>> {
  const server = await serve((request, response) => {
    const query = new URL(request.url ?? '/', 'http://test').searchParams;
    const asked = new URLSearchParams(query);
    fault.asked?.(asked);
    const right = answer(asked, fault.plans ?? PLANS);
    const body = fault.said ? fault.said(right, query) : right;
    setTimeout(() => json(response, body), fault.delay ?? 0);
  });
  const run = { api: server.url, signal: new AbortController().signal, bodies: new Map(), record: () => {} };
  const failed: Record<string, string> = {};
  for (const check of checks) {
    const facts = await performCheck(run, check);
    expect(facts.map(({ name }) => name)).toEqual(aspectsOf(check).map((aspect) => `${check.id}.${aspect}`));
    for (const { name, ok, text } of facts) if (!ok) failed[name] = text;
  }
  return failed;
}

test('an application in order passes', async () => {
  expect(await failedFacts({})).toEqual({});
});

test.each<[string, Fault, Record<string, string>]>([
  ['`skip` is ignored', { asked: (query) => query.delete('skip') }, { 'paging.pages': 'on two pages' }],
  [
    '`limit` is ignored',
    { asked: (query) => query.delete('limit') },
    { 'paging.pages': 'page 1 holds 20 elements instead of at most 5' },
  ],
  [
    'there are no pages at all',
    { said: (right) => ({ ...right, items: PLANS }) },
    {
      'priority.each': 'high in 8 of 23',
      'paging.pages': 'page 1 holds 23',
      'professional.each': 'u0 in 8 of 23',
      'data.data': '23 elements of 23 instead of 20',
    },
  ],
  [
    'pages overlap by one',
    { asked: (query) => query.set('skip', String(Math.max(Number(query.get('skip') ?? 0) - 1, 0))) },
    { 'paging.pages': 'on two pages' },
  ],
  [
    'pages leave one out',
    { asked: (query) => Number(query.get('skip')) > 0 && query.set('skip', String(Number(query.get('skip')) + 1)) },
    { 'paging.pages': 'hold 22 different elements of 23' },
  ],
  [
    'the total is that of the page',
    {
      said: (right, query) => ({ ...right, total: right.items.length, ...(query.has('priority') ? { total: 8 } : {}) }),
    },
    { 'paging.pages': 'hold 10 different elements of 5' },
  ],
  [
    'the total is too high',
    { said: (right, query) => (query.has('priority') ? right : { ...right, total: right.total + 10 }) },
    { 'paging.pages': 'hold 23 different elements of 33' },
  ],
  [
    'the total is too low, at the end of a page',
    { said: (right, query) => (query.has('priority') ? right : { ...right, total: right.total - 3 }) },
    { 'paging.pages': 'hold 23 different elements of 20' },
  ],
  [
    'the priority is ignored',
    { asked: (query) => query.delete('priority') },
    { 'priority.each': 'items[].priority is high in 7 of 20, total is 8 in 0 of 1' },
  ],
  [
    'one plan has a wrong priority',
    {
      said: (right, query) =>
        query.has('priority')
          ? { ...right, items: right.items.with(0, { ...PLANS[0], priority: 'low' } as Plan) }
          : right,
    },
    { 'priority.each': 'items[].priority is high in 7 of 8, total is 8 in 1 of 1' },
  ],
  [
    'the filter by priority finds nothing',
    { asked: (query) => query.get('priority') && query.set('priority', 'HIGH') },
    { 'priority.each': 'no element came back to hold items[].priority against high, total is 8 in 0 of 1' },
  ],
  [
    'the filter by priority loses some',
    { said: (right, query) => (query.has('priority') ? { ...right, items: right.items.slice(1), total: 7 } : right) },
    { 'priority.each': 'items[].priority is high in 7 of 7, total is 8 in 0 of 1' },
  ],
  [
    'the professional is ignored',
    { asked: (query) => query.delete('professional_id') },
    { 'professional.each': 'items[].created_by_id is u0 in 7 of 20' },
  ],
  [
    'the structure is another',
    { said: ({ total, ...rest }, query) => (query.size === 0 ? { ...rest, count: total } : { total, ...rest }) },
    { 'basic.structure': 'total is missing' },
  ],
  [
    'nothing comes back though there are plans',
    { said: (right, query) => (query.get('limit') === '20' ? { ...right, items: [] } : right) },
    { 'data.data': '0 elements of 23 instead of 20' },
  ],
  ['it is slow', { delay: 250 }, { 'time.p95': 'limit 200 ms' }],
])('%s: exactly that fails', async (_, fault, expected) => {
  const failed = await failedFacts(fault);
  expect(Object.keys(failed)).toEqual(Object.keys(expected));
  for (const [name, words] of Object.entries(expected)) expect(failed[name]).toContain(words);
});

test('an application without plans proves nothing of filters and pages, and is in order where the plan allows it', async () => {
  const none = { plans: [] };
  expect(Object.keys(await failedFacts(none))).toEqual([
    'basic.structure',
    'priority.each',
    'paging.pages',
    'professional.status',
    'professional.each',
  ]);
  const allowed = CHECKS.filter(({ id }) => id !== 'professional').map((check) => ({ ...check, mayBeEmpty: true }));
  expect(await failedFacts(none, allowed)).toEqual({});
});

test('plans that fit on one page prove nothing of pages', async () => {
  const [paging] = CHECKS.filter(({ id }) => id === 'paging') as [EndpointCheck];
  expect(await failedFacts({ plans: PLANS.slice(0, 4) }, [paging])).toEqual({
    'paging.pages': 'Planos: 4 elements are one page of 5, which proves nothing: choose smaller pages in the plan',
  });
});

test.each([
  ['no limit is asked for', {}, 0, 'no element came back, though there are 23'],
  ['no limit is asked for, and more come than there are', {}, 30, '30 elements of 23: more than there are'],
  ['a part is asked for', { skip: '20', limit: '10' }, 10, '10 elements of 23 instead of 3'],
])('the data are held against their number when %s', async (_, query: Record<string, string>, count, words) => {
  const items = Array.from({ length: count }, (__, id) => ({ ...PLANS[0], id }) as Plan);
  const check: EndpointCheck = { ...base, id: 'data', query, data: { items: 'items', total: 'total' } };
  const failed = await failedFacts({ said: (right) => ({ ...right, items }) }, [check]);
  expect(failed).toEqual({ 'data.data': `Planos: ${words}` });
});

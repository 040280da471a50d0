/** Performs the plan's endpoint checks and says of each aspect whether it holds. */
import type { EndpointCheck } from '../contract/plan.js';
import type { Fact } from '../domain/evidence.js';
import { percentile } from '../domain/statistics.js';
import { type HttpAnswer, jsonOf, NoAnswer, request } from './http.js';
import { follow, hasType, outline } from './json-path.js';
import type { Login } from './login.js';

const TIMEOUT = 30_000;
/** A walk of more pages proves nothing more, and loads the application. */
const MOST_PAGES = 500;

/** What the checks share: where, as whom, and what was answered so far. */
export interface CheckRun {
  api: string;
  /** Absent when no check needs it. */
  login?: Login;
  signal: AbortSignal;
  /** Bodies of the checks so far, for `sample`. */
  bodies: Map<string, unknown>;
  /** Requests and answers for the evidence; without headers, and with answers in outline. */
  record: (entry: Exchange) => void;
}

export interface Exchange {
  check: string;
  method: string;
  path: string;
  /** Absent when no answer came. */
  status?: number;
  milliseconds?: number;
  bytes?: number;
  outline?: unknown;
  failure?: string;
}

/**
 * One check: a fact for each aspect that the plan asks for, always the same ones whatever happens:
 * `<id>.status`, `<id>.structure`, `<id>.each`, `<id>.pages`, `<id>.p95`.
 */
export async function performCheck(run: CheckRun, check: EndpointCheck): Promise<Fact[]> {
  const aspects = aspectsOf(check);
  const fact = (aspect: string, ok: boolean, text: string): Fact => ({
    name: `${check.id}.${aspect}`,
    ok,
    text: `${check.title}: ${text}`,
  });
  const allFail = (reason: string) =>
    aspects.map((aspect) => fact(aspect, false, aspect === 'status' ? reason : `not checked (${reason})`));

  if (check.login && run.login && 'refused' in run.login) return allFail(`login failed: ${run.login.refused}`);
  const sample = takeSample(run, check);
  if (sample !== undefined && 'missing' in sample) return allFail(sample.missing);
  const asked = fill(check, sample?.value);

  const answer = await ask(run, asked, asked.query);
  if (answer instanceof NoAnswer) return allFail(answer.message);
  const body = jsonOf(answer);
  run.bodies.set(check.id, body);
  const facts = [fact('status', answer.status === check.status, expectation(answer, check.status))];
  const good = answer.status === check.status;
  const unread = !good ? answer.statusText : body === undefined ? 'the answer is not JSON' : undefined;
  for (const aspect of aspects.slice(1)) {
    if (unread !== undefined && aspect !== 'p95') facts.push(fact(aspect, false, `not checked (${unread})`));
    else if (aspect === 'structure') facts.push(fact(aspect, ...structure(body, check.structure ?? {})));
    else if (aspect === 'each') facts.push(fact(aspect, ...each(body, asked.each)));
    else if (aspect === 'pages') facts.push(fact(aspect, ...(await walkPages(run, asked))));
    else facts.push(fact(aspect, ...(await repeat(run, asked))));
  }
  return facts;
}

/** The aspects that a check establishes facts for; `status` always, first. */
export function aspectsOf(check: EndpointCheck): string[] {
  const optional = { structure: check.structure, each: check.each, pages: check.pages, p95: check.repeat };
  return ['status', ...Object.entries(optional).flatMap(([aspect, wanted]) => (wanted ? [aspect] : []))];
}

type Asked = EndpointCheck & { each: Record<string, string> };

function takeSample(run: CheckRun, { sample }: EndpointCheck): { value: string } | { missing: string } | undefined {
  if (!sample) return undefined;
  const value = follow(run.bodies.get(sample.check), sample.field).values[0];
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { value: String(value) };
  return { missing: `the answer of "${sample.check}" has no ${sample.field} to take as the sample` };
}

function fill(check: EndpointCheck, value: string | undefined): Asked {
  const filled = (text: string, encode: (v: string) => string = (v) => v) =>
    value === undefined ? text : text.replaceAll('{sample}', () => encode(value));
  const all = (values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).map(([name, text]) => [name, filled(text)]));
  return {
    ...check,
    path: filled(check.path, encodeURIComponent),
    query: all(check.query),
    each: all(check.each ?? {}),
  };
}

/** One request, recorded. @returns NoAnswer as a value */
async function ask(run: CheckRun, check: Asked, query: Record<string, string>): Promise<HttpAnswer | NoAnswer> {
  const search = new URLSearchParams(query).toString();
  const path = check.path + (search === '' ? '' : `${check.path.includes('?') ? '&' : '?'}${search}`);
  const headers = check.login && run.login && 'headers' in run.login ? run.login.headers : {};
  const entry = { check: check.id, method: check.method, path };
  try {
    const { signal } = run;
    const answer = await request({ url: run.api + path, method: check.method, headers, timeout: TIMEOUT, signal });
    run.record({
      ...entry,
      status: answer.status,
      milliseconds: Math.round(answer.milliseconds * 10) / 10,
      bytes: Buffer.byteLength(answer.body),
      outline: outline(jsonOf(answer) ?? answer.body),
    });
    return answer;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    run.record({ ...entry, failure: error.message });
    return error;
  }
}

const expectation = (answer: HttpAnswer, status: number) =>
  answer.status === status ? answer.statusText : `${answer.statusText} instead of ${status}`;

type Finding = [ok: boolean, text: string];

function structure(body: unknown, wanted: Record<string, string>): Finding {
  const problems = Object.entries(wanted).flatMap(([path, type]) => {
    const { values, missing } = follow(body, path);
    if (missing > 0) return [`${path} is missing`];
    return values.every((value) => hasType(value, type as never)) ? [] : [`${path} is not ${type}`];
  });
  if (problems.length > 0) return [false, problems.join(', ')];
  return [true, `${Object.keys(wanted).length} fields are there with their types`];
}

function each(body: unknown, wanted: Record<string, string>): Finding {
  const findings = Object.entries(wanted).map(([path, expected]): Finding => {
    const { values, missing } = follow(body, path);
    const equal = values.filter((value) => String(value) === expected).length;
    const all = values.length + missing;
    return [equal === all, `${path} is ${expected} in ${equal} of ${all}`];
  });
  return [findings.every(([ok]) => ok), findings.map(([, text]) => text).join(', ')];
}

async function walkPages(run: CheckRun, check: Asked): Promise<Finding> {
  const { size, items, key, total: totalField } = check.pages as NonNullable<EndpointCheck['pages']>;
  const seen = new Set<string>();
  let twice = 0;
  let total = 0;
  for (let page = 0; page === 0 || page * size < total; page += 1) {
    const answer = await ask(run, check, { ...check.query, skip: String(page * size), limit: String(size) });
    if (answer instanceof NoAnswer) return [false, `page ${page + 1}: ${answer.message}`];
    if (answer.status !== check.status) return [false, `page ${page + 1}: ${answer.statusText}`];
    const body = jsonOf(answer);
    const [count] = follow(body, totalField).values;
    if (!Number.isInteger(count)) return [false, `page ${page + 1} has no number in ${totalField}`];
    total = count as number;
    if (Math.ceil(total / size) > MOST_PAGES) {
      return [false, `${total} elements are more than ${MOST_PAGES} pages of ${size}: choose larger pages in the plan`];
    }
    const [elements] = follow(body, items).values;
    if (!Array.isArray(elements)) return [false, `page ${page + 1} has no list in ${items}`];
    if (elements.length > size)
      return [false, `page ${page + 1} holds ${elements.length} elements instead of at most ${size}`];
    for (const element of elements) {
      const { values, missing } = follow(element, key);
      if (missing > 0) return [false, `page ${page + 1} has an element without ${key}`];
      const id = JSON.stringify(values[0]);
      if (seen.has(id)) twice += 1;
      seen.add(id);
    }
  }
  const pages = Math.max(Math.ceil(total / size), 1);
  const text = `${pages} pages of ${size} hold ${seen.size} different elements of ${total}`;
  return [twice === 0 && seen.size === total, twice === 0 ? text : `${text}, ${twice} of them on two pages`];
}

async function repeat(run: CheckRun, check: Asked): Promise<Finding> {
  const { times, p95: limit } = check.repeat as NonNullable<EndpointCheck['repeat']>;
  const latencies: number[] = [];
  let failed = 0;
  for (let i = 0; i < times; i += 1) {
    const answer = await ask(run, check, check.query);
    const good = !(answer instanceof NoAnswer) && answer.status === check.status;
    if (!good) failed += 1;
    latencies.push(answer instanceof NoAnswer ? TIMEOUT : answer.milliseconds);
  }
  const p95 = percentile(latencies, 95);
  const text = `P95 ${p95.toFixed(1)} ms over ${times} requests, limit ${limit} ms`;
  return [failed === 0 && p95 < limit, failed === 0 ? text : `${text}; ${failed} of them failed`];
}

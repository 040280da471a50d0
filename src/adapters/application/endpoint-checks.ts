/** Performs the plan's endpoint checks and says of each aspect whether it holds. */
import { aspectsOf } from '../../contract/checks.js';
import type { EndpointCheck } from '../../contract/plan/application.js';
import { type Fact, unknownFact } from '../../domain/evidence.js';
import { percentile } from '../../domain/statistics.js';
import { type HttpAnswer, isLoginPage, jsonOf, NoAnswer, request } from '../http/http.js';
import { follow, hasType, outline } from '../http/json-path.js';
import { type AspectResult, isCount, walkPages } from './page-walk.js';
import type { Session } from './session.js';

const TIMEOUT = 30_000;

/** What the checks share: where, as whom, and what was answered so far. */
export interface CheckRun {
  api: string;
  /** Absent when no check needs it. */
  session?: Pick<Session, 'login'>;
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
 * `<id>.status`, `<id>.structure`, `<id>.each`, `<id>.data`, `<id>.pages`, `<id>.p95`. An answer without the elements
 * that an aspect looks at proves nothing about them, so it does not hold unless the check says `mayBeEmpty`.
 */
export async function performCheck(run: CheckRun, check: EndpointCheck): Promise<Fact[]> {
  const aspects = aspectsOf(check);
  const fact = (aspect: string, ok: boolean, text: string): Fact => ({
    name: `${check.id}.${aspect}`,
    ok,
    text: `${check.title}: ${text}`,
  });
  const unchecked = (aspect: string, why: string): Fact =>
    unknownFact(`${check.id}.${aspect}`, `${check.title}: not checked (${why})`);
  const allFail = (reason: string) =>
    aspects.map((aspect) => (aspect === 'status' ? fact(aspect, false, reason) : unchecked(aspect, reason)));

  const login = check.login ? await run.session?.login() : undefined;
  if (login && 'refused' in login) return allFail(`login failed: ${login.refused}`);
  const sample = takeSample(run, check);
  if (sample !== undefined && 'missing' in sample) return allFail(sample.missing);
  const asked = fill(check, sample?.value);

  const answer = await ask(run, asked, pathWith(asked.path, asked.query));
  if (answer instanceof NoAnswer) return allFail(answer.message);
  const body = jsonOf(answer);
  run.bodies.set(check.id, body);
  const good = answer.status === check.status && !isLoginPage(answer);
  const facts = [fact('status', good, expectation(answer, check.status))];
  const unread = !good ? answer.statusText : body === undefined ? 'the answer is not JSON' : undefined;
  for (const aspect of aspects.slice(1)) {
    if (unread !== undefined && aspect !== 'p95') facts.push(unchecked(aspect, unread));
    else if (aspect === 'structure') facts.push(fact(aspect, ...structure(body, check)));
    else if (aspect === 'each') facts.push(fact(aspect, ...each(body, asked)));
    else if (aspect === 'data') facts.push(fact(aspect, ...data(body, asked)));
    else if (aspect === 'pages') facts.push(fact(aspect, ...(await walk(run, asked))));
    else facts.push(fact(aspect, ...(await repeat(run, asked))));
  }
  return facts;
}

type FilledCheck = EndpointCheck & { each: Record<string, string> };

function takeSample(run: CheckRun, { sample }: EndpointCheck): { value: string } | { missing: string } | undefined {
  if (!sample) return undefined;
  const value = follow(run.bodies.get(sample.check), sample.field).values[0];
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { value: String(value) };
  return { missing: `the answer of "${sample.check}" has no ${sample.field} to take as the sample` };
}

function fill(check: EndpointCheck, value: string | undefined): FilledCheck {
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

/** The check's path with these parameters. */
/** A path with the query of a check. */
export function pathWith(path: string, query: Record<string, string>): string {
  const search = new URLSearchParams(query).toString();
  return path + (search === '' ? '' : `${path.includes('?') ? '&' : '?'}${search}`);
}

/** One request, recorded. @returns NoAnswer as a value */
async function ask(run: CheckRun, check: FilledCheck, path: string): Promise<HttpAnswer | NoAnswer> {
  const login = check.login ? await run.session?.login() : undefined;
  if (login && 'refused' in login) return new NoAnswer(`login failed: ${login.refused}`, 'login');
  const headers = login?.headers ?? {};
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

function expectation(answer: HttpAnswer, status: number): string {
  if (isLoginPage(answer)) return `${answer.statusText} with a page to log in`;
  return answer.status === status ? answer.statusText : `${answer.statusText} instead of ${status}`;
}

function structure(body: unknown, { structure: wanted = {}, mayBeEmpty }: EndpointCheck): AspectResult {
  const problems = Object.entries(wanted).flatMap(([path, type]) => {
    const { values, missing } = follow(body, path);
    if (missing > 0) return [`${path} is missing`];
    if (values.length === 0 && !mayBeEmpty) return [`no element to look for ${path} in`];
    return values.every((value) => hasType(value, type)) ? [] : [`${path} is not ${type}`];
  });
  if (problems.length > 0) return [false, problems.join(', ')];
  return [true, `${Object.keys(wanted).length} fields are there with their types`];
}

function each(body: unknown, { each: wanted, mayBeEmpty }: FilledCheck): AspectResult {
  const findings = Object.entries(wanted).map(([path, expected]): AspectResult => {
    const { values, missing } = follow(body, path);
    const equal = values.filter((value) => String(value) === expected).length;
    const all = values.length + missing;
    if (all === 0) return [mayBeEmpty === true, `no element came back to hold ${path} against ${expected}`];
    return [equal === all, `${path} is ${expected} in ${equal} of ${all}`];
  });
  return [findings.every(([ok]) => ok), findings.map(([, text]) => text).join(', ')];
}

/** As many elements as the total says: exactly, where the query limits them; else at least one of those there are. */
function data(body: unknown, { data: wanted, query }: FilledCheck): AspectResult {
  const { items, total: totalField } = wanted as NonNullable<EndpointCheck['data']>;
  const [elements] = follow(body, items).values;
  if (!Array.isArray(elements)) return [false, `there is no list in ${items}`];
  const [total] = follow(body, totalField).values;
  if (!isCount(total)) return [false, `there is no whole number in ${totalField}`];
  const text = `${elements.length} elements of ${total}`;
  const limit = query.limit === undefined ? undefined : Number(query.limit);
  const rest = Math.max(total - Number(query.skip ?? 0), 0);
  if (limit !== undefined) {
    const expected = Math.min(limit, rest);
    return [elements.length === expected, elements.length === expected ? text : `${text} instead of ${expected}`];
  }
  if (elements.length > rest) return [false, `${text}: more than there are`];
  if (elements.length === 0 && rest > 0) return [false, `no element came back, though there are ${total}`];
  return [true, total === 0 ? 'there is nothing to return' : text];
}

function walk(run: CheckRun, check: FilledCheck): Promise<AspectResult> {
  const page = (parameters: Record<string, string>) => pathWith(check.path, { ...check.query, ...parameters });
  const list = { ...check, pages: check.pages as NonNullable<EndpointCheck['pages']>, api: run.api, page };
  return walkPages(list, (path) => ask(run, check, path));
}

async function repeat(run: CheckRun, check: FilledCheck): Promise<AspectResult> {
  const { times, p95: limit } = check.repeat as NonNullable<EndpointCheck['repeat']>;
  const latencies: number[] = [];
  let failed = 0;
  for (let i = 0; i < times; i += 1) {
    const answer = await ask(run, check, pathWith(check.path, check.query));
    const good = !(answer instanceof NoAnswer) && answer.status === check.status && !isLoginPage(answer);
    if (!good) failed += 1;
    latencies.push(answer instanceof NoAnswer ? TIMEOUT : answer.milliseconds);
  }
  const p95 = percentile(latencies, 95);
  const text = `P95 ${p95.toFixed(1)} ms over ${times} requests, limit ${limit} ms`;
  return [failed === 0 && p95 < limit, failed === 0 ? text : `${text}; ${failed} of them failed`];
}

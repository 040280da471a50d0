/**
 * Holds the project's load generator against `wrk` and `hey` (Debian packages of those names) on one local server, in
 * one run, at 50 connections. Exit 1 when a bound is missed, 2 when neither tool is found.
 *
 * Two pages have bounds. `steady` answers after 5 to 20 ms, as an API with a database does: there P95 is a property of
 * the server, and must agree within 5 %. `busy` builds its JSON and answers at once: there the server's processor is the
 * limit, and every answer waits for the 49 before it. P95 is then how the tool takes turns with the server, and differs
 * between wrk and hey themselves (shown in the table), so it has no bound. Throughput must reach 0.8 of theirs on both.
 *
 * `bare` sends a ready string, which no API does. Tool and server then need about as much of the processor for each
 * request, and what is compared is Node with C: its figures are shown, 0.73 to 0.84 of wrk on two cores, without a bound.
 *
 *   npm run bench:load [-- PAGE… --json]
 */
import { execFile, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runClosedLoop, summarize } from '../src/adapters/application/load-generator.js';
import { percentile } from '../src/domain/statistics.js';
import { warnOfLoad } from './machine.js';

const run = promisify(execFile);
const CONNECTIONS = 50;
const ROUNDS = 5;
const PAGES = [
  { name: 'steady', requests: 15_000, holdsP95: true, holdsThroughput: true },
  { name: 'busy', requests: 60_000, holdsP95: false, holdsThroughput: true },
  { name: 'bare', requests: 60_000, holdsP95: false, holdsThroughput: false },
] as const;
type Page = (typeof PAGES)[number];

/** Milliseconds and answers a second. */
interface Figures {
  p95: number;
  throughput: number;
}

type Tool = (url: string, requests: number) => Promise<Figures>;

/** The server, in a process of its own. */
function serve(): void {
  const plan = { title: 'Plano de intervenção', status: 'active', priority: 'high', needs_review: true };
  const answer = { items: Array.from({ length: 20 }, (_, id) => ({ id, ...plan })), total: 1_000 };
  const ready = JSON.stringify(answer);
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/bare') response.end(ready);
    else if (request.url === '/busy') response.end(JSON.stringify(answer));
    else setTimeout(() => response.end(ready), 5 + Math.random() * 15);
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

const ours: Tool = async (url, requests) => {
  const timeout = 10_000;
  return summarize(await runClosedLoop({ url, requests, concurrency: CONNECTIONS, timeout }), timeout);
};

/** wrk runs for a time, not for a number of requests; its own percentiles leave out 95. */
async function wrk(folder: string): Promise<Tool | undefined> {
  const script = join(folder, 'p95.lua');
  const report =
    'io.write("\\nP95 ", latency:percentile(95.0), " RATE ", summary.requests / summary.duration * 1e6, "\\n")';
  await writeFile(script, `done = function(summary, latency, requests) ${report} end`);
  if (!(await found('wrk', ['-v']))) return undefined;
  return async (url) => {
    const { stdout } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, '-d3s', '-s', script, url]);
    const [, p95, rate] = /P95 ([\d.]+) RATE ([\d.e+]+)/.exec(stdout) ?? [];
    return { p95: Number(p95) / 1_000, throughput: Number(rate) };
  };
}

async function hey(): Promise<Tool | undefined> {
  if (!(await found('hey', ['-n', '1', '-c', '1', 'http://127.0.0.1:1/']))) return undefined;
  return async (url, requests) => {
    const start = performance.now();
    const args = ['-n', String(requests), '-c', String(CONNECTIONS), '-o', 'csv', url];
    const { stdout } = await run('hey', args, { maxBuffer: 64 * 1024 * 1024 });
    const seconds = (performance.now() - start) / 1_000;
    // response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset; in seconds.
    const latencies = stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(',')[0]) * 1_000);
    return { p95: percentile(latencies, 95), throughput: latencies.length / seconds };
  };
}

async function found(tool: string, args: string[]): Promise<boolean> {
  return run(tool, args).then(
    () => true,
    (error: { code?: unknown }) => error.code !== 'ENOENT',
  );
}

async function compare(): Promise<number> {
  warnOfLoad();
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-bench-'));
  const server = fork(fileURLToPath(import.meta.url), { execArgv: process.execArgv });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      server.once('message', (message) => resolve(message as number));
      server.once('exit', () => reject(new Error('the server ended before it listened')));
    });
    const others = Object.entries({ wrk: await wrk(folder), hey: await hey() }).filter(
      (entry): entry is [string, Tool] => !!entry[1],
    );
    if (others.length === 0) {
      console.error('Neither wrk nor hey is on PATH. Install one: apt-get install wrk hey');
      return 2;
    }
    const rows: Row[] = [];
    for (const page of pagesAsked())
      rows.push(...(await measure(`http://127.0.0.1:${port}/${page.name}`, page, others)));
    const good = rows.every(({ p95Bound, throughputBound }) => p95Bound !== 'FAIL' && throughputBound !== 'FAIL');
    if (process.argv.includes('--json')) {
      console.log(JSON.stringify({ connections: CONNECTIONS, rounds: ROUNDS, good, rows }));
    } else {
      console.table(rows);
      console.log(good ? 'All bounds are met.' : 'A bound is missed: see FAIL above.');
    }
    return good ? 0 : 1;
  } finally {
    server.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Those named on the command line; all when none is. */
function pagesAsked(): readonly Page[] {
  const asked = PAGES.filter(({ name }) => process.argv.includes(name));
  return asked.length > 0 ? asked : PAGES;
}

/** One page and one other tool: ours against theirs. */
interface Row {
  page: string;
  against: string;
  /** Milliseconds: ours / theirs. */
  p95: string;
  p95Off: string;
  p95Bound: 'pass' | 'FAIL' | 'none';
  /** Answers a second: ours / theirs. */
  throughput: string;
  throughputShare: number;
  throughputBound: 'pass' | 'FAIL' | 'none';
}

/**
 * Rounds in turn, so that a slow moment of the machine meets all tools. What counts is the median of the rounds' ratios:
 * the two figures of a ratio were measured within seconds of each other.
 */
async function measure(url: string, page: Page, others: [string, Tool][]): Promise<Row[]> {
  const tools: [string, Tool][] = [['surefoot', ours], ...others];
  const rounds: Record<string, Figures>[] = [];
  for (const [, tool] of tools) await tool(url, 2_000);
  for (let round = 0; round < ROUNDS; round += 1) {
    const figures: Record<string, Figures> = {};
    for (const [name, tool] of tools) figures[name] = await tool(url, page.requests);
    rounds.push(figures);
  }
  return others.map(([name]) => {
    const median = (of: (own: Figures, theirs: Figures) => number) =>
      percentile(
        rounds.map(({ surefoot, [name]: theirs }) => (surefoot && theirs ? of(surefoot, theirs) : Number.NaN)),
        50,
      );
    const off = median((own, theirs) => own.p95 / theirs.p95) - 1;
    const share = median((own, theirs) => own.throughput / theirs.throughput);
    const p95 = [median((own) => own.p95), median((_, theirs) => theirs.p95)].map(round);
    const throughput = [median((own) => own.throughput), median((_, theirs) => theirs.throughput)].map(Math.round);
    return {
      page: page.name,
      against: name,
      p95: p95.join(' / '),
      p95Off: `${round(off * 100)} %`,
      p95Bound: page.holdsP95 ? held(Math.abs(off) <= 0.05) : 'none',
      throughput: throughput.join(' / '),
      throughputShare: round(share),
      throughputBound: page.holdsThroughput ? held(share >= 0.8) : 'none',
    };
  });
}

const held = (is: boolean) => (is ? 'pass' : 'FAIL');

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

// Started by itself with a channel, it is the server.
if (process.send) serve();
else process.exitCode = await compare();

/**
 * Holds the project's load generator against `wrk` and `hey` (Debian packages of those names) on one local server, in
 * one run, at 50 connections. Exit 1 when a bound is missed, 2 when neither tool is found.
 *
 * Three pages, because the two bounds need different servers. `steady` answers after 5 to 20 ms, as an API with a
 * database does: there P95 is a property of the server, and must agree within 5 %. `busy` builds its JSON and answers at
 * once: the server's processor is the limit, P95 is scheduling noise that differs between wrk and hey themselves, and
 * throughput must reach 0.8. `bare` sends a ready string and does nothing else, which no API does: shown as the
 * generator's own ceiling (a Node process against C), not held against a bound.
 *
 *   node dist/bench/load-generator.js [--json]
 */
import { execFile, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runClosedLoop, summarize } from '../src/adapters/load-generator.js';
import { percentile } from '../src/domain/statistics.js';

const run = promisify(execFile);
const CONNECTIONS = 50;
const ROUNDS = 3;
const REQUESTS = { steady: 15_000, busy: 60_000, bare: 60_000 } as const;
type Page = keyof typeof REQUESTS;

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
    const tools: [string, Tool][] = [['surefoot', ours], ...others];
    const rows: Record<string, unknown>[] = [];
    for (const page of Object.keys(REQUESTS) as Page[])
      rows.push(...(await measure(`http://127.0.0.1:${port}/${page}`, page, tools)));
    const good = rows.every(({ held }) => held !== false);
    if (!process.argv.includes('--json')) console.table(rows);
    console.log(JSON.stringify({ connections: CONNECTIONS, rounds: ROUNDS, good, rows }));
    return good ? 0 : 1;
  } finally {
    server.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rounds in turn, so that a slow moment of the machine meets all tools; the median of each counts. */
async function measure(url: string, page: Page, tools: [string, Tool][]): Promise<Record<string, unknown>[]> {
  const figures = new Map<string, Figures[]>();
  for (const [, tool] of tools) await tool(url, 2_000);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, tool] of tools)
      figures.set(name, [...(figures.get(name) ?? []), await tool(url, REQUESTS[page])]);
  }
  const median = (name: string, figure: keyof Figures) =>
    percentile(
      (figures.get(name) ?? []).map((one) => one[figure]),
      50,
    );
  return tools.map(([name]) => {
    const row = {
      page,
      tool: name,
      p95: round(median(name, 'p95')),
      throughput: Math.round(median(name, 'throughput')),
    };
    if (name === 'surefoot') return row;
    const p95Off = Math.abs(median('surefoot', 'p95') / median(name, 'p95') - 1);
    const share = median('surefoot', 'throughput') / median(name, 'throughput');
    const held = page === 'bare' ? undefined : share >= 0.8 && (page === 'busy' || p95Off <= 0.05);
    return { ...row, p95Off: `${round(p95Off * 100)} %`, throughputShare: round(share), held };
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

// Started by itself with a channel, it is the server.
if (process.send) serve();
else process.exitCode = await compare();

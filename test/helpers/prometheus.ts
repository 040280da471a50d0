/** A real Prometheus with a data folder of its own that scrapes the targets it is given every second. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { stringify } from 'yaml';
import { programOf } from './programs.js';
import { deadPort } from './server.js';

export interface TestPrometheus {
  url: string;
  /** One number now, or undefined. */
  value: (query: string) => Promise<number | undefined>;
  stop: () => Promise<void>;
  start: () => Promise<void>;
  /** Stops it and removes its data. */
  remove: () => Promise<void>;
}

/**
 * Lets promtool, which comes with Prometheus, run unit tests (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/).
 * @returns what differs in its words; nothing when all is as expected
 * @throws Error when promtool is not installed
 */
export async function testRules({ rules, ...tests }: { rules: object; [name: string]: unknown }): Promise<string> {
  const binary = programOf('promtool', 'prometheus');
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-promtool-'));
  try {
    await writeFile(join(folder, 'rules.json'), JSON.stringify(rules));
    await writeFile(join(folder, 'tests.json'), JSON.stringify({ rule_files: ['rules.json'], ...tests }));
    // JSON is YAML.
    const { exitCode, all } = await execa(binary, ['test', 'rules', join(folder, 'tests.json')], {
      all: true,
      reject: false,
    });
    return exitCode === 0 ? '' : `${all ?? ''}`.slice(0, 3_000) || `promtool ended with ${exitCode}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param jobs the ports of each job's targets, on the loopback
 * @param rules files of rules that it loads, in full
 * @throws Error when Prometheus is not installed
 */
export async function startPrometheus(jobs: Record<string, number[]>, rules: string[] = []): Promise<TestPrometheus> {
  const binary = programOf('prometheus');
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-prometheus-'));
  const port = await deadPort();
  const url = `http://127.0.0.1:${port}`;
  const scrapes = Object.entries(jobs).map(([job_name, ports]) => ({
    job_name,
    static_configs: [{ targets: ports.map((target) => `127.0.0.1:${target}`) }],
  }));
  const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  const config = { global, scrape_configs: scrapes, rule_files: rules };
  await writeFile(join(folder, 'prometheus.yml'), stringify(config));
  let stop = async () => {};
  const start = async () => {
    const server = spawn(
      binary,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    stop = async () => {
      server.kill('SIGTERM');
      await ended;
    };
    await vi.waitFor(
      async () => {
        const { ok } = await fetch(`${url}/-/ready`);
        if (!ok) throw new Error('not ready');
      },
      { timeout: 30_000, interval: 100 },
    );
  };
  await start();
  return {
    url,
    value: async (query) => {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      const text = data.result[0]?.value[1];
      return text === undefined ? undefined : Number(text);
    },
    stop: () => stop(),
    start,
    remove: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

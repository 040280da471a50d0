/** A rehearsal is a test: the same scenario gives the same timeline, whatever this machine does meanwhile. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SILENT_SINKS } from '../../src/contract/sinks.js';
import { projectFolder } from '../../src/local/folders.js';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { scenario } from '../rehearsal/short-plan.js';

/** Noise, waits for people, a concern, a failed rollback and a retry: whatever time and chance could get into. */
const eventful = (faults: string) => `seed: 42
changes: { "watches[1].consider.within": 8m, criteria.consider-cpu.for: 2m, criteria.cpu-1h.for: 19m }
world:
  metrics:
    error-rate: [{ constant: 0.05, noise: 0.02 }, { in: watch-24h, from: 3m, ramp: { from: 0.05, to: 40, over: 4m }, noise: 2 }]
    cpu: [{ in: watch-1h, from: 2m, for: 12m, constant: 97 % }]
    latency-p95: [{ constant: 600, noise: 80 }]
  steps:
    production.deploy: { takes: 5m10s }
    rollback-full.downgrade: { takes: 20s, fails: ran, times: 1 }
    rollback-full.deploy: { takes: 3m }
  answers:
    - { question: sign-offs, role: qa, after: 5h }
    - { question: sign-offs, role: product-owner, after: 20h }
    - { question: consider-cpu, after: 5m, answer: resume }
    - { question: rollback, answer: retry, after: 10m }${faults}
expect:
  outcome: rolled-back
  rollback: { option: full, criterion: immediate-errors, attempts: 2 }
`;
const RESTARTS = `
  faults:
    - { restart: staging.functional }
    - { restart: soak, after: 7m }
    - { restart: sign-offs }
    - { restart: production.migration }
    - { restart: watch-1h, after: 6m }
    - { restart: watch-24h, after: 5m }
    - { restart: rollback-full.deploy }`;

let rehearsals: Rehearsals;

beforeAll(async () => {
  const usual = scenario('eventful', eventful(''));
  const restarted = { ...scenario('restarted', eventful(RESTARTS)), name: usual.name };
  // One after the other, for a scenario's name is its workflow's ID.
  rehearsals = await rehearse([...Array.from({ length: 5 }, () => usual), restarted], { jobs: 1 });
}, 200_000);

afterAll(() => rehearsals?.stop(), 30_000);

test('five times the same scenario is five times the same timeline', () => {
  const [first, ...others] = rehearsals.results;
  expect(first?.differences).toEqual([]);
  expect(first?.timeline.length).toBeGreaterThan(60);
  for (const other of others.slice(0, 4)) {
    expect(other.timeline).toEqual(first?.timeline);
    const { wallSeconds: _, link: __, ...same } = other;
    expect(first).toMatchObject(same);
  }
});

test('a worker that is stopped in every phase changes nothing', () => {
  const [first] = rehearsals.results;
  const restarted = rehearsals.results.at(-1);
  const without = restarted?.timeline.filter(({ what }) => what !== 'fault');
  expect((restarted?.timeline.length ?? 0) - (without?.length ?? 0)).toBe(7);
  expect(without).toEqual(first?.timeline);
  expect(restarted?.samples).toBe(first?.samples);
});

test('the histories replay under the code that is shipped', async () => {
  const connection = await Connection.connect({ address: rehearsals.address });
  const client = new Client({ connection });
  const histories = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    histories.push({ workflowId, history: await client.workflow.getHandle(workflowId, runId).fetchHistory() });
  }
  await connection.close();
  // Deployment, proof on staging, four watches, two rollbacks.
  expect(histories).toHaveLength(6 * 8);
  const workflowBundle = { codePath: join(projectFolder(), 'dist', 'workflow-bundle.js') };
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle, sinks: SILENT_SINKS },
    histories,
  )) {
    expect(error, workflowId).toBeUndefined();
  }
}, 120_000);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { shippedText, write } from '../plan/plan-files.js';
import { surefoot } from './command-line.js';

const PLAN = 'plans/eduautismo-performance.yaml';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'surefoot-plan-'));
});

afterEach(() => {
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

test('check and show name what a plan includes, and show its steps as those of one file', async () => {
  const { approvals, ...rest } = parse(shippedText) as Record<string, unknown>;
  const shared = join(folder, 'approvals.yaml');
  writeFileSync(shared, stringify({ surefoot: 1, approvals }));
  const plan = write('plan.yaml', stringify({ ...rest, include: [shared] }));
  const check = await surefoot('plan', 'check', plan);
  expect(check).toMatchObject({ code: 0, out: expect.stringContaining(`includes ${shared}\n`) });
  const show = await surefoot('plan', 'show', plan);
  expect(show).toMatchObject({ code: 0, out: expect.stringContaining(`Includes ${shared}.\n`) });
  const steps = async (file: string) => JSON.parse((await surefoot('plan', 'show', file, '--json')).out).steps;
  expect(await steps(plan)).toEqual(await steps(PLAN));
});

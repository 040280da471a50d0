import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { FILES, serviceWith } from '../init/written.js';
import { surefoot } from './command-line.js';

const CHECKLIST = 'test/fixtures/checklists/saas-release.md';

afterEach(() => {
  process.exitCode = undefined;
});

test('init writes a plan, bindings and a scenario, which plan check takes, and says how many boxes rest on facts', async () => {
  const folder = serviceWith(FILES);
  const { code, out, err } = await surefoot('init', '--yes', '--folder', folder, '--from', CHECKLIST);
  expect(code).toBe(0);
  expect(out).toMatch(/saas-release\.md: \d+ of 39 boxes rest on facts; people are asked for \d+\./);
  expect(err).toContain(
    'Taken from package.json, docker-compose.yml, alembic.ini, openapi.json, bin/deploy, scripts/logs.sh, ops/alerts.yml.',
  );
  const plan = join(folder, 'surefoot', 'plan.yaml');
  expect(readdirSync(join(folder, 'surefoot'), { recursive: true }).map(String).toSorted()).toEqual(
    ['bindings.yaml', 'plan.yaml', 'scenarios', 'scenarios/all-is-well.yaml'].map((name) => join(name)),
  );
  expect(readFileSync(plan, 'utf8')).toMatch(/# TODO: a person is asked/);
  const bindings = join(folder, 'surefoot', 'bindings.yaml');
  expect((await surefoot('plan', 'check', plan, '--bindings', bindings)).code).toBe(0);
});

test('with --json it tells each box with what settles it, on stdout alone', async () => {
  const folder = serviceWith({});
  const out = join(folder, 'deploy');
  const told = await surefoot(
    'init',
    '--json',
    '--service',
    'orders',
    '--folder',
    folder,
    '--from',
    CHECKLIST,
    '--out',
    out,
  );
  expect(told).toMatchObject({ code: 0, err: '' });
  const { files, boxes, items, ...rest } = JSON.parse(told.out);
  expect(files).toEqual(['plan.yaml', 'bindings.yaml', 'scenarios/all-is-well.yaml'].map((name) => join(out, name)));
  expect(rest).toEqual({ ok: true, checklist: CHECKLIST, read: [], unread: [] });
  expect(boxes).toEqual({ all: 39, facts: boxes.facts, asked: 39 - boxes.facts });
  expect(items).toContainEqual({
    id: '0.2.1',
    title: 'Deployed to staging',
    by: ['staging.deploy/ran'],
    asked: false,
  });
  expect(readFileSync(join(out, 'plan.yaml'), 'utf8')).toMatch(/^service: orders$/m);
});

test('nothing is written over: it says which file is there, and writes none of the others', async () => {
  const folder = serviceWith({ 'surefoot/bindings.yaml': 'mine' });
  const { code, err } = await surefoot('init', '--yes', '--folder', folder);
  expect(code).toBe(2);
  expect(err).toContain(`${join(folder, 'surefoot', 'bindings.yaml')} is there already`);
  expect(readFileSync(join(folder, 'surefoot', 'bindings.yaml'), 'utf8')).toBe('mine');
  expect(existsSync(join(folder, 'surefoot', 'plan.yaml'))).toBe(false);
});

test.each([
  [['--service', 'No Name'], 'a service is named in lower-case letters'],
  [['--from', 'nowhere.md'], 'nowhere.md can’t be read'],
  [['--folder', 'nowhere'], 'nowhere is no folder'],
])('wrong usage is refused with what to do instead: %s', async (flags, message) => {
  const folder = serviceWith({});
  const { code, err } = await surefoot('init', '--yes', '--folder', folder, '--out', join(folder, 'out'), ...flags);
  expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  expect(existsSync(join(folder, 'out'))).toBe(false);
});

test('a checklist with what no plan takes is told, and nothing is written', async () => {
  const folder = serviceWith({ 'mine.md': '- [ ] Ring the \u0007 bell\n' });
  const { code, err } = await surefoot('init', '--yes', '--folder', folder, '--from', join(folder, 'mine.md'));
  expect(code).toBe(2);
  expect(err).toContain('control character');
  expect(existsSync(join(folder, 'surefoot'))).toBe(false);
});

test('a file that can’t be written is told without a trace', async () => {
  const folder = serviceWith({});
  writeFileSync(join(folder, 'taken'), '');
  const { code, err } = await surefoot('init', '--yes', '--folder', folder, '--out', join(folder, 'taken', 'out'));
  expect(code).toBe(2);
  expect(err).toContain('can’t be written');
});

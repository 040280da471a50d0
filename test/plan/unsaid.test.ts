/** What a plan need not say, as it follows from what it says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadPlan } from '../../src/plan/load.js';
import { problemsOf, replaceOnce, write } from './plan-files.js';

const FILE = 'plans/web-and-database.yaml';
const text = readFileSync(FILE, 'utf8');
const edited = (...edits: [string, string][]) => write('plan.yaml', edits.reduce(replaceOnce, text));
const told = (file: string) => problemsOf(() => loadPlan(file)).map(({ path, message }) => `${path}: ${message}`);

test('a database’s password is called as its host is, where it is not called otherwise', () => {
  const { environments } = loadPlan(FILE).resolved;
  expect(environments.production.database?.password).toBe('env:PRODUCTION_DATABASE_PASSWORD');
  const otherwise = edited([
    '  production: {}\n',
    '  production: { database: { host: production-database, password: staging-database } }\n',
  ]);
  expect(loadPlan(otherwise).resolved.environments.production.database?.password).toBe('env:STAGING_DATABASE_PASSWORD');
  expect(told(edited(['  production-database: env:PRODUCTION_DATABASE_PASSWORD\n', '']))).toEqual([
    expect.stringMatching('environments.production.database.password: There is no credential `production-database`'),
  ]);
});

const QUESTION = /\n {4}consider: .*\n/.exec(text)?.[0] ?? '';

test('a watch has no question where no criterion of it asks one, and has to have it where one does', () => {
  const { watches } = loadPlan(FILE).resolved;
  expect(watches.map(({ criteria }) => criteria.map(({ tier }) => tier))).toEqual([
    ['rollback', 'rollback'],
    ['rollback', 'rollback', 'require'],
  ]);
  expect(told(edited([QUESTION, '\n']))).toEqual([
    'watches[1]: `few-errors` asks a person here: write `consider`, within which time and what happens then',
  ]);
  expect(told(edited([QUESTION, '\n'], ['    gate: ask\n', '    gate: rollback\n']))).toEqual([]);
  const considered: [string, string] = ['for: 1m, tier: rollback, rollback: code', 'for: 1m, tier: consider'];
  expect(told(edited(considered))).toEqual([expect.stringMatching(/^watches\[0\]: `gone` asks a person here/)]);
});

test('a broken gate asks, where it is not said to roll back', () => {
  const { soak, watches } = loadPlan(FILE).resolved;
  expect([soak?.gate, ...watches.map(({ gate }) => gate)]).toEqual(['ask', 'ask', 'ask']);
});

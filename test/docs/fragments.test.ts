/** The plans of docs that are fragments: each is put into a whole plan, which has to be right. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadPlan } from '../../src/plan/load.js';
import { write } from '../plan/plan-files.js';

const fragments = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
const planWith = (base: string, fragment: string, machine: object = {}) => {
  const plan = parse(readFileSync(base, 'utf8')) as Record<string, object>;
  return write(
    'plan.yaml',
    stringify({ ...plan, ...(parse(fragment) as object), ...machine }, { aliasDuplicateObjects: false }),
  );
};

const TOOLS = fragments('docs/migration-tools.md').map((text) => [/tool: (\S+)/.exec(text)?.[1], text] as const);

test('every tool that docs name has a plan', () => {
  expect(TOOLS.map(([tool]) => tool)).toEqual([
    ...['django', 'knex', 'golang-migrate', 'rails', 'flyway', 'liquibase', 'prisma'],
  ]);
});

test.each(TOOLS)('the plan of %s is right', (_, fragment) => {
  const { resolved, warnings } = loadPlan(planWith('plans/web-and-database.yaml', fragment));
  expect(warnings).toEqual([]);
  expect(resolved.migration?.query).toMatch(/^select /);
});

describe('backups by commands', () => {
  const commands = fragments('docs/backups.md').filter((text) => text.includes('by: commands'));

  test.each(commands.map((text) => [/prints:/.test(text) ? 'elsewhere' : 'in a file', text] as const))(
    'the plan of one %s is right',
    (kind, fragment) => {
      const { resolved, warnings } = loadPlan(planWith('plans/minimal.yaml', fragment));
      expect(warnings).toEqual([]);
      expect(resolved.backup).toMatchObject({ leaves: { kind: kind === 'elsewhere' ? 'reference' : 'file' } });
    },
  );

  test('there are both kinds', () => expect(commands).toHaveLength(2));
});

test('a plan can tell people by e-mail and in Teams as docs say, and they are led to the console', () => {
  const [fragment = ''] = fragments('docs/notifications.md');
  const base = parse(readFileSync('plans/web-and-database.yaml', 'utf8')) as Record<'hosts' | 'credentials', object>;
  const told = parse(fragment) as typeof base;
  const machine = {
    hosts: { ...base.hosts, ...told.hosts },
    credentials: { ...base.credentials, ...told.credentials },
  };
  const { resolved, warnings } = loadPlan(planWith('plans/web-and-database.yaml', fragment, machine));
  expect(warnings).toEqual([]);
  expect(resolved.notifications.channels.map(({ kind }) => kind)).toEqual(['email', 'teams']);
  expect(resolved.notifications.console).toBe('https://surefoot.example.com');
});

describe('logs', () => {
  const WHERE = ['tail', 'journalctl', 'docker', 'kubectl'];
  const commands = fragments('docs/metrics.md').filter((text) => /^commands:\n {2}logs:/.test(text));
  const { commands: own } = parse(readFileSync('plans/web-and-database.yaml', 'utf8')) as { commands: object };

  test.each(commands)('a plan can have them from there: %s', (fragment) => {
    const { commands: told } = parse(fragment) as { commands: object };
    const whole = stringify({ commands: { ...own, ...told } });
    const { resolved, warnings } = loadPlan(planWith('plans/web-and-database.yaml', whole));
    expect(warnings).toEqual([]);
    expect(WHERE).toContain(resolved.commands.logs?.run[0]);
  });

  test('there is one for each place', () => expect(commands).toHaveLength(WHERE.length));
});

import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadPlan } from '../../src/plan/load.js';
import { problemsOf } from './plan-files.js';

const ORDERS = readFileSync('plans/orders-node.yaml', 'utf8');
const CHECKLIST = readFileSync('plans/orders-checklist.md', 'utf8');
/** The sections of a whole plan, without the version of the format. */
const { surefoot: _, ...SECTIONS } = parse(ORDERS) as Record<string, unknown>;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'surefoot-include-'));
  write('orders-checklist.md', CHECKLIST);
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** The plan without some sections, which include what is named. */
function planWithout(sections: readonly string[], include: readonly string[], name = 'plan.yaml'): string {
  const left = Object.fromEntries(Object.entries(SECTIONS).filter(([key]) => !sections.includes(key)));
  return write(name, stringify({ surefoot: 1, include, ...left }));
}

const part = (sections: readonly string[], more: Record<string, unknown> = {}): string =>
  stringify({ surefoot: 1, ...more, ...Object.fromEntries(sections.map((key) => [key, SECTIONS[key]])) });

const wholeDigest = () => loadPlan(write('whole.yaml', ORDERS)).digest;

test('however a plan is cut into files, it is the same plan', () => {
  const whole = wholeDigest();
  const files = ['plan', 'one', 'two', 'three'] as const;
  fc.assert(
    fc.property(
      fc.tuple(...Object.keys(SECTIONS).map(() => fc.constantFrom(...files))),
      fc.constantFrom('flat', 'chain'),
      (places, shape) => {
        const keysIn = (file: string) => Object.keys(SECTIONS).filter((_key, index) => places[index] === file);
        const next = { one: ['two.yaml'], two: ['three.yaml'], three: [] };
        for (const file of ['one', 'two', 'three'] as const) {
          const include = shape === 'chain' && next[file].length > 0 ? { include: next[file] } : {};
          write(`${file}.yaml`, part(keysIn(file), include));
        }
        const moved = Object.keys(SECTIONS).filter((_key, index) => places[index] !== 'plan');
        const named = shape === 'chain' ? ['one.yaml'] : ['one.yaml', 'two.yaml', 'three.yaml'];
        const loaded = loadPlan(planWithout(moved, named));
        expect(loaded.digest).toBe(whole);
        expect(loaded.included).toEqual(['one', 'two', 'three'].map((name) => join(folder, `${name}.yaml`)));
      },
    ),
    { numRuns: 25 },
  );
});

test('the digest covers what was included', () => {
  write('shared/approvals.yaml', part(['approvals']));
  const plan = planWithout(['approvals'], ['shared/approvals.yaml']);
  const before = loadPlan(plan).digest;
  write('shared/approvals.yaml', part(['approvals']).replace('Maya Iyer', 'Maya R. Iyer'));
  expect(before).toBe(wholeDigest());
  expect(loadPlan(plan).digest).not.toBe(before);
});

test('files are named from the folder of the file that includes them, and so is what they name', () => {
  write('teams/checkout/folders.yaml', part(['folders'], { include: ['../approvals.yaml'] }));
  write('teams/approvals.yaml', part(['approvals']));
  const file = planWithout(['folders', 'approvals'], ['../teams/checkout/folders.yaml'], 'plans/orders.yaml');
  write('plans/orders-checklist.md', CHECKLIST);
  const { resolved } = loadPlan(file);
  expect(resolved.evidence).toBe(join(folder, 'teams/checkout/evidence'));
});

test('a section that is given twice is a mistake that names both places', () => {
  const shared = write('shared/approvals.yaml', part(['approvals']));
  const plan = planWithout([], ['shared/approvals.yaml']);
  const line = readFileSync(plan, 'utf8').split('\n').indexOf('approvals:') + 1;
  expect(problemsOf(() => loadPlan(plan))).toEqual([
    {
      file: shared,
      path: 'approvals',
      line: 2,
      column: 1,
      message: `\`approvals\` is given at ${plan}:${line}:1 already; a section comes whole from one file: keep one`,
    },
  ]);
});

test('a file that two included files include is read once', () => {
  write('people.yaml', part(['approvals']));
  write('one.yaml', part(['windows'], { include: ['people.yaml'] }));
  write('two.yaml', part(['smoke'], { include: ['./people.yaml'] }));
  const plan = planWithout(['approvals', 'windows', 'smoke'], ['one.yaml', 'two.yaml']);
  expect(loadPlan(plan).digest).toBe(wholeDigest());
});

test('a cycle is refused where it closes, also through a link', () => {
  const one = write('one.yaml', part(['windows'], { include: ['deeper/two.yaml'] }));
  const two = write('deeper/two.yaml', part(['smoke'], { include: ['../again.yaml'] }));
  symlinkSync(one, join(folder, 'again.yaml'));
  const plan = planWithout(['windows', 'smoke'], ['one.yaml']);
  expect(problemsOf(() => loadPlan(plan))).toEqual([
    {
      file: two,
      path: 'include[0]',
      line: 3,
      column: 5,
      message: `${join(folder, 'again.yaml')} includes this file in turn, so neither can be read before the other`,
    },
  ]);
  const self = planWithout([], ['self.yaml'], 'self.yaml');
  expect(problemsOf(() => loadPlan(self))).toMatchObject([{ file: self, path: 'include[0]' }]);
});

test('what is wrong in an included file is told with that file, line and column, along with the rest', () => {
  const shared = write(
    'shared/windows.yaml',
    'surefoot: 1\nwindows:\n  timeZone: Europe/Berlin\n  overrideBy: [cook]\n',
  );
  const plan = write(
    'plan.yaml',
    stringify({ surefoot: 1, include: ['shared/windows.yaml'], ...SECTIONS, windows: undefined, language: 'Englisch' }),
  );
  expect(problemsOf(() => loadPlan(plan))).toMatchObject([
    { file: plan, path: 'language' },
    { file: shared, path: 'windows.overrideBy[0]', line: 4, column: 16 },
  ]);
});

test('a key that only looks like one of JavaScript’s own is a stranger as well', () => {
  write('shared.yaml', 'surefoot: 1\nconstructor: {}\n');
  expect(problemsOf(() => loadPlan(planWithout([], ['shared.yaml'])))).toMatchObject([{ path: 'constructor' }]);
});

test('a key that no plan has is told where it stands', () => {
  const shared = write('shared.yaml', 'surefoot: 1\nwindos: {}\n');
  const plan = planWithout([], ['shared.yaml']);
  expect(problemsOf(() => loadPlan(plan))).toMatchObject([
    { file: shared, path: 'windos', line: 2, column: 1, suggestion: 'windows' },
  ]);
});

test('a file that is not there is told where it is named, and nothing else is', () => {
  write('shared/approvals.yaml', part(['approvals']));
  const plan = planWithout(['approvals'], ['shared/aprovals.yaml']);
  expect(problemsOf(() => loadPlan(plan))).toEqual([
    {
      file: plan,
      path: 'include[0]',
      line: 3,
      column: 5,
      message: `${join(folder, 'shared/aprovals.yaml')}: There is no such file`,
      suggestion: join(folder, 'shared/approvals.yaml'),
    },
  ]);
});

test('an included file that is no YAML, or of no known format, says so itself', () => {
  const broken = write('broken.yaml', 'surefoot: 1\napprovals: [\n');
  expect(problemsOf(() => loadPlan(planWithout(['approvals'], ['broken.yaml'])))).toMatchObject([{ file: broken }]);
  const old = write('old.yaml', part(['approvals']).replace('surefoot: 1', 'surefoot: 2'));
  expect(problemsOf(() => loadPlan(planWithout(['approvals'], ['old.yaml'])))).toMatchObject([
    { file: old, path: 'surefoot', line: 1, message: 'The version of the format: write 1' },
  ]);
});

test('what is included is a list of files', () => {
  const plan = write('plan.yaml', ORDERS.replace('surefoot: 1', 'surefoot: 1\ninclude: approvals.yaml'));
  expect(problemsOf(() => loadPlan(plan))).toMatchObject([
    { path: 'include', message: 'A list is expected, not text' },
  ]);
});

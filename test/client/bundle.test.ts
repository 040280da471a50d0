/** The bundle of the commands that ask: which of Temporal's messages are in it, and what V8 has made of it. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type Described, namedMessages, readMessages } from '../../scripts/bundle/messages.js';
import { projectFolder } from '../../src/local/folders.js';

const root = projectFolder();
const described = readFileSync(createRequire(import.meta.url).resolve('@temporalio/proto/protos/json-module'), 'utf8');
const { all } = readMessages(described);

const find = (messages: Record<string, Described>, name: string): Described | undefined =>
  name.split('.').reduce<Described | undefined>((entry, part) => entry?.nested?.[part], { nested: messages });

/** Full names of everything but packages. */
function namesIn(messages: Record<string, Described>, above = ''): string[] {
  return Object.entries(messages).flatMap(([name, { nested, ...entry }]) => {
    const within = namesIn(nested ?? {}, `${above}${name}.`);
    return 'fields' in entry || 'values' in entry || 'methods' in entry ? [above + name, ...within] : within;
  });
}

/** What a message or service is made of, by full names, as protobuf looks them up: from where it stands outwards. */
function partsOf(messages: Record<string, Described>, name: string): string[] {
  const { fields, methods } = find(messages, name) ?? {};
  const types = Object.values(fields ?? {}).map(({ type }) => type);
  const calls = Object.values(methods ?? {}).flatMap(({ requestType, responseType }) => [requestType, responseType]);
  const scope = name.split('.');
  return [...types, ...calls].flatMap((type) => {
    const places = [...scope.keys()].map((index) => [...scope.slice(0, scope.length - index), type].join('.'));
    return [...places, type].find((place) => find(all, place) !== undefined) ?? [];
  });
}

test('of the messages those stay that a program names, and all that they are made of, as they were', () => {
  const names = namesIn(all);
  expect(names.length).toBeGreaterThan(500);
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom(...names), { maxLength: 4 }), (named) => {
      const kept = namedMessages(all, named.map((name) => `proto.${name}.encode(it);`).join('\n'));
      const keptNames = namesIn(kept);
      expect(keptNames).toEqual(expect.arrayContaining(named));
      for (const name of keptNames) {
        expect(find(kept, name)?.fields).toEqual(find(all, name)?.fields);
        for (const part of partsOf(kept, name)) expect(keptNames).toContain(part);
      }
    }),
    { numRuns: 30 },
  );
});

test('of a service those methods stay whose names stand in the program', () => {
  const service = 'temporal.api.workflowservice.v1.WorkflowService';
  const kept = namedMessages(
    all,
    `const { ${service} } = proto; service.describeSchedule({}); service['queryWorkflow']`,
  );
  expect(Object.keys(find(kept, service)?.methods ?? {}).toSorted()).toEqual(['DescribeSchedule', 'QueryWorkflow']);
  expect(find(kept, 'temporal.api.schedule.v1.ScheduleSpec')).toEqual(
    find(all, 'temporal.api.schedule.v1.ScheduleSpec'),
  );
});

test('a package that is named stays whole, a text about one keeps nothing', () => {
  const { nested } =
    find(namedMessages(all, 'const { TaskQueueKind } = proto.temporal.api.enums.v1;'), 'temporal.api') ?? {};
  expect(nested).toEqual({ enums: find(all, 'temporal.api.enums') });
  expect(namedMessages(all, '"temporal.api.enums.v1"; "https://docs.temporal.io/workflows"; temporal.address')).toEqual(
    {},
  );
});

test('messages that are described in another way are told at the build', () => {
  expect(() => readMessages('module.exports = protobuf.load("api.binpb");')).toThrow('in another way than it did');
});

/** The bundle and its beginning, alone: without the packages, and the rest of dist/. */
function copyOfBundle(): { folder: string; main: string; bundle: string; compiled: string } {
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-bundle-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const client = ['main', 'bundle', 'asking-commands'].map((name) => `dist/src/client/${name}.js`);
  const files = ['package.json', 'dist/asking-bundle.cjs', 'dist/asking-bundle.cjs.compiled', ...client];
  for (const file of [...files, 'dist/src/domain/ledger/decision-kinds.js']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  const bundle = join(folder, 'dist/asking-bundle.cjs');
  return { folder, main: join(folder, 'dist/src/client/main.js'), bundle, compiled: `${bundle}.compiled` };
}

/** Says whether V8 took what is compiled, and runs `surefoot status --help`. */
function begin(main: string) {
  const text = `const { compileBundle, evaluateBundle } = await import(${JSON.stringify(join(dirname(main), 'bundle.js'))});
    const script = compileBundle();
    console.log(script.cachedDataRejected);
    process.exitCode = await evaluateBundle(script).runAsking(['status', '--help']);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type', 'module', '--eval', text], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [rejected, ...help] = stdout.split('\n');
  expect(help[0]).toBe('Usage: surefoot status [options] [DEPLOYMENT]');
  return rejected;
}

test('the bundle begins as it was compiled, without the packages and the other commands', () => {
  const { main } = copyOfBundle();
  expect(begin(main)).toBe('false');
});

test('where only the compiler has run, its commands are carried out as the others are', () => {
  const { folder, main } = copyOfBundle();
  cpSync(join(root, 'dist/src'), join(folder, 'dist/src'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  rmSync(join(folder, 'dist/asking-bundle.cjs'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'status', '--help'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('Usage: surefoot status [options] [DEPLOYMENT]');
});

test.each<[string, (copy: { bundle: string; compiled: string }) => void, string]>([
  ['is not there', ({ compiled }) => rmSync(compiled), 'undefined'],
  ['is empty', ({ compiled }) => truncateSync(compiled), 'true'],
  ['is cut off', ({ compiled }) => truncateSync(compiled, 10_000), 'true'],
  ['is of another text', ({ bundle }) => writeFileSync(bundle, `${readFileSync(bundle, 'utf8')}\n;`), 'true'],
  ['is of another V8', ({ compiled }) => writeFileSync(compiled, readFileSync(compiled).fill(7, 4, 8)), 'true'],
])('where what was compiled %s, the bundle begins all the same', (_, spoil, rejected) => {
  const copy = copyOfBundle();
  spoil(copy);
  expect(begin(copy.main)).toBe(rejected);
});

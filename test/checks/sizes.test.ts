import { expect, test } from 'vitest';
import { check } from './bad-example.js';

const lines = (count: number) => 'export {};\n'.repeat(count);
const folder = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`src/domain/a${index}.ts`, lines(1)]));

test('a file of 300 lines and a folder of 20 files fit one look', () => {
  expect(check('sizes', { ...folder(19), 'src/domain/long.ts': lines(300) })).toMatchObject({ problems: '' });
});

test('a line more, or a file more, is refused with what to do', () => {
  const { problems } = check('sizes', { ...folder(20), 'src/domain/long.ts': lines(301) });
  expect(problems.split('\n')).toEqual([
    'src/domain/long.ts: 301 lines are more than 300: split it by subject',
    'src/domain: 21 files are more than 20: give a subject its own folder',
  ]);
});

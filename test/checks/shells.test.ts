import { expect, test } from 'vitest';
import { check } from './bad-example.js';

const refused: [text: string, message: string][] = [
  [`import { exec } from 'node:child_process';`, 'exec of child_process reads a text as a command'],
  [`import { execSync } from 'child_process';`, 'execSync of child_process reads a text as a command'],
  [`import { exec as run } from 'node:child_process';`, 'exec of child_process reads a text as a command'],
  [`import * as processes from 'node:child_process';`, 'child_process as a whole'],
  [`import processes from 'node:child_process';`, 'child_process as a whole'],
  [`export const f = () => import('node:child_process');`, 'child_process as a whole'],
  [`import { execaCommand } from 'execa';`, 'execaCommand of execa reads a text as a command'],
  [`import { $ } from 'execa';`, '$ of execa reads a text as a command'],
  [`export const options = { shell: true };`, 'shell: give the program and its arguments as a list'],
  [`export const options = { shell: '/bin/bash' };`, 'shell: give the program and its arguments as a list'],
  [`export const options = (shell: boolean) => ({ 'shell': shell });`, 'shell: give the program and its arguments'],
  [`export const f = (text: string) => execa('sh', ['-c', text]);`, 'sh is a shell: start the program itself'],
  [`export const f = (text: string) => processes.spawn('/bin/bash', ['-c', text]);`, '/bin/bash is a shell'],
];

test.each(refused)('no code says %s', (text, message) => {
  const { status, problems } = check('shells', { 'src/adapters/a.ts': `// first line\n${text}\n` });
  expect(problems).toMatch(`src/adapters/a.ts:2: ${message}`);
  expect(problems.split('\n')).toHaveLength(1);
  expect(status).toBe(1);
});

test('plain JavaScript and the sandbox are read as well', () => {
  const text = `import { exec } from 'node:child_process';\n`;
  expect(check('shells', { 'src/adapters/a.mjs': text }).problems).toMatch('src/adapters/a.mjs:1: ');
  expect(check('shells', { 'sandbox/local/a.ts': text }).problems).toMatch('sandbox/local/a.ts:1: ');
});

test.each([
  [
    'a list of arguments',
    `import { execa } from 'execa';\nexport const f = (name: string) => execa('git', ['log', '--', name]);`,
  ],
  ['a comment or a text', `// exec('rm -rf')\nexport const help = "shell: true, exec('sh')";`],
  ['the exec of a regular expression', `export const found = /a/.exec('a');`],
  ['an option that is off', `export const options = { shell: false };`],
])('%s is fine', (_, text) => {
  expect(check('shells', { 'src/adapters/a.ts': `${text}\n` })).toMatchObject({ status: 0, problems: '' });
});

import { existsSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { programOf } from '../helpers/programs.js';

test('a program that tests want is found, or it is said in one line which package it comes with', () => {
  expect(existsSync(programOf('git'))).toBe(true);
  vi.stubEnv('PATH', '/nowhere');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(() => programOf('promtool', 'prometheus')).toThrow(
    /^no promtool on this machine: apt-get install prometheus$/,
  );
});

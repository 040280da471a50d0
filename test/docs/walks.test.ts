/** The four walks of docs/architecture.md, by the code's own imports: down the layers, and hardly ever back. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';

const MOST_RETURNS = 1;

const page = readFileSync('docs/architecture.md', 'utf8');
const section = /\n## Four walks\n([\s\S]*?)\n## /.exec(page)?.[1] ?? '';
const walks = section
  .split(/^### /m)
  .slice(1)
  .map((text): [title: string, files: string[]] => [
    text.split('\n')[0] ?? '',
    [...text.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file = '']) => file),
  ]);

const imports = new Map(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((file) => `src/${file}`)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, importsOf(file)]),
);

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:\bfrom |\bimport\()'(\.[^']+)\.js'/g)].map(
    ([, path = '']) => `${posix.join(posix.dirname(file), path)}.ts`,
  );
}

/** Whether a file imports another, itself or by what it imports. */
function reads(file: string, other: string, seen = new Set<string>()): boolean {
  if (file === other) return true;
  if (seen.has(file)) return false;
  seen.add(file);
  return (imports.get(file) ?? []).some((next) => reads(next, other, seen));
}

/** Files that nothing leads to: neither an import of one before them, nor the contract that they go on from. */
function unreached(files: readonly string[]): string[] {
  return files.slice(1).filter((file, index) => {
    const before = files.slice(0, index + 1);
    const last = before.at(-1) ?? '';
    const crosses = last.startsWith('src/contract/') && reads(file, last);
    return !crosses && !before.some((one) => imports.get(one)?.includes(file));
  });
}

/** How often a walk enters a folder that it has left before. */
function returns(files: readonly string[]): string[] {
  const folders = files.map((file) => posix.dirname(file)).filter((folder, index, all) => folder !== all[index - 1]);
  return folders.filter((folder, index) => folders.indexOf(folder) < index);
}

test('there are four', () => {
  expect(walks.map(([title]) => title)).toEqual([
    'From the plan to a rollback',
    'From a sample to the verdict and the report',
    'From an approval to production',
    'From a fact to its box',
  ]);
});

describe.each(walks)('%s', (_, files) => {
  test('goes through files that are there, each once', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => !imports.has(file))).toEqual([]);
    expect(new Set(files).size).toBe(files.length);
  });

  test('goes down by imports, and up only out of the contract', () => {
    expect(unreached(files)).toEqual([]);
  });

  test('comes back to a folder that it has left once at most', () => {
    expect(returns(files).length, returns(files).join(', ')).toBeLessThanOrEqual(MOST_RETURNS);
  });
});

describe('a walk that is none is told', () => {
  test('a file that nothing before it imports', () => {
    const domain = 'src/domain/watch/criteria.ts';
    expect(unreached(['src/workflows/watch/watch.ts', domain])).toEqual([]);
    expect(unreached([domain, 'src/workflows/watch/watch.ts'])).toEqual(['src/workflows/watch/watch.ts']);
    expect(unreached(['src/contract/messages.ts', 'src/adapters/commands/recorder.ts'])).toHaveLength(1);
  });

  test('each way back to a folder', () => {
    expect(returns(['a/1', 'b/1', 'b/2', 'a/2', 'a/3', 'b/3'])).toEqual(['a', 'b']);
    expect(returns(['a/1', 'a/2', 'b/1'])).toEqual([]);
  });
});

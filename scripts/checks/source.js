/** What the checks read: TypeScript files as syntax trees, so that comments and texts fool nobody. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** Every source file below a folder, relative to `root` with `/`, sorted. An absent folder holds none. */
export function sourceFiles(root, folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) =>
      relative(root, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .sort();
}

/** One file parsed: its tree, and the line of a position in it. A syntax error is thrown with the file's name. */
export function parse(root, file) {
  const text = readFileSync(join(root, file), 'utf8');
  try {
    const program = parseAst(text, { lang: /\.[cm]?ts$/.test(file) ? 'ts' : 'js' });
    return { program, line: (node) => text.slice(0, node.start).split('\n').length };
  } catch (error) {
    throw new Error(`${file}: ${error.message}`);
  }
}

/** Calls `visit(node, parents)` for every node of a tree, outermost first; `parents` ends with the nearest. */
export function walk(node, visit, parents = []) {
  visit(node, parents);
  const inner = [...parents, node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child.type === 'string') walk(child, visit, inner);
    }
  }
}

/** Prints what is wrong, one a line, and ends the process: 0 when nothing is. */
export function finish(problems, fine) {
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log(fine);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

/**
 * Holds every import, of types too, against the layers of docs/architecture.md, and finds cycles.
 * Own code because dependency-cruiser reads TypeScript by the compiler's JavaScript API, which TypeScript 7 has not.
 *
 *   node scripts/checks/imports.js [FOLDER]
 */
import { existsSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { LAYERS } from './layers.js';
import { finish, parse, sourceFiles, walk } from './source.js';

/** `src/domain/steps.ts` is in `domain`, `src/worker.ts` in `worker`, `sandbox/local/x.ts` in `sandbox`. */
function layerOf(file) {
  const [top, next = ''] = file.split('/');
  return top === 'src' ? next.replace(/\.[cm]?[jt]s$/, '') : top;
}

/** The file that a relative import means; TypeScript's sources are imported by the name of what they become. */
function target(root, file, specifier) {
  const path = posix.normalize(posix.join(posix.dirname(file), specifier));
  const names = [path.replace(/\.js$/, '.ts'), path.replace(/\.mjs$/, '.mts'), path];
  return names.find((name) => existsSync(resolve(root, name)));
}

/** Every import of a file: static, re-exported, `import()`, and `import('…')` in a type. */
function imports(root, file) {
  const { program, line } = parse(root, file);
  const found = [];
  walk(program, (node) => {
    if (!/^(Import|ExportNamed|ExportAll)(Declaration|Expression)$|^TSImportType$/.test(node.type)) return;
    if (typeof node.source?.value !== 'string') return;
    const typeOnly = node.importKind === 'type' || node.exportKind === 'type' || node.type === 'TSImportType';
    found.push({ specifier: node.source.value, line: line(node), later: node.type === 'ImportExpression', typeOnly });
  });
  return found;
}

const holds = (patterns, name) =>
  patterns.some((pattern) => name === pattern || name.startsWith(pattern.endsWith(':') ? pattern : `${pattern}/`));

/** Why this import is not allowed; nothing when it is. */
function refusal(root, file, found) {
  const layer = layerOf(file);
  const rule = LAYERS[layer];
  if (!rule) return `"${layer}" is no known layer: add it to scripts/checks/layers.js`;
  if (!found.specifier.startsWith('.')) {
    const allowed = rule.packages === true || holds(rule.packages, found.specifier);
    const refused = !found.later && holds(rule.except ?? [], found.specifier);
    return allowed && !refused ? undefined : `${layer} must not import ${found.specifier}`;
  }
  const to = target(root, file, found.specifier);
  if (!to) return `${found.specifier} does not exist`;
  const other = layerOf(to);
  if (other === layer || rule.layers.includes(other)) return undefined;
  if (!rule.later?.includes(other)) return `${layer} must not import ${other} (${to})`;
  return found.later || found.typeOnly ? undefined : `${layer} may import ${other} only by import(): ${to}`;
}

/** Every cycle of imports, each once, as `a → b → a`. Types count: a cycle of types is a muddle of layers as well. */
function cycles(graph) {
  const found = new Map();
  const done = new Set();
  const visit = (file, path) => {
    const at = path.indexOf(file);
    if (at >= 0) {
      const loop = path.slice(at);
      found.set([...loop].sort().join(), [...loop, file].join(' → '));
    } else if (!done.has(file)) {
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    }
  };
  for (const file of graph.keys()) visit(file, []);
  return [...found.values()];
}

const root = resolve(process.argv[2] ?? '.');
const problems = [];
const graph = new Map();
const files = [...sourceFiles(root, 'src'), ...sourceFiles(root, 'sandbox/local')];
for (const file of files) {
  const found = imports(root, file);
  for (const each of found) {
    const reason = refusal(root, file, each);
    if (reason) problems.push(`${file}:${each.line}: ${reason}`);
  }
  const near = found.filter((each) => each.specifier.startsWith('.') && !each.later);
  graph.set(file, near.map((each) => target(root, file, each.specifier)).filter(Boolean));
}
for (const cycle of cycles(graph)) problems.push(`${cycle.split(' ')[0]}:1: a cycle of imports: ${cycle}`);
finish(problems, `${files.length} files import in the right direction.`);

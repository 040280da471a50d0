/**
 * Code that runs inside a workflow must do the same at every replay: this finds what would not.
 * It reads src/workflows, src/domain and src/contract, which the workflow bundle is made of.
 *
 *   node scripts/checks/determinism.js [FOLDER]
 */
import { resolve } from 'node:path';
import { finish, parse, sourceFiles, walk } from './source.js';

const FOLDERS = ['src/workflows', 'src/domain', 'src/contract'];

/** Globals that a workflow has no use for, with what to do instead. */
const GLOBALS = {
  process: 'a workflow has no process: pass the value in with the input',
  Intl: 'time zones and languages differ between builds of Node: compute it in an activity',
  Temporal: 'only some versions of Node have it: use milliseconds',
  fetch: 'a workflow reaches nothing outside: use an activity',
  XMLHttpRequest: 'a workflow reaches nothing outside: use an activity',
  require: 'import it at the top',
  setInterval: 'use sleep() of @temporalio/workflow, with a summary',
  setTimeout: 'use sleep() of @temporalio/workflow, with a summary',
  setImmediate: 'a workflow has no event loop of its own',
  queueMicrotask: 'a workflow has no event loop of its own',
  WeakRef: 'depends on garbage collection',
  FinalizationRegistry: 'depends on garbage collection',
  crypto: 'use uuid4() of @temporalio/workflow',
  performance: 'use Date.now()',
};

const MEMBERS = {
  'Math.random': 'use uuid4() of @temporalio/workflow, or compute it in an activity',
};

const isName = (parent, node) =>
  (parent?.type === 'MemberExpression' && parent.property === node && !parent.computed) ||
  (/^(Property|MethodDefinition|PropertyDefinition|TSPropertySignature|TSMethodSignature)$/.test(parent?.type ?? '') &&
    parent.key === node &&
    !parent.computed &&
    !parent.shorthand);

/** Names that a file declares or imports itself: those are not the globals. */
function ownNames(program) {
  const names = new Set();
  walk(program, (node, parents) => {
    const parent = parents.at(-1);
    if (node.type !== 'Identifier') return;
    if (/^Import/.test(parent?.type ?? '') && parent.local === node) names.add(node.name);
    if (parent?.type === 'VariableDeclarator' && parent.id === node) names.add(node.name);
    if (/Function/.test(parent?.type ?? '') && (parent.id === node || parent.params?.includes(node))) {
      names.add(node.name);
    }
  });
  return names;
}

/** What is wrong with one node; nothing when all is well. */
function complaint(node, parents, own) {
  const parent = parents.at(-1);
  const inType = parents.some((each) => each.type.startsWith('TSType') || each.type === 'TSInterfaceBody');
  if (node.type === 'ImportDeclaration' && node.importKind !== 'type') {
    if (node.source.value.startsWith('node:')) return `${node.source.value}: a workflow has no Node modules`;
  }
  if (node.type === 'ImportExpression') return 'import(): the bundle must be the same at every replay';
  if (node.type === 'Identifier' && Object.hasOwn(GLOBALS, node.name)) {
    if (!inType && !isName(parent, node) && !own.has(node.name)) return `${node.name}: ${GLOBALS[node.name]}`;
  }
  if (node.type === 'MemberExpression') {
    const name = node.computed ? node.property.value : node.property.name;
    const full = `${node.object.name}.${name}`;
    if (/^toLocale/.test(name ?? '')) return `${name}(): the result depends on the machine: format it by hand`;
    if (node.object.name === 'globalThis' && Object.hasOwn(GLOBALS, name)) return `${full}: ${GLOBALS[name]}`;
    if (Object.hasOwn(MEMBERS, full)) return `${full}: ${MEMBERS[full]}`;
  }
  const argumentless = /^(New|Call)Expression$/.test(node.type) && node.arguments.length === 0;
  if (argumentless && node.callee.name === 'Date') return `the current time by Date(): use Date.now()`;
  if (node.type === 'VariableDeclaration' && node.kind !== 'const' && !node.declare) {
    const where = parent?.type === 'ExportNamedDeclaration' ? parents.at(-2) : parent;
    if (where?.type === 'Program') return `a module-level ${node.kind} is shared by every workflow of a worker`;
  }
  if (node.type === 'VariableDeclarator' && isPlace(node.init) && parents.at(-2)?.type === 'ExportNamedDeclaration') {
    return 'what is exported is frozen, and this pattern writes down where it is';
  }
  if (node.type === 'VariableDeclarator' && isFilledLater(node.init)) {
    const where = parents.at(-2)?.type === 'ExportNamedDeclaration' ? parents.at(-3) : parents.at(-2);
    if (where?.type === 'Program') return 'what a module keeps is shared by every workflow of a worker';
  }
  return undefined;
}

/** A pattern that keeps where it has got to: `replace()` sets it back. */
const isPlace = (value) => value?.type === 'Literal' && /[gy]/.test(value.regex?.flags ?? '');

/** There is no use for it empty. */
function isFilledLater(value) {
  if (value?.type === 'NewExpression')
    return /^(Weak)?(Map|Set)$/.test(value.callee.name) && value.arguments.length === 0;
  if (value?.type === 'ArrayExpression') return value.elements.length === 0;
  return value?.type === 'ObjectExpression' && value.properties.length === 0;
}

const root = resolve(process.argv[2] ?? '.');
const problems = [];
const files = FOLDERS.flatMap((folder) => sourceFiles(root, folder));
for (const file of files) {
  const { program, line } = parse(root, file);
  const own = ownNames(program);
  walk(program, (node, parents) => {
    const text = complaint(node, parents, own);
    if (text) problems.push(`${file}:${line(node)}: ${text}`);
  });
}
finish(problems, `${files.length} files of workflow code do the same at every replay.`);

/**
 * One launcher: programs that a deployment needs are started by `src/adapters/commands`, with the variables that
 * `program-variables.ts` gives them. Nobody else can start one, and nobody hands on the whole of the worker's environment.
 *
 *   node scripts/checks/launchers.js [FOLDER]
 */
import { resolve } from 'node:path';
import { finish, parse, sourceFiles, walk } from './source.js';

/** The launcher, and what it is made of. */
const LAUNCHER =
  /^src\/adapters\/commands\/(short-command|recorder|recorder-process|survivors|process-identity)\.m?[jt]s$/;

/** No part of a deployment: this machine's sandbox and demo, and what a person starts with their own hands. */
const BESIDE = /^src\/(local|demo|client\/commands)\//;

/** Packages that start programs. */
const STARTERS =
  /^(?:node:)?child_process$|^(?:node:)?cluster$|^(?:execa|nano-spawn|tinyexec|cross-spawn|zx|node-pty)(?:\/|$)/;

const isWholeEnvironment = (node) =>
  node?.type === 'MemberExpression' &&
  node.object?.type === 'Identifier' &&
  node.object.name === 'process' &&
  (node.property?.name ?? node.property?.value) === 'env';

/** What is wrong with one node; nothing when all is well. */
function complaint(node) {
  const from = /^(?:Import|Export)(?:Named|All)?(?:Declaration|Expression)$/.test(node.type) && node.source?.value;
  if (from && node.importKind !== 'type' && STARTERS.test(from)) {
    return `${from} starts programs: use runShort or runRecorded of src/adapters/commands`;
  }
  if (node.type === 'CallExpression' && node.callee.name === 'require' && STARTERS.test(node.arguments[0]?.value)) {
    return `${node.arguments[0].value} starts programs: use runShort or runRecorded of src/adapters/commands`;
  }
  const handed =
    node.type === 'SpreadElement'
      ? node.argument
      : node.type === 'Property' && /^env(?:ironment)?$/.test(node.key?.name ?? node.key?.value ?? '')
        ? node.value
        : undefined;
  if (!isWholeEnvironment(handed)) return undefined;
  return 'the whole environment is handed on: give a program the variables of programVariables';
}

const root = resolve(process.argv[2] ?? '.');
const problems = [];
const files = sourceFiles(root, 'src').filter((file) => !LAUNCHER.test(file) && !BESIDE.test(file));
for (const file of files) {
  const { program, line } = parse(root, file);
  walk(program, (node) => {
    const text = complaint(node);
    if (text) problems.push(`${file}:${line(node)}: ${text}`);
  });
}
finish(problems, `${files.length} files leave the starting of programs to the launcher.`);

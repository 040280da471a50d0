/**
 * No shell reads what a plan, a person or a server has written: programs are started with a list of arguments. The
 * user's own scripts may be shell scripts, and a server over ssh has a login shell, for which `src/adapters/commands/ssh.ts` quotes.
 *
 *   node scripts/checks/shells.js [FOLDER]
 */
import { resolve } from 'node:path';
import { finish, parse, sourceFiles, walk } from './source.js';

const FOLDERS = ['src', 'sandbox/local'];

/** Functions of node:child_process that start a shell by themselves. */
const SHELLS = ['exec', 'execSync'];

/** Functions of execa that split a text into words, or start a shell. */
const TEXTS = ['execaCommand', 'execaCommandSync', '$'];

/** Programs that read their argument as a program. */
const PROGRAMS = /^(?:.*\/)?(?:(?:ba|da|z|k|c|tc|fi|a)?sh|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh|eval)$/;

const STARTERS = /^(?:spawn|spawnSync|execFile|execFileSync|execa|execaSync|execaNode)$/;

const nameOf = (node) => (node?.type === 'Identifier' ? node.name : node?.type === 'Literal' ? node.value : undefined);

/** What is wrong with one node; nothing when all is well. */
function complaint(node) {
  if (node.type === 'ImportDeclaration') return importOf(node);
  if (node.type === 'ImportExpression') return importOf({ source: node.source, specifiers: [{ type: 'whole' }] });
  if (node.type === 'CallExpression') return callOf(node);
  if (node.type === 'Property' && nameOf(node.key) === 'shell' && node.value.value !== false) {
    return 'shell: give the program and its arguments as a list';
  }
  return undefined;
}

function importOf({ source, specifiers }) {
  const from = String(source.value).replace(/^node:/, '');
  const refused = { child_process: SHELLS, execa: TEXTS }[from];
  if (!refused) return undefined;
  const whole = specifiers.find(({ type }) => type !== 'ImportSpecifier');
  if (whole) return `${from} as a whole: import the functions by name, so that a shell is seen`;
  const found = specifiers.map(({ imported }) => nameOf(imported)).find((name) => refused.includes(name));
  return found && `${found} of ${from} reads a text as a command: use execa or spawn with a list of arguments`;
}

function callOf({ callee, arguments: [program] }) {
  const name = callee.type === 'MemberExpression' ? nameOf(callee.property) : nameOf(callee);
  if (!STARTERS.test(name ?? '') || typeof program?.value !== 'string' || !PROGRAMS.test(program.value))
    return undefined;
  return `${program.value} is a shell: start the program itself`;
}

const root = resolve(process.argv[2] ?? '.');
const problems = [];
const files = FOLDERS.flatMap((folder) => sourceFiles(root, folder));
for (const file of files) {
  const { program, line } = parse(root, file);
  walk(program, (node) => {
    const text = complaint(node);
    if (text) problems.push(`${file}:${line(node)}: ${text}`);
  });
}
finish(problems, `${files.length} files start programs without a shell.`);

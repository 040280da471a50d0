/**
 * One reader of files: whatever others may have written is read by `src/files`, which reads nothing beyond its limit and
 * waits for no pipe. Nobody else reads a file whole, or streams one; what is read into a buffer has that for its limit.
 *
 *   node scripts/checks/files.js [FOLDER]
 */
import { resolve } from 'node:path';
import { finish, parse, sourceFiles, walk } from './source.js';

const READER = /^src\/files\//;

/** Who reads files otherwise, with the reason. */
const OTHERS = [
  // This machine's sandbox and demo: what they have written themselves, in a folder of this user alone.
  /^src\/(local|demo)\//,
  // The command line's own code.
  /^src\/client\/bundle\.ts$/,
  // Programs of their own beside a command, which have to start without anything else: the kernel's files, which end, and
  // the command that the recorder was told.
  /^src\/adapters\/commands\/(recorder-process|process-identity|survivors)\.mjs$/,
  // What is new of what pg_restore says, some MB at a time.
  /^src\/activities\/backup\/progress\.ts$/,
];

const FILE_SYSTEM = /^(?:node:)?fs(?:\/promises)?$/;
const READS =
  /^(readFile|readFileSync|createReadStream|readSync|read|readv|readvSync|openAsBlob|readLines|ReadStream)$/;

const REASON = 'reads a file to any length: use src/files/bounded-files.ts';

/** What is wrong with one node; nothing when all is well. */
function complaint(node) {
  const isOfFiles = FILE_SYSTEM.test(node.source?.value ?? '');
  if (/^(Import|ExportNamed)Declaration$/.test(node.type) && isOfFiles && node.importKind !== 'type') {
    const names = node.specifiers.map(({ imported, local }) => (imported ?? local)?.name);
    const whole = node.specifiers.some(({ type }) => /^Import(Namespace|Default)Specifier$/.test(type));
    const read = names.find((name) => READS.test(name));
    if (whole || read) return `${whole ? node.source.value : read} ${REASON}`;
  }
  if (/^(ExportAllDeclaration|ImportExpression)$/.test(node.type) && isOfFiles) return `${node.source.value} ${REASON}`;
  const called = node.type === 'CallExpression' && node.callee;
  if (called && called.name === 'require' && FILE_SYSTEM.test(node.arguments[0]?.value)) return `require ${REASON}`;
  const method = called && called.type === 'MemberExpression' && (called.property.name ?? called.property.value);
  if (/^(readFile|createReadStream|readLines|readableWebStream)$/.test(method)) return `${method} ${REASON}`;
  return undefined;
}

const root = resolve(process.argv[2] ?? '.');
const problems = [];
const files = sourceFiles(root, 'src').filter((file) => ![READER, ...OTHERS].some((place) => place.test(file)));
for (const file of files) {
  const { program, line } = parse(root, file);
  walk(program, (node) => {
    const text = complaint(node);
    if (text) problems.push(`${file}:${line(node)}: ${text}`);
  });
}
finish(problems, `${files.length} files leave the reading of files to src/files.`);

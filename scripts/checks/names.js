/**
 * One name, one meaning: no name is exported by two files of src, as what a reader finds under it must be what the writer
 * meant. Passing on what another file exports is no second meaning.
 *
 *   node scripts/checks/names.js [FOLDER]
 */
import { resolve } from 'node:path';
import { finish, parse, sourceFiles } from './source.js';

/** What a statement declares and exports: names with their nodes. */
function exportsOf(statement) {
  if (statement.type !== 'ExportNamedDeclaration' || !statement.declaration) return [];
  const { declaration } = statement;
  const ids = declaration.declarations ? declaration.declarations.map(({ id }) => id) : [declaration.id];
  return ids.flatMap((id) => (id?.type === 'Identifier' ? [id] : []));
}

const root = resolve(process.argv[2] ?? '.');
const places = new Map();
const files = sourceFiles(root, 'src').filter((file) => !/\.d\.[cm]?ts$/.test(file));
for (const file of files) {
  const { program, line } = parse(root, file);
  for (const id of program.body.flatMap(exportsOf)) {
    const known = places.get(id.name) ?? new Map();
    // A type and a value of one name in one file are one thing.
    if (!known.has(file)) known.set(file, `${file}:${line(id)}`);
    places.set(id.name, known);
  }
}
const problems = [...places].flatMap(([name, known]) => {
  const [first, ...others] = [...known.values()];
  return others.map((place) => `${place}: ${name} is exported by ${first} too: give each its own name`);
});
finish(problems, `${places.size} exported names of ${files.length} files have one meaning each.`);

/** Which revisions are the newest by alembic's own files, as far as their text tells: nothing of them is run. Pure. */
import type { ReleaseFiles, ReleaseHeads } from './migration-tool.js';

export interface MigrationFile {
  name: string;
  text: string;
}

/** A line that every such file has: what comes before its revision. An extended regular expression. */
export const REVISION_LINE = '^(revision *,.*)?down_revision[^A-Za-z0-9_]';

/** As {@link headsIn}, of all that a release holds. */
export async function alembicHeads(release: ReleaseFiles): Promise<ReleaseHeads> {
  const names = (await release.holding(REVISION_LINE)).filter((name) => name.endsWith('.py'));
  const files: MigrationFile[] = [];
  // One after another: a long history is some hundred files, and each is a process.
  for (const name of names) files.push({ name, text: await release.content(name) });
  return headsIn(files);
}

/** As `alembic heads` tells them (1.20): the revisions that none has before it. */
export function headsIn(files: readonly MigrationFile[]): ReleaseHeads {
  const places = new Map<string, string>();
  const before: { revision: string; file: string }[] = [];
  for (const { name, text } of files) {
    const [revision, ...others] = assigned(text, 'revision') ?? [];
    const earlier = assigned(text, 'down_revision');
    if (revision === undefined || others.length > 0 || earlier === undefined) {
      return { problem: `which revision ${name} is, and which comes before it, is not seen in its text` };
    }
    const same = places.get(revision);
    if (same !== undefined) return { problem: `${same} and ${name} both say that they are revision ${revision}` };
    places.set(revision, name);
    before.push(...earlier.map((one) => ({ revision: one, file: name })));
  }
  const lost = before.find(({ revision }) => !places.has(revision));
  if (lost) return { problem: `${lost.file} follows revision ${lost.revision}, which no file has` };
  const followed = new Set(before.map(({ revision }) => revision));
  const found = [...places.keys()].filter((revision) => !followed.has(revision)).sort();
  return found.length > 0 || files.length === 0 ? { found } : { problem: 'each of its revisions follows another' };
}

const TOKEN = /[ \t]+|\\\r?\n|\r?\n|#[^\n]*|"[^"\\\n]*"|'[^'\\\n]*'|None\b|[()[\],]/y;

/** The texts that a variable is given at the file's top: one, several or None. Undefined where that is not seen. */
function assigned(text: string, variable: string): string[] | undefined {
  const assignments = [...text.matchAll(new RegExp(`^${variable}[ \\t]*(?::[^=\\n]*)?=(?!=)`, 'gm'))];
  const [assignment] = assignments;
  if (assignments.length !== 1 || assignment === undefined) return undefined;
  return valuesAt(text, assignment.index + assignment[0].length);
}

function valuesAt(text: string, start: number): string[] | undefined {
  const values: string[] = [];
  let depth = 0;
  /** Two values stand beside each other only with a comma between them, and that only within brackets. */
  let isValueNext = true;
  TOKEN.lastIndex = start;
  while (TOKEN.lastIndex < text.length) {
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) return undefined;
    if (/^\r?\n/.test(token)) {
      if (depth === 0) break;
    } else if ('([)]'.includes(token)) {
      depth += '(['.includes(token) ? 1 : -1;
    } else if (token === ',') {
      if (isValueNext || depth === 0) return undefined;
      isValueNext = true;
    } else if (/^["'N]/.test(token)) {
      if (!isValueNext) return undefined;
      isValueNext = false;
      if (token !== 'None') values.push(token.slice(1, -1));
    }
  }
  const isWhole = depth === 0 && (values.length > 0 || !isValueNext);
  return isWhole && !values.includes('') ? values : undefined;
}

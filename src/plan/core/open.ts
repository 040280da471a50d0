/** Opens a YAML file, or says why it can't be read. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type PlanDocument, readDocument } from './document.js';
import type { Problem } from './problems.js';
import { nearest } from './suggest.js';

/** A file's text, or what is wrong with the file. */
type Opened = { text: string } | Pick<Problem, 'message' | 'suggestion'>;

/** @param firstLine what such a file starts with */
export function openDocument(file: string, firstLine?: string): { document?: PlanDocument; problems: Problem[] } {
  const opened = openText(file);
  if ('text' in opened) return readDocument(file, opened.text, firstLine);
  return { problems: [{ file, path: '', line: 1, column: 1, ...opened }] };
}

export function openText(file: string): Opened {
  try {
    if (statSync(file).isDirectory()) return { message: 'Is a folder; name the plan file in it' };
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)) };
  } catch (error) {
    if (error instanceof TypeError) return { message: 'Is not a text file in UTF-8' };
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { message: 'There is no such file', ...neighbour(file) };
    if (code === 'EACCES' || code === 'EPERM') return { message: 'May not be read by this user' };
    return { message: `Can’t be read (${code ?? 'unknown reason'})` };
  }
}

/** The file that was probably meant, next to the one that isn't there. */
function neighbour(file: string): Pick<Problem, 'suggestion'> {
  try {
    const files = readdirSync(dirname(file)).filter((name) => /\.ya?ml$/.test(name));
    const near = nearest(basename(file), files);
    return near === undefined ? {} : { suggestion: file.slice(0, file.length - basename(file).length) + near };
  } catch {
    return {};
  }
}

/** Opens a YAML file, or says why it can't be read. */
import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { FileRefused, readBytesSync, whyUnread } from '../../files/bounded-files.js';
import { type PlanDocument, readDocument } from './document.js';
import type { Problem } from './problems.js';
import { nearest } from './suggest.js';

/** Bytes. The largest plans have some 100 KB, and what is started with one has to fit into Temporal. */
const LARGEST = 2_000_000;

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
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readBytesSync(file, LARGEST)) };
  } catch (error) {
    if (error instanceof TypeError) return { message: 'Is not a text file in UTF-8' };
    if (error instanceof FileRefused) return { message: `Can’t be read: ${error.why}` };
    const code = whyUnread(error);
    if (code === 'EISDIR') return { message: 'Is a folder; name the plan file in it' };
    if (code === 'ENOENT' || code === 'ENOTDIR') return { message: 'There is no such file', ...neighbour(file) };
    if (code === 'EACCES' || code === 'EPERM') return { message: 'May not be read by this user' };
    return { message: `Can’t be read (${code})` };
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

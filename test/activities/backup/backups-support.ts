/** What the tests of backups share: databases to dump, and programs that spoil what they make. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createBackupActivities } from '../../../src/activities/backup/backups.js';
import type { DumpBackup } from '../../../src/contract/plan/backup.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import type { StepReport } from '../../../src/domain/evidence.js';
import { environmentWith, mockWorker, runActivity, temporaryFolder } from '../support.js';

export const KEY = { deployment: 'eduautismo-20251124-115000-4f3a', step: 'production.backup', generation: 1 };
const SERVICE = 'eduautismo';

export const SCHEMA = `
  create table plans (id int primary key, status text, code text unique);
  insert into plans select i, 'state ' || i % 50, md5(i::text) from generate_series(1, 2000) i;
  create index ix_plans_status on plans (status);
  create table alembic_version (version_num text primary key);
  insert into alembic_version values ('8c1f0a2d4b6e')`;

/** What every dump's facts are, where all is well. */
export const GOOD = {
  created: true,
  size: true,
  readable: true,
  contents: true,
  restored: true,
  stored: true,
  retention: true,
};

export const oks = (report: StepReport) => Object.fromEntries(report.facts.map(({ name, ok }) => [name, ok]));
export const text = (report: StepReport, name: string) => report.facts.find((fact) => fact.name === name)?.text;

export interface Subject {
  database: Database;
  backup: DumpBackup;
  evidence: { store: string; deployment: string };
  /** Where the dumps of production go. */
  folder: string;
  /** The runner's folder of records. */
  state: string;
}

/** A backup of production into a folder, restored on trial on the same server. */
export function subjectOf(database: Database, changes: Partial<DumpBackup> = {}): Subject {
  const root = temporaryFolder();
  const scratch = { ...database, name: 'postgres' };
  const store = { kind: 'folder' as const, folder: join(root, 'backups') };
  const backup = { store, retention: 30 * 24 * 3_600_000, smallest: 50, scratch, ...changes };
  const evidence = { store: join(root, 'evidence'), deployment: KEY.deployment };
  const folder = join(root, 'backups', SERVICE, 'production');
  return { database, backup, evidence, folder, state: join(root, 'state') };
}

export const backupInput = ({ database, backup, evidence }: Subject, key = KEY) => {
  const environment = environmentWith({ name: 'production', database });
  return { key, evidence, service: SERVICE, environment, backup, tool: 'alembic' };
};

export const runBackup = (
  subject: Subject,
  {
    mock = mockWorker(),
    s3Idle,
    key = KEY,
  }: { mock?: ReturnType<typeof mockWorker>; s3Idle?: number; key?: typeof KEY } = {},
) =>
  runActivity(() => {
    const { backUpDatabase } = createBackupActivities({ state: subject.state, s3Idle });
    return backUpDatabase(backupInput(subject, key));
  }, mock);

/**
 * pg_dump and pg_restore that do something else as well, for this test.
 * @param spoil shell text: `dump` runs after pg_dump, with $file; `insteadOfDump` in its place; `beforeDump` before it;
 *   `restore` after a restore into a database, with $database and $file; `insteadOfRestore` in its place
 */
export function spoilTools(spoil: {
  dump?: string;
  beforeDump?: string;
  insteadOfDump?: string;
  restore?: string;
  insteadOfRestore?: string;
}): string {
  const real = process.env.SUREFOOT_PG_BIN as string;
  const folder = join(temporaryFolder(), 'bin');
  mkdirSync(folder);
  const script = (name: string, lines: string[]) => {
    writeFileSync(join(folder, name), ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(join(folder, name), 0o755);
  };
  const words = [
    `for word in "$@"; do`,
    `  case "$word" in --file=*) file=\${word#--file=};; --dbname=*) database=\${word#--dbname=};; esac`,
    'done',
    `real() { "$program" "$@"; }`,
  ];
  script('pg_dump', [
    `program='${join(real, 'pg_dump')}'`,
    ...words,
    `[ "$1" = --version ] && exec "$program" --version`,
    spoil.beforeDump ?? '',
    spoil.insteadOfDump ?? 'real "$@" || exit $?',
    spoil.dump ?? '',
  ]);
  script('pg_restore', [
    `program='${join(real, 'pg_restore')}'`,
    ...words,
    `[ -z "$database" ] && exec "$program" "$@"`,
    'for file in "$@"; do :; done',
    spoil.insteadOfRestore ?? 'real "$@" || exit $?',
    spoil.restore ?? '',
  ]);
  process.env.SUREFOOT_PG_BIN = folder;
  onTestFinished(() => {
    process.env.SUREFOOT_PG_BIN = real;
  });
  return folder;
}

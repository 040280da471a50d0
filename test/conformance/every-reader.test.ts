/** Whoever reads the outside is put through every situation; who is not says by whose suite it is covered, or why not. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ADAPTERS = 'src/adapters';

/** What reaches beyond the process. */
const OUTSIDE =
  /^import (?!type )[^;]*? from '(?:node:(?:child_process|fs|fs\/promises|net|tls)|undici|pg|execa|@aws-sdk\/[^']+|@octokit\/[^']+|fast-xml-parser|(?:\.\.?\/)+(?:\w+\/)*(?:http|requests|patient-request|json-service|short-command|postgres|connection-pool|git|aws|bounded-files)\.js)'/m;

const COVERED: Record<string, string> = {
  'alerts/alert-sources.ts': 'by the suites of the sources that it asks',
  'application/login-trial.ts': 'it asks through a session; test/adapters/application/login-trial.test.ts',
  'application/openapi-document.ts':
    'it reads what the browser has kept; test/adapters/application/openapi-document.test.ts',
  'application/page-walk.ts': 'it asks through the endpoint checks; test/adapters/application/page-walk.test.ts',
  'application/requests.ts': 'it makes requests; login, endpoint checks and load generator read what comes back',
  'backup/backup-store.ts': 'what both stores share; each of them has a suite',
  'backup/database-administration.ts': 'it makes and drops databases; test/activities/backup/restore.test.ts',
  'backup/database-swap.ts': 'it renames databases and looks at what is there; test/activities/backup/restore.test.ts',
  'backup/s3-upload.ts': 'by the suite of the S3 store',
  'backup/trial-restore.ts': 'by the suites of dumps',
  'cloud/datadog-api.ts': 'by the suites of Datadog',
  'cloud/prometheus-api.ts': 'by the suites of Prometheus',
  'cloud/service-message.ts': 'it puts failures into words; test/activities/alerts/alerts.test.ts',
  'commands/process-identity.mjs': 'by the suite of the recorder',
  'commands/recorder-process.mjs': 'by the suite of the recorder',
  'commands/records.ts': 'by the suite of the recorder',
  'commands/survivors.mjs': 'it looks for processes; test/activities/commands/remains.test.ts',
  'evidence/admissions.ts': 'it reads what it wrote itself; test/activities/admission.test.ts',
  'evidence/evidence-identity.ts': 'it reads what it wrote itself; test/activities/evidence/own-evidence.test.ts',
  'evidence/evidence-store.ts': 'it writes, and reads back what it wrote itself by its hash',
  'evidence/secret-helper.ts': 'it runs a program; test/adapters/evidence/secret-helper.test.ts',
  'evidence/secrets.ts': 'a secret that is not there is said to be missing, and stops its step',
  'metrics/port/range-source.ts': 'it passes on what the sources say; each has a suite',
  'metrics/port/single-values.ts': 'it passes on what the readers say; each source has a suite',
  'metrics/samples/series.ts': 'it reads what it wrote itself',
  'metrics/silence.ts':
    'it holds silence against other places; test/activities/metrics/silence.test.ts, with real ports',
  'http/connect.ts':
    'whether a port can be reached, no more; by the suites of notifiers and the tests of health readings',
  'migration/migration-lock.ts': 'test/adapters/migration/migration-lock.test.ts',
  'notify/connection.ts': 'by the suites of PagerDuty, Teams and the webhook',
  'notify/deliveries.ts': 'by the suites of every notifier',
  'notify/smtp.ts': 'by the suite of e-mail',
  'postgres/connection-pool.ts': 'by the suite of the PostgreSQL metrics',
  'postgres/postgres-connection.ts': 'by the suite of PostgreSQL connections',
  'postgres/postgres-errors.ts': 'it puts errors into words; test/adapters/postgres/quotable.test.ts',
  'postgres/postgres-tls.ts': 'test/adapters/postgres/postgres-tls.test.ts, with servers of every kind',
  'secrets/secret-store.ts': 'what both stores share; each of them has a suite',
};

const files = (folder: string, ending: RegExp): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => ending.test(file));

const readers = files(ADAPTERS, /(?<!\.d)\.m?ts$|\.mjs$/).filter((file) =>
  OUTSIDE.test(readFileSync(`${ADAPTERS}/${file}`, 'utf8')),
);
const suites = files('test', /\.test\.ts$/)
  .map((file) => readFileSync(`test/${file}`, 'utf8'))
  .filter((text) => /conforms\(/i.test(text))
  .join('\n');
const hasSuite = (file: string) => suites.includes(`adapters/${file}`);

test.each(readers)('%s is put through every situation, or covered elsewhere', (file) => {
  expect(hasSuite(file) || file in COVERED).toBe(true);
});

test('what is covered elsewhere reads the outside, and has no suite of its own', () => {
  for (const file of Object.keys(COVERED)) {
    expect(readers).toContain(file);
    expect(hasSuite(file), file).toBe(false);
  }
});

test('the readers are found', () => {
  expect(readers.length).toBeGreaterThan(40);
});

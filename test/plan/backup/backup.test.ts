import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlan } from '../../../src/plan/load.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { expectOneProblem, replaceOnce, SHIPPED, shippedText, write } from '../plan-files.js';

const STORE = 's3://eduautismo-backups/pre-deploy?region=sa-east-1';
const backupOf = (...edits: [string, string][]) =>
  loadWhole(write('plan.yaml', edits.reduce(replaceOnce, shippedText))).backup;
/** The shipped plan's key as a whole. */
const written = /\nbackup:\n( {2}.*\n)+/.exec(shippedText)?.[0] ?? '';
/** The entries that only it uses. */
const unused: [string, string][] = [
  [`  backups: ${STORE}\n`, ''],
  ['  scratch-database: postgresql://surefoot@staging-db.example.com:5432/postgres\n', ''],
  ['  scratch-database: env:SCRATCH_DATABASE_PASSWORD\n', ''],
];

describe('backup', () => {
  test('is in S3 for 30 days and restored on staging’s server, in the shipped plan', () => {
    expect(loadPlan(SHIPPED).resolved.backup).toEqual({
      store: {
        kind: 's3',
        place: { region: 'sa-east-1' },
        bucket: 'eduautismo-backups',
        prefix: 'pre-deploy',
        encryption: 'AES256',
        setLifecycle: false,
      },
      retention: 30 * 24 * 3_600_000,
      smallest: 50,
      scratch: {
        host: 'staging-db.example.com',
        port: 5432,
        name: 'postgres',
        user: 'surefoot',
        password: 'env:SCRATCH_DATABASE_PASSWORD',
      },
    });
  });

  test('may be empty: then dumps are next to the evidence, and restored as staging’s own user', () => {
    const resolved = loadWhole(
      write('plan.yaml', [[written, '\nbackup: {}\n'] as [string, string], ...unused].reduce(replaceOnce, shippedText)),
    );
    expect(resolved.backup).toEqual({
      store: { kind: 'folder', folder: join(resolved.evidence, 'backups') },
      retention: 30 * 24 * 3_600_000,
      smallest: 50,
      scratch: resolved.environments.staging.database,
    });
  });

  test('takes as long as it says, where it says so', () => {
    const limited = backupOf(['  smallest: 50 %\n', '  smallest: 50 %\n  timeout: 90m\n']);
    expect(limited).toEqual({ ...loadPlan(SHIPPED).resolved.backup, timeout: 90 * 60_000 });
  });

  test('takes another service’s address, keys, a KMS key and a folder', () => {
    const credentials = '  credentials: { accessKeyId: staging-test, secretAccessKey: slack }\n';
    expect(
      backupOf(
        [STORE, 's3://b/?region=eu-west-1&endpoint=http://minio:9000'],
        ['  encryption: AES256\n', `  encryption: aws:kms\n  kmsKey: arn:aws:kms:x\n${credentials}`],
      ).store,
    ).toEqual({
      kind: 's3',
      place: {
        region: 'eu-west-1',
        endpoint: 'http://minio:9000',
        credentials: { accessKeyId: 'env:STAGING_TEST_PASS', secretAccessKey: 'env:SLACK_TOKEN' },
      },
      bucket: 'b',
      prefix: '',
      encryption: 'aws:kms',
      kmsKey: 'arn:aws:kms:x',
      setLifecycle: false,
    });
    expect(backupOf([STORE, 'file:///var/backups']).store).toEqual({ kind: 'folder', folder: resolve('/var/backups') });
  });

  test.each<[string, [string, string][], string, RegExp]>([
    ['no region', [[STORE, '¦s3://b/p']], 'hosts.backups', /Names no region/],
    ['another parameter', [[STORE, '¦s3://b/p?region=a&acl=public']], 'hosts.backups', /`acl` is not a parameter/],
    ['an endpoint that is none', [[STORE, '¦s3://b?region=a&endpoint=minio']], 'hosts.backups', /not the URL of an S3/],
    ['another kind of host', [[STORE, '¦ftp://b/p']], 'hosts.backups', /begins with "ftp:"/],
    ['no folder', [[STORE, '¦"file:"']], 'hosts.backups', /Names no folder/],
    ['keys in the host', [[STORE, '¦s3://key:secret@b/p?region=a']], 'hosts.backups', /Holds a password/],
    ['a short retention', [['  retention: 30d\n', '  retention: ¦12h\n']], 'backup.retention', /shorter than a day/],
    ['a share without a unit', [['  smallest: 50 %\n', '  smallest: ¦50\n']], 'backup.smallest', /has no unit/],
    [
      'another encryption',
      [['  encryption: AES256\n', '  encryption: ¦none\n']],
      'backup.encryption',
      /AES256 or aws:kms/,
    ],
    ['a KMS key for AES256', [['  encryption: AES256\n', '  kmsKey: ¦arn\n']], 'backup.kmsKey', /not "aws:kms"/],
  ])('%s is refused', (_, edits, path, says) => {
    expectOneProblem(edits, { path, says });
  });

  test('production’s server is used for trial restores only when it is named', () => {
    const shared: [string, string] = ['@prod-db.example.com:5432/', '@staging-db.example.com:5432/'];
    const unnamed: [string, string] = ['  scratch: { host: scratch-database, password: scratch-database }\n', ''];
    const marked: [string, string] = ['{ host: production-database,', '{ host: ¦production-database,'];
    expectOneProblem([shared, marked, unnamed, ...unused.slice(1)], {
      path: 'environments.production.database.host',
      says: /name the server for trial restores of dumps in `backup.scratch`/,
    });
    expect(backupOf(shared).scratch.user).toBe('surefoot');
  });
});

describe('TLS to a database', () => {
  test('is written as libpq’s parameters; files start from the folder of the file that names them', () => {
    const { environments } = loadWhole(
      write(
        'plan.yaml',
        replaceOnce(shippedText, [
          '5432/eduautismo_staging',
          '5432/eduautismo_staging?sslmode=verify-full&sslrootcert=ca.pem&sslcert=/etc/ssl/surefoot.crt',
        ]),
      ),
    );
    expect(environments.staging.database.tls).toEqual({
      mode: 'verify-full',
      rootCertificate: expect.stringMatching(/^\/.*\/ca\.pem$/),
      certificate: '/etc/ssl/surefoot.crt',
    });
    expect(environments.production.database).not.toHaveProperty('tls');
  });
});

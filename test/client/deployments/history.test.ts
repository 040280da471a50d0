/** `surefoot history --dora` against a real server and a real clone, with deployments of which only the ledger is real. */
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { standIns } from '../../helpers/stand-ins.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { commandsAsk, surefoot } from '../command-line.js';
import { ledgerWith, stepWith } from '../ledgers.js';

const temporal = workflowServer();
const deployments = standIns(temporal);
const HOUR = 3_600_000;
const NOW = Math.floor(Date.now() / 1_000) * 1_000;
let clone: string;
let commit: string;

/** One that came to production an hour ago. */
const deployed = (service: string, parts: Partial<Ledger>): Ledger =>
  ledgerWith({
    service,
    deployment: `${service}-20251124-120000-ab12`,
    outcome: 'succeeded',
    endedAt: NOW,
    steps: [stepWith({ id: 'production.deploy', state: 'passed', endedAt: NOW - HOUR })],
    production: { codeDeployed: true, migrated: true, maintenance: false },
    ...parts,
  });

beforeAll(async () => {
  clone = join(temporal.folder, 'clone');
  const dates = { GIT_COMMITTER_DATE: new Date(NOW - 3 * HOUR).toISOString(), GIT_AUTHOR_DATE: '2001-01-01T00:00:00Z' };
  await execa('git', ['init', '--quiet', clone]);
  const git = ['-C', clone, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.org'];
  await execa('git', [...git, 'commit', '--quiet', '--allow-empty', '-m', 'Change'], { env: dates });
  commit = (await execa('git', ['-C', clone, 'rev-parse', 'HEAD'])).stdout;
  const rollback = {
    option: 'code' as const,
    workflowId: 'rollback',
    trigger: { kind: 'step' as const, step: 'production.smoke', text: 'it failed' },
    reasons: [],
    startedAt: NOW - HOUR,
    endedAt: NOW - HOUR / 2,
    succeeded: true,
    steps: [],
  };
  await deployments.begin(deployed('shop', { commit }));
  await deployments.begin(deployed('shop', { outcome: 'rolled-back', rollback, commit: 'f'.repeat(40) }));
  await deployments.begin(deployed('mail', { outcome: 'rejected', production: ledgerWith().production }));
  await deployments.begin(deployed('toy', {}), { memo: { clock: 'virtual' } });
  await deployments.begin(deployed('cut', { outcome: undefined }));
  await temporal.client.workflow.getHandle('surefoot/cut/production').terminate();
  await deployments.begin(deployed('going', { outcome: undefined }));
  const isListed = async () => (await temporal.client.workflow.count(`WorkflowType = 'DeployWorkflow'`)).count === 6;
  await vi.waitUntil(isListed, { timeout: 20_000, interval: 200 });
}, 60_000);

commandsAsk(temporal);

const dora = (...options: string[]) =>
  surefoot('history', '--dora', '--since', '7d', '--evidence', join(temporal.folder, 'none'), ...options);

test('each service has its figures; what is not known of a deployment is left out, and said', async () => {
  const { code, out } = await dora('--json', '--repository', clone);
  const { services, notes } = JSON.parse(out);
  expect(code).toBe(0);
  expect(services).toEqual({
    cut: expect.objectContaining({ frequency: { value: null, of: 0, without: 1 } }),
    shop: {
      frequency: { value: expect.closeTo(2, 2), of: 2, without: 0 },
      leadTime: { value: 2 * HOUR, of: 1, without: 1 },
      failureRate: { value: 0.5, of: 2, without: 0 },
      timeToRestore: { value: HOUR / 2, of: 1, without: 0 },
    },
  });
  expect(notes).toEqual([
    expect.stringContaining('there is no evidence folder'),
    expect.stringMatching(/^cut-20251124-120000-ab12 is not counted: /),
    '1 in virtual time are not counted: nothing was deployed anywhere',
    '1 that still run are counted when they have ended',
    expect.stringMatching(/^Temporal keeps what has ended for |^how long Temporal keeps/),
  ]);
});

test('without a clone no lead time is known: the table says so, and values leave it empty', async () => {
  const { out } = await dora('--service', 'shop');
  expect(out).toMatch(/shop {5}2 {12}2 {7}unknown \(of 2\) {2}50 % {4}30 min\n/);
  expect(out).toContain('The lead time is not known: --repository FOLDER');
  const csv = (await dora('--csv', '--service', 'shop')).out.trimEnd().split('\r\n');
  expect(csv[0]).toBe(
    'service,from,to,deployments,deployments_not_known,deployments_per_week,lead_time_seconds,lead_time_not_known,change_failure_rate,time_to_restore_seconds,time_to_restore_not_known',
  );
  expect(csv[1]).toMatch(/^shop,\d{4}-.*Z,\d{4}-.*Z,2,0,(2|1\.99\d+|2\.0\d*),,2,0\.5,1800,0$/);
});

test('--csv and --json, or figures of no kind, are refused in words', async () => {
  expect(await dora('--csv', '--json')).toMatchObject({ code: 2, err: expect.stringContaining('exclude each other') });
  expect(await surefoot('history')).toMatchObject({ code: 2, err: expect.stringContaining('--dora') });
});

/** Several workers, one evidence place: another one of the same path is asked about on the way forward, and told on others. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, test } from 'vitest';
import { keepToOwnEvidence } from '../../../src/activities/evidence/own-evidence.js';
import { EVIDENCE_IDENTITY_FILE, evidenceIdentity } from '../../../src/adapters/evidence/evidence-identity.js';
import { temporaryFolder } from '../support.js';

let store: string;
let identity: string;
beforeEach(async () => {
  store = join(temporaryFolder(), 'evidence');
  identity = await evidenceIdentity(store);
});

describe('an evidence folder', () => {
  test('has one name for all who come at once, and keeps it', async () => {
    const folder = join(temporaryFolder(), 'evidence');
    const names = await Promise.all(Array.from({ length: 10 }, () => evidenceIdentity(folder)));
    expect(new Set([...names, await evidenceIdentity(folder)]).size).toBe(1);
    expect(readdirSync(folder)).toEqual([EVIDENCE_IDENTITY_FILE]);
  });

  test('whose name cannot be understood is not given another', async () => {
    writeFileSync(join(store, EVIDENCE_IDENTITY_FILE), '');
    await expect(evidenceIdentity(store)).rejects.toThrow('cannot be understood: bring it back');
  });
});

/** An activity on a worker whose folder may be another by now. */
function attempt(how: { workflow?: string; step?: string; attempt?: number; result?: object; identity?: string } = {}) {
  const { workflow = 'DeployWorkflow', step = 'production.backup', result = { summary: 'done' } } = how;
  const key = { deployment: 'shop', step, generation: 1 };
  const known = 'identity' in how ? how.identity : identity;
  const logger = new DefaultLogger('ERROR');
  const mock = new MockActivityEnvironment({ workflowType: workflow, attempt: how.attempt ?? 1 }, { logger });
  const asked = { args: [{ key, evidence: { store, deployment: 'shop', identity: known } }] };
  return mock.run(() => keepToOwnEvidence().inbound.execute(asked, async () => result));
}

describe('a deployment that is carried on by a worker with', () => {
  test('the folder of its admission goes on as ever, as does one that was admitted before folders had names', async () => {
    expect(await attempt()).toEqual({ summary: 'done' });
    rmSync(store, { recursive: true });
    expect(await attempt({ identity: undefined })).toEqual({ summary: 'done' });
  });

  test.each([
    ['another folder', () => evidenceIdentity(store), /is [0-9a-f]{16}, and the deployment’s is [0-9a-f]{16}: mount/],
    ['none yet', () => undefined, /is nobody’s, and the deployment’s is [0-9a-f]{16}: mount the same folder/],
    ['one whose name is lost', () => writeIdentity('{}'), /is one that cannot be told: .*, and the deployment’s is/],
  ])('%s does not begin a step, and people are asked', async (_, put, message) => {
    rmSync(store, { recursive: true });
    await put();
    const refusal = { type: 'RunnerFailed', nonRetryable: true, message: expect.stringMatching(message) };
    await expect(attempt()).rejects.toMatchObject(refusal);
  });

  test('another folder rolls back, watches and goes on with what was begun, and says where the proof is', async () => {
    rmSync(store, { recursive: true });
    for (const how of [
      { workflow: 'RollbackFullWorkflow', step: 'rollback-full.deploy' },
      { step: 'rollback.maintenance-on' },
      { workflow: 'MonitorWorkflow' },
      { attempt: 2 },
    ]) {
      expect(await attempt(how)).toEqual({
        summary: expect.stringMatching(/^done \(the evidence folder .* is nobody’s/),
      });
    }
    const told = await attempt({ step: 'rollback.x', result: { untold: [] } });
    expect(told).toEqual({ untold: [expect.stringContaining('is nobody’s')] });
  });
});

function writeIdentity(text: string): void {
  mkdirSync(store);
  writeFileSync(join(store, EVIDENCE_IDENTITY_FILE), text);
}

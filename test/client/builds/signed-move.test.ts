/** A move to another build under a policy: the build is part of what is signed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { signDecision } from '../../../src/client/commands/decide.js';
import type { Statement } from '../../../src/contract/envelope.js';
import type { Decision } from '../../../src/domain/ledger/ledger.js';
import { makeKey } from '../../helpers/ssh-keys.js';
import { ledgerWith } from '../ledgers.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-signed-move-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ana = makeKey(folder, 'ana');
const move: Decision = { kind: 'move', who: 'ana', role: 'devops', why: 'a hotfix', build: '0.2.0-4be1c2a09d35' };

test('signs the build that it leads to, in words of this deployment and plan', async () => {
  const ledger = ledgerWith({ demands: { signed: ['move'], people: [], approve: [], roles: {} } });
  const decision = { ...move };
  await signDecision(decision, ledger, ana.file);
  const { payload } = JSON.parse(decision.envelope ?? '');
  const said: Statement = JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));
  expect(said).toMatchObject({
    ...{ decision: 'move', person: 'ana', role: 'devops', why: 'a hotfix', build: move.build, to: '' },
    ...{ deployment: ledger.deployment, service: ledger.service, plan: ledger.digest },
  });
});

test('is not signed where nobody asks for that', async () => {
  await expect(signDecision({ ...move }, ledgerWith(), ana.file)).rejects.toThrow('asks for no signature to move');
});

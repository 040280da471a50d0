/** Signed approvals on a real server, with real keys: who has access to Temporal, and no key, approves nothing. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createApprovalActivities } from '../../src/activities/review/approvals.js';
import { COMMANDS } from '../../src/client/command-table.js';
import { run } from '../../src/client/program.js';
import type { ApprovalActivities } from '../../src/contract/activities/review.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, decisionSignals, statusQuery } from '../../src/contract/messages.js';
import { deployWorkflowId } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { approvalStatement } from '../../src/domain/decisions/approvals.js';
import type { Decision, Ledger } from '../../src/domain/ledger/ledger.js';
import { projectFolder } from '../../src/local/folders.js';
import { loadPlan } from '../../src/plan/load.js';
import { atTerminal, CTRL_C } from '../helpers/pseudo-terminal.js';
import { makeKey, type TestKey } from '../helpers/ssh-keys.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

const SIGN_OFFS = [
  ['bruno.lima', 'tech-lead'],
  ['carla.mendes', 'backend-team'],
  ['diego.alves', 'devops'],
  ['elisa.rocha', 'qa'],
  ['gabriela.dias', 'product-owner'],
] as const;

const MAIN = join(projectFolder(), 'dist', 'src', 'client', 'main.js');

const temporal = workflowServer();
let folder: string;
let plan: ResolvedPlan;
let commit: string;
const keys = new Map<string, TestKey>();
let mallory: TestKey;
const real = createApprovalActivities();
let verifySignature: ApprovalActivities['verifySignature'] = real.verifySignature;

const git = (...words: string[]) =>
  execFileSync(
    'git',
    ['-C', join(folder, 'repository'), '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words],
    {
      encoding: 'utf8',
    },
  );

beforeAll(async () => {
  folder = temporal.folder;
  await mkdir(join(folder, 'repository'));
  git('init', '-q', '-b', 'main');
  writeFileSync(join(folder, 'repository', 'a'), 'a');
  git('add', 'a');
  git('commit', '-qm', 'A release');
  commit = git('rev-parse', 'HEAD').trim();

  const { resolved } = loadPlan(SHIPPED);
  for (const { id } of resolved.approvals.roster) keys.set(id, makeKey(folder, id));
  mallory = makeKey(folder, 'mallory');
  const roster = resolved.approvals.roster.map((person) => ({
    ...person,
    keys: [keys.get(person.id)?.publicKey ?? ''],
  }));
  plan = {
    ...resolved,
    release: { ...resolved.release, repository: join(folder, 'repository'), target: 'main' },
    evidence: join(folder, 'evidence'),
    alerts: undefined,
    approvals: { ...resolved.approvals, roster, signed: true },
    confirmations: { prerequisites: [], staging: [], preparation: [] },
    notifications: { ...resolved.notifications, channels: [], events: {}, notices: [], reminders: undefined },
  };

  await temporal.work({
    taskQueue: 'signing',
    workflowsPath: fileURLToPath(new URL('./signing.ts', import.meta.url)),
    activities: {
      ...createPeopleActivities(),
      ...real,
      verifySignature: (claim: Parameters<typeof verifySignature>[0]) => verifySignature(claim),
    },
  });
});

afterEach(() => {
  verifySignature = real.verifySignature;
});

let count = 0;
const ledgerOf = (handle: WorkflowHandle): Promise<Ledger> => handle.query(statusQuery);

/** A deployment that asks for its sign-offs, and what they are asked for. */
async function start(): Promise<{ handle: WorkflowHandle; deployment: string; digest: string }> {
  const deployment = `d-${++count}`;
  const input: DeployInput = { deployment, plan, digest: 'd'.repeat(64), startedBy: 'ana.souza', clock: 'real' };
  const handle = await temporal.client.workflow.start('DeployWorkflow', {
    taskQueue: 'signing',
    workflowId: deployWorkflowId(deployment),
    args: [input, commit],
  });
  await vi.waitUntil(async () => (await ledgerOf(handle)).questions.length > 0, { timeout: 20_000, interval: 50 });
  return { handle, deployment, digest: (await ledgerOf(handle)).proposal?.digest ?? '' };
}

function approve(
  of: { deployment: string; digest: string; role: string; who: string },
  key = keys.get(of.who),
): Decision {
  const { digest, role, who } = of;
  return { kind: 'approve', who, role, digest, signature: key?.sign(approvalStatement(of)) };
}

/** @returns undefined when it was accepted, why not otherwise */
const send = (handle: WorkflowHandle, decision: Decision): Promise<string | undefined> =>
  handle.executeUpdate(decideUpdate, { args: [decision] }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof WorkflowUpdateFailedError) return (error.cause as Error).message;
      throw error;
    },
  );

const signOffAll = async (handle: WorkflowHandle, of: { deployment: string; digest: string }) => {
  for (const [who, role] of SIGN_OFFS) expect(await send(handle, approve({ ...of, who, role }))).toBeUndefined();
};

test('five approvals that are signed with the keys of the roster count, and the ledger says that they were verified', async () => {
  const { handle, ...of } = await start();
  await signOffAll(handle, of);
  const ledger = (await handle.result()) as Ledger;
  expect(ledger.approvals.map(({ who, role, signed }) => [who, role, signed])).toEqual(
    SIGN_OFFS.map(([who, role]) => [who, role, true]),
  );
  expect(ledger.steps.find(({ id }) => id === 'sign-offs')?.facts[3]?.text).toBe(
    'qa: signed off by elisa.rocha, signature verified',
  );
}, 60_000);

test('an approval without a signature, by somebody else’s key, or signed for anything else is refused with its reason', async () => {
  const { handle, ...of } = await start();
  const qa = { ...of, who: 'elisa.rocha', role: 'qa' };
  const good = approve(qa);
  const notHers = 'the signature is not one of elisa.rocha for this very approval';
  expect(await send(handle, { ...good, signature: undefined })).toMatch('this plan takes signed approvals only');
  expect(await send(handle, approve(qa, mallory))).toBe(notHers);
  expect(await send(handle, { ...good, signature: 'trust me' })).toBe(notHers);
  // A signature that was good once: for another deployment, another role, other content, by another person.
  const signedFor = (other: Partial<typeof qa>) => approve({ ...qa, ...other }, keys.get(qa.who)).signature;
  expect(await send(handle, { ...good, signature: signedFor({ deployment: 'd-0' }) })).toBe(notHers);
  expect(await send(handle, { ...good, signature: signedFor({ digest: 'e'.repeat(64) }) })).toBe(notHers);
  expect(await send(handle, { ...good, role: 'devops' })).toBe(notHers);
  expect(await send(handle, { ...good, who: 'fabio.nunes' })).toBe(notHers.replace('elisa.rocha', 'fabio.nunes'));
  expect((await ledgerOf(handle)).approvals).toEqual([]);
  await handle.terminate();
}, 60_000);

test('by signals, as everybody with access to Temporal can send them, nothing is approved, and the board says why', async () => {
  const { handle, ...of } = await start();
  for (const [who, role] of SIGN_OFFS) {
    await handle.signal(decisionSignals.approve, { who, role, digest: of.digest });
    await handle.signal(decisionSignals.approve, approve({ ...of, who, role }, mallory));
  }
  const settled = await vi.waitUntil(
    async () => {
      const ledger = await ledgerOf(handle);
      return ledger.decisions.length === 10 && ledger.claims.length === 0 && ledger;
    },
    { timeout: 30_000, interval: 100 },
  );
  expect(settled.approvals).toEqual([]);
  expect(settled.decisions.filter(({ accepted }) => accepted)).toEqual([]);
  expect(new Set(settled.decisions.map(({ reason }) => reason.replace(/one of \S+/, 'one of WHO')))).toEqual(
    new Set([
      'this plan takes signed approvals only: use surefoot approve --sign KEY',
      'the signature is not one of WHO for this very approval',
    ]),
  );
  expect(await boardOf(handle)).toContain('signature is not one of gabriela.dias');
  // The real ones still count.
  await signOffAll(handle, of);
  expect(((await handle.result()) as Ledger).approvals).toHaveLength(5);
}, 90_000);

async function boardOf(handle: WorkflowHandle): Promise<string> {
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

test('`surefoot approve --sign` signs what is asked for, also where only the digest’s beginning is given', async () => {
  const { handle, deployment, digest } = await start();
  vi.stubEnv('TEMPORAL_ADDRESS', temporal.address);
  vi.stubEnv('TEMPORAL_CONFIG_FILE', join(folder, 'none.toml'));
  vi.stubEnv('SUREFOOT_HOME', folder);
  const said: string[] = [];
  const outputs = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0),
  );
  const cli = (...words: string[]) => run(['approve', ...words, '--deployment', deployment], COMMANDS);
  try {
    const as = ['--as', 'elisa.rocha', '--role', 'qa'];
    expect(await cli(...as)).toBe(2);
    expect(said.join('')).toContain('signed approvals only: use surefoot approve --sign KEY');
    expect(await cli(...as, '--sign', mallory.file)).toBe(2);
    expect(said.join('')).toContain('Refused: the signature is not one of elisa.rocha');
    expect(await cli(...as, '--sign', join(folder, 'absent'))).toBe(2);
    expect(await cli(...as, '--sign', keys.get('elisa.rocha')?.file ?? '', '--digest', digest.slice(0, 12))).toBe(0);
    expect(said.join('')).not.toContain('BEGIN SSH SIGNATURE');
  } finally {
    for (const output of outputs) output.mockRestore();
    vi.unstubAllEnvs();
  }
  expect((await ledgerOf(handle)).approvals).toMatchObject([{ who: 'elisa.rocha', role: 'qa', signed: true, digest }]);
  await handle.terminate();
}, 60_000);

test('a person at a terminal is led to a sign-off that counts; the next one is not offered it any more', async () => {
  const { handle, deployment } = await start();
  const dialogue = async () => {
    const terminal = atTerminal([process.execPath, MAIN, 'approve', '--deployment', deployment], {
      rows: 60,
      columns: 160,
      environment: { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') },
    });
    await terminal.shows('What do you say?');
    terminal.type('1\r');
    await terminal.shows('Who are you?');
    return terminal;
  };
  const elisa = /(\d+) +elisa\.rocha \(.+\), as qa/;
  const first = await dialogue();
  expect(first.rows().join('\n')).toContain('Not offered: ana.souza started this deployment and cannot approve it');
  const [, number] = elisa.exec(first.rows().join('\n')) ?? [];
  first.type(`${number}\r`);
  await first.shows('It has to be signed. The path of your SSH key?');
  first.type(`${keys.get('elisa.rocha')?.file}\r`);
  await first.shows('approve as elisa.rocha (qa)? yes or no');
  expect(first.rows().join('\n')).toContain('It would lead to: signed off as qa');
  first.type('yes\r');
  const code = await first.ended;
  expect(first.rows().join('\n')).toContain('✓ approve by elisa.rocha (qa): signed off as qa');
  expect(code).toBe(0);
  expect((await ledgerOf(handle)).approvals).toMatchObject([{ who: 'elisa.rocha', role: 'qa', signed: true }]);
  const second = await dialogue();
  // The terminal breaks its lines where they are full.
  expect(second.rows().join('')).toContain('qa has already been signed off by elisa.rocha');
  expect(second.rows().join('\n')).not.toMatch(elisa);
  second.type(CTRL_C);
  expect(await second.ended).toBe(2);
  await handle.terminate();
}, 60_000);

test('where signatures cannot be verified, nothing is approved, nothing stops, and nobody is offered to skip it', async () => {
  const { handle, ...of } = await start();
  const signed = approve({ ...of, who: 'elisa.rocha', role: 'qa' });
  vi.stubEnv('PATH', '/nowhere');
  const reason = await send(handle, signed);
  expect(reason).toBe(
    'the signature could not be verified: ssh-keygen is not on this worker: signatures cannot be verified',
  );
  const { questions, approvals } = await ledgerOf(handle);
  expect(questions.map(({ kind, moves }) => [kind, moves])).toEqual([['approvals', ['approve', 'reject']]]);
  expect(approvals).toEqual([]);
  vi.unstubAllEnvs();
  await signOffAll(handle, of);
  await handle.result();
}, 60_000);

test('a deployment that is aborted while a signature is verified ends; whoever signed hears that it is too late', async () => {
  const { handle, ...of } = await start();
  let verifying = () => {};
  const begun = new Promise<void>((resolve) => {
    verifying = resolve;
  });
  let end = () => {};
  verifySignature = () => {
    verifying();
    return new Promise((resolve) => {
      end = () => resolve({ valid: true, reason: 'late' });
    });
  };
  const late = send(handle, approve({ ...of, who: 'elisa.rocha', role: 'qa' }));
  await begun;
  expect(await send(handle, { kind: 'abort', who: 'diego.alves', role: 'devops', why: 'not today' })).toBeUndefined();
  expect(await late).toBe('no sign-off is being asked for any more');
  const ledger = (await handle.result()) as Ledger;
  end();
  expect(ledger.approvals).toEqual([]);
  expect(ledger.stop).toMatchObject({ kind: 'abort', who: 'diego.alves' });
}, 60_000);

test('two signed approvals of one role at the same moment: one counts, and the other hears who was first', async () => {
  const { handle, ...of } = await start();
  const reasons = await Promise.all(
    ['elisa.rocha', 'fabio.nunes'].map((who) => send(handle, approve({ ...of, who, role: 'qa' }))),
  );
  expect(reasons.filter((reason) => reason === undefined)).toHaveLength(1);
  expect(reasons.find((reason) => reason !== undefined)).toMatch(/^qa has already been signed off by /);
  await handle.terminate();
}, 60_000);

test('a release that moved on since staging has proven it cannot be proposed, and nobody may skip that', async () => {
  const deployment = `d-${++count}`;
  const input: DeployInput = { deployment, plan, digest: 'd'.repeat(64), startedBy: 'ana.souza', clock: 'real' };
  const handle = await temporal.client.workflow.start('DeployWorkflow', {
    taskQueue: 'signing',
    workflowId: `surefoot/${deployment}`,
    args: [input, 'c'.repeat(40)],
  });
  const question = await vi.waitUntil(async () => (await ledgerOf(handle)).questions[0], { timeout: 20_000 });
  expect(question).toMatchObject({ kind: 'step-failed', moves: ['retry', 'abort'] });
  expect(question.text).toContain('but staging has proven cccccccccccc');
  const skip = { kind: 'skip', who: 'diego.alves', role: 'devops', why: 'it will do' } as const;
  expect(await send(handle, skip)).toMatch('possible moves for');
  await handle.terminate();
}, 60_000);

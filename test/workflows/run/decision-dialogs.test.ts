/** What the Web UI offers of a deployment: each decision by its own name, with an input to copy. */
import { fileURLToPath } from 'node:url';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { beforeAll, expect, test } from 'vitest';
import { createPeopleActivities } from '../../../src/activities/notify/people.js';
import { decisionUpdates } from '../../../src/contract/messages.js';
import { readDecision } from '../../../src/domain/decisions/read-decision.js';
import { DECISIONS } from '../../../src/domain/ledger/decision-kinds.js';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../../src/plan/load.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED } from '../../plan/plan-files.js';

const temporal = workflowServer();
const { resolved } = loadPlan(SHIPPED);

beforeAll(async () => {
  await temporal.work({
    taskQueue: 'dialogs',
    workflowsPath: fileURLToPath(new URL('../asking.ts', import.meta.url)),
    activities: createPeopleActivities(),
  });
});

interface Definition {
  name: string;
  description: string;
}
interface Metadata {
  definition: Record<'signalDefinitions' | 'updateDefinitions' | 'queryDefinitions', Definition[]>;
}

function start(workflowId: string) {
  const notifications = { channels: [], events: {}, templates: {}, contacts: [], notices: [] };
  const plan = { ...resolved, notifications };
  const input = { deployment: workflowId, plan, digest: 'd'.repeat(64), startedBy: 'ana.souza', clock: 'real' };
  return temporal.client.workflow.start('asking', { taskQueue: 'dialogs', workflowId, args: [input] });
}

test('each decision is a signal and an update of its own name; what either is described by holds an input that is read', async () => {
  const handle = await start('described');
  const { definition } = await handle.query<Metadata>('__temporal_workflow_metadata');
  const { signalDefinitions, updateDefinitions, queryDefinitions } = definition;
  for (const definitions of [signalDefinitions, updateDefinitions]) {
    for (const kind of DECISIONS) {
      const { description = '' } = definitions.find(({ name }) => name === kind) ?? {};
      const example = JSON.parse(description.split('Input: ')[1] ?? '{}');
      expect(readDecision(kind, example)).toEqual({ ...example, kind });
    }
  }
  const all = [...signalDefinitions, ...updateDefinitions, ...queryDefinitions];
  const own = all.filter(({ name }) => !name.startsWith('__'));
  expect(own.filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
  await handle.terminate();
});

test('an update of its own name answers, or is refused at once; what says to be another decision than its name is none', async () => {
  const handle = await start('answered');
  const confirm = (sent: { who: string; role: string; subject: string; kind?: string }) =>
    handle.executeUpdate(decisionUpdates.confirm, { args: [sent] });
  await expect(confirm({ who: 'fabio.nunes', role: 'qa', subject: 'access' })).rejects.toThrow(
    WorkflowUpdateFailedError,
  );
  expect(await confirm({ who: 'diego.alves', role: 'devops', subject: 'access' })).not.toBe('');
  const manual = { who: 'fabio.nunes', role: 'qa', subject: 'manual' };
  await expect(confirm({ ...manual, kind: 'abort' })).rejects.toMatchObject({
    cause: { message: 'it says "kind": "abort", and was sent as confirm' },
  });
  await confirm(manual);
  const { decisions } = (await handle.result()) as Ledger;
  expect(decisions.map(({ kind, via, accepted }) => `${kind} by ${via}: ${accepted}`)).toEqual([
    'confirm by update: true',
    'confirm by update: true',
  ]);
});

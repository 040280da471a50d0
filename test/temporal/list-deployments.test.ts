import { Client, type Connection } from '@temporalio/client';
import { defaultPayloadConverter, METADATA_ENCODING_KEY, type Payload } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { expect, test } from 'vitest';
import { listText } from '../../src/client/rendering/list.js';
import pc from '../../src/client/terminal/colors.js';
import { knownDeployments } from '../../src/report/history/known-deployments.js';
import type { Connected } from '../../src/temporal/connection.js';
import { listDeployments } from '../../src/temporal/list-deployments.js';

const START = 1_764_000_000_000;
const HOUR = 3_600_000;
const RUNNING = 1;
const COMPLETED = 2;

type Memo = Record<string, Payload>;

const run = (runId: string, status: number, fields: Memo) => ({
  execution: { workflowId: 'surefoot/shop/production', runId },
  type: { name: 'DeployWorkflow' },
  taskQueue: 'surefoot',
  status,
  historyLength: { toNumber: () => 9 },
  startTime: msToTs(START),
  memo: { fields },
});

/** A memo as one who starts a deployment writes it. */
const memo = (values: Record<string, unknown>): Memo =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, defaultPayloadConverter.toPayload(value)]));

/** As a key made it that is not there any more. */
const unreadable: Memo = { clock: { metadata: { [METADATA_ENCODING_KEY]: Buffer.from('binary/unheard-of') } } };

/** What Temporal says, without one. */
function temporalWith(runs: ReturnType<typeof run>[]): Connected {
  const workflowService = {
    listWorkflowExecutions: async () => ({ executions: runs, nextPageToken: new Uint8Array() }),
    describeWorkflowExecution: async ({ execution }: { execution: { runId: string } }) => ({
      workflowExecutionInfo: runs.find((each) => each.execution.runId === execution.runId),
    }),
  };
  const connection = { workflowService, plugins: [] } as unknown as Connection;
  return { client: new Client({ connection }) } as Connected;
}

test.each([
  ['has ended', COMPLETED],
  ['runs', RUNNING],
])(
  'of one that %s and whose memo cannot be decoded only what stands there is not known, and the others are listed',
  async (_, status) => {
    const listed = await listDeployments(
      temporalWith([
        run('first', status, memo({ clock: 'virtual', beginsAt: START + HOUR })),
        run('second', status, unreadable),
        run('third', status, memo({})),
      ]),
    );
    expect(listed).toMatchObject([{ runId: 'first' }, { runId: 'second' }, { runId: 'third' }]);
    const [first, second, third] = listed;
    expect(first).toMatchObject({ inVirtualTime: true, beginsAt: START + HOUR });
    expect(first).not.toHaveProperty('memoUnread');
    expect(second).toMatchObject({ memoUnread: true, startedAt: START });
    expect(second).not.toHaveProperty('inVirtualTime');
    expect(third).not.toHaveProperty('memoUnread');
  },
);

test('that it is not known is said beside the list, and in its line', async () => {
  const runs = [run('first', COMPLETED, memo({ clock: 'virtual' })), run('second', COMPLETED, unreadable)];
  const { deployments, unknown } = await knownDeployments(temporalWith(runs), '/no/evidence/here');
  expect(unknown).toContain(
    'whether second runs in virtual time, and when it is to begin: what it was started with cannot be decoded',
  );
  expect(unknown.join()).not.toContain('first');
  const text = listText(
    deployments.map((listed) => ({ listed })),
    { colors: pc, now: START },
  );
  expect(text).toMatch(/first .*virtual time/);
  expect(text).toMatch(/second .*clock not known/);
});

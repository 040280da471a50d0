import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Answered,
  afterCall,
  type Call,
  type WatchdogState,
  watchdogStateOf,
  watchOver,
} from '../../../src/domain/watchdog/alarms.js';
import type { SeenDeployment, SeenWorkflow } from '../../../src/domain/watchdog/seen.js';
import { WATCHDOG_RULES } from '../../../src/domain/watchdog/symptoms.js';

const START = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const rules = WATCHDOG_RULES;
const run = { workflowId: 'surefoot/shop/production', runId: 'r-1' };
const own: SeenWorkflow = { workflowId: run.workflowId, title: 'the deployment', activities: [] };
const well = (parts: Partial<SeenDeployment> = {}): SeenDeployment => ({
  deployment: 'shop-1',
  run,
  workflows: [own],
  queues: [{ queue: 'surefoot', state: 'served', text: '1 worker serves the task queue surefoot' }],
  unseen: [],
  ...parts,
});
const waiting = (since: number) => well({ workflows: [{ ...own, task: { since, attempt: 1, isTaken: false } }] });
const failing = (attempt: number) =>
  well({ workflows: [{ ...own, task: { since: START, attempt, isTaken: false, failure: 'TMPRL1100' } }] });
const nobody = (lastAskedAt?: number) =>
  well({
    queues: [{ queue: 'surefoot', state: 'nobody', text: 'nobody serves it', advice: 'Start one.', lastAskedAt }],
  });

interface Told extends Call {
  at: number;
}

const everybody = ({ channels = ['pager', 'hook'] }: Call): Answered => ({ told: channels, missed: [] });

/** Looks one after the other, each 30 seconds, of which each hands on what it knows, through JSON as Temporal does. */
function looks(seen: readonly SeenDeployment[], { answer = everybody, every = 30 * SECOND } = {}) {
  let state = watchdogStateOf(undefined);
  const told: Told[] = [];
  for (const [index, each] of seen.entries()) {
    const now = START + index * every;
    const judged = watchOver(state, [each], { now, rules });
    state = judged.state;
    for (const call of judged.calls) {
      told.push({ ...call, at: now });
      state = afterCall(state, call, answer(call));
    }
    state = watchdogStateOf(JSON.parse(JSON.stringify(state)) as WatchdogState);
  }
  return { told, state };
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('when people are told', () => {
  test('a deployment that nobody serves: within three minutes after somebody last asked, once, and when it is over', () => {
    const { told } = looks([...times(6, nobody(START)), well(), well()]);
    expect(told.map(({ kind, at }) => [kind, at - START])).toEqual([
      ['watchdog-alarm', 2 * MINUTE],
      ['watchdog-all-clear', 3 * MINUTE],
    ]);
    expect(told[0]).toMatchObject({ reason: 'nobody serves it, for 2 min. Start one', lasted: 2 * MINUTE });
    expect(told[1]).toMatchObject({ reason: 'it is carried on and watched again', channels: ['pager', 'hook'] });
  });

  test('where the server remembers nobody it counts from the first look', () => {
    expect(looks(times(4, nobody())).told).toEqual([]);
    expect(looks(times(5, nobody())).told).toHaveLength(1);
  });

  test('a worker that is started anew is no news', () => {
    expect(looks([well(), waiting(START), waiting(START), waiting(START), well()]).told).toEqual([]);
  });

  test('a task that has failed twice at once, and not before', () => {
    expect(looks([failing(2)]).told).toEqual([]);
    expect(looks([failing(3)]).told).toMatchObject([
      { reason: expect.stringContaining('the deployment cannot go on: its task has failed 2 times (TMPRL1100)') },
    ]);
  });

  test('they are told again after the stated time, and what is new at once', () => {
    const lasting = [...times(35, failing(3)), ...times(3, well({ ...failing(3), queues: nobody(START).queues }))];
    expect(looks(lasting).told.map(({ at, kinds }) => [(at - START) / MINUTE, kinds])).toEqual([
      [0, ['task-fails']],
      [15, ['task-fails']],
      [17.5, ['not-served', 'task-fails']],
    ]);
  });

  test('what could not be seen is never well: no all-clear, and after two minutes it is told itself', () => {
    const unseen = well({ workflows: [], unseen: [{ what: run.workflowId, why: 'deadline exceeded' }] });
    const { told } = looks([failing(3), ...times(5, unseen)]);
    expect(told.map(({ kinds }) => kinds)).toEqual([['task-fails'], ['not-seen']]);
    expect(told[1]?.reason).toContain(`the watchdog cannot see ${run.workflowId}: deadline exceeded`);
  });

  test('one that has ended is no alarm any more', () => {
    expect(looks([failing(3), well({ workflows: [], queues: [] })]).told[1]).toMatchObject({ reason: 'it has ended' });
  });

  test('who could not be told is told at the next look; the others are not told twice', () => {
    let tries = 0;
    const answer = ({ channels = ['pager', 'hook'] }: Call) => {
      tries += 1;
      return tries < 3
        ? { told: channels.filter((id) => id === 'hook'), missed: ['pager'] }
        : everybody({ channels } as Call);
    };
    const { told } = looks([...times(4, failing(3)), well()], { answer });
    expect(told.map(({ channels }) => channels)).toEqual([undefined, ['pager'], ['pager'], ['hook', 'pager']]);
  });

  test('news that reached nobody is the same message when it is sent again', () => {
    let tries = 0;
    const answer = (call: Call) => (++tries < 3 ? { told: [], missed: ['pager', 'hook'] } : everybody(call));
    const { told } = looks(times(4, failing(3)), { answer });
    expect(told).toHaveLength(3);
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
  });

  test('an all-clear that does not get through is tried again, for an hour', () => {
    const answer = (call: Call) =>
      call.kind === 'watchdog-alarm' ? everybody(call) : { told: ['hook'], missed: ['pager'] };
    const { told, state } = looks([failing(3), ...times(130, well())], { answer });
    expect(told[1]?.channels).toEqual(['pager', 'hook']);
    expect(told.slice(2).every(({ channels }) => channels?.join() === 'pager')).toBe(true);
    expect(told.at(-1)?.at).toBeLessThan(START + 62 * MINUTE);
    expect(state.deployments).toEqual({});
  });

  test('each deployment is told of by itself; one that was not looked at stays as it is', () => {
    const other = { ...failing(3), deployment: 'till-1' };
    const first = watchOver(watchdogStateOf({}), [failing(3), other], { now: START, rules });
    expect(first.calls.map(({ deployment }) => deployment)).toEqual(['shop-1', 'till-1']);
    const state = first.calls.reduce((now, call) => afterCall(now, call, everybody(call)), first.state);
    const second = watchOver(state, [well()], { now: START + MINUTE, rules });
    expect(second.calls.map(({ kind, deployment }) => [kind, deployment])).toEqual([['watchdog-all-clear', 'shop-1']]);
    expect(second.state.deployments['till-1']).toEqual(state.deployments['till-1']);
  });

  test('what another release has handed on, and cannot be read, is a first look', () => {
    for (const other of [undefined, null, 'text', 7, {}, { at: 'now', deployments: {} }, { at: 1, deployments: null }])
      expect(watchdogStateOf(other)).toEqual({ at: 0, deployments: {} });
  });
});

describe('whatever is seen, in whatever order', () => {
  const anyLook = fc.oneof(
    fc.constant(well()),
    fc.constant(well({ workflows: [], queues: [] })),
    fc.integer({ min: 1, max: 6 }).map(failing),
    fc.constant(nobody()),
    fc.constant(nobody(START)),
    fc.constant(waiting(START)),
    fc.constant(well({ workflows: [], unseen: [{ what: 'x', why: 'y' }] })),
  );
  const anyAnswer = fc.subarray(['pager', 'hook']);

  test('nobody hears that it is over who was not told of it, nor while anything is wrong or unseen', () => {
    fc.assert(
      fc.property(fc.array(anyLook, { maxLength: 40 }), fc.infiniteStream(anyAnswer), (seen, answers) => {
        const knows = new Set<string>();
        const answer = ({ kind, channels = ['pager', 'hook'] }: Call) => {
          const reached = answers.next().value as string[];
          const told = channels.filter((id) => reached.includes(id));
          if (kind === 'watchdog-alarm') for (const id of told) knows.add(id);
          else for (const id of channels) expect(knows).toContain(id);
          return { told, missed: channels.filter((id) => !told.includes(id)) };
        };
        const { told } = looks(seen, { answer });
        for (const { kind, at } of told) {
          const { queues, workflows, unseen } = seen[(at - START) / (30 * SECOND)] as SeenDeployment;
          const isWell =
            unseen.length === 0 &&
            queues.every(({ state }) => state === 'served') &&
            workflows.every(({ task }) => !task);
          if (kind === 'watchdog-all-clear') expect(isWell).toBe(true);
          else expect(isWell).toBe(false);
        }
      }),
    );
  });

  test('people who are reached are told no more than once in the stated time of the same kinds', () => {
    fc.assert(
      fc.property(fc.array(anyLook, { maxLength: 60 }), (seen) => {
        const { told } = looks(seen);
        let known: Told | undefined;
        for (const call of told) {
          if (call.kind === 'watchdog-all-clear') known = undefined;
          else {
            const isNews = !known || call.kinds.some((kind) => !known?.kinds.includes(kind));
            if (known && !isNews) expect(call.at - known.at).toBeGreaterThanOrEqual(rules.again);
            known = { ...call, kinds: [...new Set([...(known?.kinds ?? []), ...call.kinds])] };
          }
        }
        expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
      }),
    );
  });

  test('what lasts is told within its patience and one look, however the looks before it went', () => {
    fc.assert(
      fc.property(fc.array(anyLook, { maxLength: 20 }), (before) => {
        const lasting = times(6, nobody());
        const { told, state } = looks([...before, ...lasting]);
        expect(state.deployments['shop-1']?.alarm?.kinds).toContain('not-served');
        expect(told.some(({ kinds }) => kinds.includes('not-served'))).toBe(true);
      }),
    );
  });
});

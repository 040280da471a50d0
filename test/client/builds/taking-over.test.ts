/** What a build takes over of a deployment, on a server whose workers go on meanwhile. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ground, takeOver } from '../../../src/client/commands/builds/taking-over.js';
import type { RunningWorkflow } from '../../../src/temporal/builds.js';

const PARENT = 'surefoot/shop/production';
const part = (workflowId: string, parts: Partial<RunningWorkflow> = {}): RunningWorkflow => ({
  ...{ workflowId, runId: `run of ${workflowId}`, type: 'MonitorWorkflow', deployment: 'shop-1', build: 'old' },
  ...parts,
});
const named = (parts: readonly { workflowId: string }[]) => parts.map(({ workflowId }) => workflowId);
const whys = (parts: readonly { part: RunningWorkflow; why: string }[]) =>
  Object.fromEntries(parts.map(({ part: { workflowId }, why }) => [workflowId, why]));

/** A server in memory, and what happens on it after each look. */
class Server implements Ground {
  readonly pins: string[] = [];
  /** By workflow: what the new build would have decided otherwise. */
  readonly misfits = new Map<string, string>();
  /** By workflow: why the server takes no pin of it. */
  readonly refusals = new Map<string, string>();
  private looks = 0;

  constructor(
    public parts: RunningWorkflow[],
    private readonly afterLook: (look: number, server: Server) => void = () => {},
  ) {}

  async look() {
    const seen = this.parts.map((each) => ({ ...each }));
    this.afterLook(++this.looks, this);
    return seen;
  }

  async misfitOf({ workflowId }: RunningWorkflow) {
    return this.misfits.get(workflowId);
  }

  async pin({ workflowId, runId }: RunningWorkflow, build: string | undefined) {
    const refusal = this.refusals.get(workflowId);
    if (refusal !== undefined) throw new Error(refusal);
    const meant = this.parts.find((each) => each.runId === runId);
    if (!meant) throw new Error('workflow execution already completed');
    this.pins.push(`${workflowId} to ${build}`);
    meant.build = build;
  }
}

test('all of it is pinned, itself first, and seen to be there', async () => {
  const server = new Server([part(PARENT), part('soak'), part('guard')]);
  const { moved, misfits, left, unseen } = await takeOver('new', server);
  expect(named(moved)).toEqual([PARENT, 'soak', 'guard']);
  expect({ misfits, left, unseen }).toEqual({ misfits: [], left: [], unseen: undefined });
  expect(server.pins[0]).toBe(`${PARENT} to new`);
});

test('where one part does not fit, none is pinned', async () => {
  const server = new Server([part(PARENT), part('soak')]);
  server.misfits.set('soak', 'a timer where it would ask');
  const { moved, misfits } = await takeOver('new', server);
  expect({ moved, misfits: whys(misfits) }).toEqual({ moved: [], misfits: { soak: 'a timer where it would ask' } });
  expect(server.pins).toEqual([]);
});

test('what cannot be looked at at all changes nothing', async () => {
  const server = new Server([part(PARENT)]);
  server.look = () => Promise.reject(new Error('unavailable'));
  await expect(takeOver('new', server)).rejects.toThrow('unavailable');
  expect(server.pins).toEqual([]);
});

test('what is there already stays, and is not said to have been moved: a move can be repeated', async () => {
  const server = new Server([part(PARENT, { build: 'new' }), part('soak')]);
  expect(named((await takeOver('new', server)).moved)).toEqual(['soak']);
  expect(named((await takeOver('new', server)).moved)).toEqual([]);
  expect(server.pins).toEqual(['soak to new']);
});

describe('meanwhile', () => {
  test('a part that the former workers have begun is pinned too', async () => {
    const server = new Server([part(PARENT)], (look, { parts }) => look === 1 && parts.push(part('rollback-code')));
    expect(named((await takeOver('new', server)).moved)).toEqual([PARENT, 'rollback-code']);
  });

  test('a watch that goes on as a new run is pinned as that, and one that has ended is not missed', async () => {
    const server = new Server([part(PARENT), part('soak'), part('guard')], (look, server) => {
      if (look === 1) server.parts = [part(PARENT), part('soak', { runId: 'the next run' })];
    });
    const { moved, left } = await takeOver('new', server);
    expect({ moved: named(moved), left }).toEqual({ moved: [PARENT, 'soak'], left: [] });
  });

  test('what they have done otherwise is given back to them, and said', async () => {
    const server = new Server([part(PARENT), part('soak')], (look, { misfits }) => {
      if (look === 2) misfits.set('soak', 'another timer');
    });
    const { moved, misfits } = await takeOver('new', server);
    expect(named(moved)).toEqual([PARENT]);
    expect(misfits).toMatchObject([{ part: { build: 'old' }, why: 'another timer; it was given back to build old' }]);
    expect(server.parts.map(({ build }) => build)).toEqual(['new', 'old']);
  });

  test('a server that takes one part and not the other leaves what it leaves, with its reason', async () => {
    const server = new Server([part(PARENT), part('soak')]);
    server.refusals.set('soak', 'not allowed');
    const { moved, left } = await takeOver('new', server);
    expect({ moved: named(moved), left: whys(left) }).toEqual({ moved: [PARENT], left: { soak: 'not allowed' } });
    server.refusals.clear();
    expect(await takeOver('new', server)).toMatchObject({ moved: [{ workflowId: 'soak' }], left: [] });
  });

  test('a server that says yes and does nothing is not believed', async () => {
    const server = new Server([part(PARENT)]);
    server.pin = async () => {};
    const { moved, left } = await takeOver('new', server);
    expect({ moved, left: whys(left) }).toEqual({
      moved: [],
      left: { [PARENT]: 'the server has taken it, and it stays where it is' },
    });
  });

  test('a server that is gone by then leaves it unknown, with what it was given', async () => {
    const server = new Server([part(PARENT)], (look) => {
      if (look === 2) throw new Error('unavailable');
    });
    const { moved, unseen } = await takeOver('new', server);
    expect(moved).toEqual([]);
    expect(unseen).toMatchObject({ parts: [{ workflowId: PARENT }], why: 'unavailable' });
  });
});

test('whatever happens meanwhile, it says what is where, and pins nothing before all of it fits', async () => {
  const happening = fc.record({
    at: fc.integer({ min: 1, max: 4 }),
    what: fc.constantFrom('begins', 'ends', 'next run', 'misfit', 'refused' as const),
    which: fc.nat(5),
  });
  const builds = fc.array(fc.constantFrom('old', 'older', 'new'), { minLength: 1, maxLength: 4 });
  const property = fc.asyncProperty(
    builds,
    fc.array(happening, { maxLength: 6 }),
    fc.array(fc.nat(3)),
    async (on, happenings, unfit) => {
      let count = on.length;
      const server = new Server(
        on.map((build, index) => part(`part-${index}`, { build })),
        (look, server) => {
          for (const { at, what, which } of happenings) {
            const meant = server.parts[which % Math.max(1, server.parts.length)];
            if (at !== look || !meant) continue;
            // Children begin where their deployment is.
            if (what === 'begins') server.parts.push(part(`part-${count++}`, { build: server.parts[0]?.build }));
            if (what === 'ends') server.parts = server.parts.filter((each) => each !== meant);
            if (what === 'next run') meant.runId = `run ${++count}`;
            if (what === 'misfit') server.misfits.set(meant.workflowId, 'otherwise');
            if (what === 'refused') server.refusals.set(meant.workflowId, 'not allowed');
          }
        },
      );
      for (const index of unfit) server.misfits.set(`part-${index}`, 'otherwise');
      const wasUnfit = server.parts.some(({ workflowId }) => server.misfits.has(workflowId));
      let seen: RunningWorkflow[] = [];
      const look = server.look.bind(server);
      server.look = async () => {
        seen = await look();
        return seen.map((each) => ({ ...each }));
      };
      const { moved, misfits, left } = await takeOver('new', server);
      if (wasUnfit) expect(server.pins).toEqual([]);
      const told = [...moved, ...[...misfits, ...left].map((each) => each.part)];
      // Each part once, and each that was last seen on another build, or does not fit, among them.
      expect(new Set(named(told)).size).toBe(told.length);
      for (const each of seen) if (each.build !== 'new') expect(named(told)).toContain(each.workflowId);
      for (const each of moved) expect(each.build).toBe('new');
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

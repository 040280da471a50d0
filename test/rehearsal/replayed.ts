/** Histories of rehearsals, gone through once more: what comes of it is what their workflows said of themselves. */
import { Client, Connection } from '@temporalio/client';
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { expect } from 'vitest';
import type { Rehearsals } from '../../src/rehearsal/rehearse.js';
import type { RehearsalWorker } from '../../src/rehearsal/worker.js';
import { type HistoryEvent, readHistory } from '../../src/report/history/history.js';
import { replay } from '../../src/report/history/replay.js';

type Sinks = NonNullable<Parameters<typeof RehearsalWorker.start>[0]['sinks']>;

/** What each workflow has published while it ran, with the length of its history then. */
export class Heard {
  private readonly states = new Map<string, { length: number; state: unknown }[]>();

  readonly sinks: Sinks = {
    state: {
      publish: {
        fn: ({ workflowId, historyLength }, state) => {
          const known = this.states.get(workflowId) ?? [];
          known.push({ length: historyLength, state: plain(state) });
          this.states.set(workflowId, known);
        },
        callDuringReplay: false,
      },
    },
  };

  /** The last that a workflow had published when its history was so long. */
  of(workflowId: string, length: number): unknown {
    return this.states.get(workflowId)?.findLast((one) => one.length <= length)?.state;
  }
}

/** As it comes back from JSON. */
const plain = (state: unknown): unknown => (state === undefined ? undefined : JSON.parse(JSON.stringify(state)));

const converter = {
  payloadConverter: defaultPayloadConverter,
  failureConverter: defaultFailureConverter,
  payloadCodecs: [],
};

/** Which task of the workflow was the last that it carried out: the event with which it began. */
const lastTask = (events: readonly HistoryEvent[]): number =>
  Number(
    events.findLast((event) => event.workflowTaskCompletedEventAttributes)?.workflowTaskCompletedEventAttributes
      ?.startedEventId ?? 0,
  );

/** The place of the next task of the workflow: a server keeps what happens in a task all at once. */
function nextTask(events: readonly HistoryEvent[], from: number): number {
  const next = events.findIndex((event, index) => index >= from && event.workflowTaskScheduledEventAttributes);
  return next < 0 ? events.length : next;
}

/** The whole history of a rehearsal, and the same cut at a quarter, at half and at three quarters. */
export async function expectSameByReplay(rehearsals: Rehearsals, heard: Heard, name: string): Promise<void> {
  const run = rehearsals.runs.find(({ scenario }) => scenario.name === name);
  if (!run) throw new Error(`${name} was not run`);
  const { deployment } = run.world;
  const connection = await Connection.connect({ address: rehearsals.address });
  try {
    const { events = [] } = await new Client({ connection }).workflow.getHandle(deployment).fetchHistory();
    const all = events ?? [];
    expect(plain(await replay(deployment, await readHistory(all, converter))), `${name}, whole`).toEqual(
      plain(run.ledger),
    );
    for (const part of [0.25, 0.5, 0.75]) {
      const cut = all.slice(0, nextTask(all, all.length * part));
      const found = plain(await replay(deployment, await readHistory(cut, converter)));
      expect(found, `${name}, cut at ${part}`).toEqual(heard.of(deployment, lastTask(cut)));
      expect(found).toMatchObject({ deployment });
    }
  } finally {
    await connection.close();
  }
}

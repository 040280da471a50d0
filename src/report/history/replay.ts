/**
 * How a workflow stood at the end of its history, whole or not: the workflow's own code goes through it once more and
 * publishes its state, as it did on its worker. Nothing is told a second time in other words.
 */
import { join } from 'node:path';
import type { StateSinks } from '../../contract/sinks.js';
import { dataConverter } from '../../encryption/data-converter.js';
import { projectFolder } from '../../local/folders.js';
import { release as own } from '../../local/release.js';
import { CliError, EXIT, innermost } from '../../temporal/errors.js';
import type { History, HistoryEvent } from './history.js';

/**
 * @returns what the workflow has published last; nothing when it has not begun to run
 * @throws MisfitError when the history was made by another release
 */
export async function replay(workflowId: string, { events, release }: History): Promise<unknown> {
  const seen = seenBy(events);
  if (seen.length === 0) return undefined;
  // Only reports need the SDK's worker, which takes a second to load.
  const { ReplayError, Worker } = await quietWorker();
  const { DeterminismViolationError } = await import('@temporalio/workflow');
  const converter = dataConverter('replace', true);
  let last: unknown;
  const publish = (_: unknown, state: unknown) => {
    last = state;
  };
  try {
    await Worker.runReplayHistory(
      {
        workflowBundle: { codePath: bundle(converter ? 'encrypting-workflow-bundle' : 'workflow-bundle') },
        dataConverter: converter,
        sinks: { state: { publish: { fn: publish, callDuringReplay: true } } } satisfies Record<
          keyof StateSinks,
          object
        >,
      },
      { events: seen },
      workflowId,
    );
  } catch (error) {
    if (error instanceof DeterminismViolationError || error instanceof ReplayError)
      throw new MisfitError(workflowId, release, error);
    throw error;
  }
  return last;
}

/** Events up to the last task that the workflow has carried out, and what it did in it: it has not seen what came later. */
function seenBy(events: readonly HistoryEvent[]): HistoryEvent[] {
  const last = events.findLastIndex((event) => event.workflowTaskCompletedEventAttributes);
  const next = events.findIndex((event, index) => index > last && !isDone(event, events[last]?.eventId));
  return last < 0 ? [] : events.slice(0, next < 0 ? undefined : next);
}

/** What a workflow did in a task: its commands name the task, its answers to updates do not. */
function isDone(event: HistoryEvent, task: HistoryEvent['eventId']): boolean {
  if (event.workflowExecutionUpdateAcceptedEventAttributes) return true;
  if (event.workflowExecutionUpdateCompletedEventAttributes) return true;
  return Object.values(event).some(
    (attributes) => String((attributes as Command)?.workflowTaskCompletedEventId) === String(task),
  );
}

type Command = { workflowTaskCompletedEventId?: unknown } | null | undefined;

const bundle = (name: string): string => join(projectFolder(), 'dist', `${name}.js`);

/** Exit 1: a history in which this code would have decided otherwise, said as a report says it. */
export class MisfitError extends CliError {
  constructor(workflowId: string, release: string | undefined, cause: Error) {
    const by = release === undefined ? 'a release that did not leave its name' : `Surefoot ${release}`;
    const other = release === undefined || release === own() ? 'the build that carried it out' : `Surefoot ${release}`;
    super(
      `The history of ${workflowId} was made by another release: it was started by ${by}, and does not fit this one (${own()}): ${innermost(cause)}`,
      {
        hint: `Make the report with ${other}; \`surefoot --version\` says which one runs.`,
        exitCode: EXIT.badly,
        cause,
      },
    );
  }
}

/** Without the worker's own log lines, unless somebody in this process wants them. */
async function quietWorker() {
  const sdk = await import('@temporalio/worker');
  try {
    const filter = sdk.makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
    sdk.Runtime.install({ logger: new sdk.DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'IllegalStateError') throw error;
  }
  return sdk;
}

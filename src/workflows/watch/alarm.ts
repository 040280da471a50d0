/** A watch of production whose deployment was ended from outside: nobody else is left to say so. */
import { workflowInfo } from '@temporalio/workflow';
import type { WatchInput } from '../../contract/messages.js';
import { messageOf } from '../../domain/message.js';
import { authorised } from '../common/authorised.js';
import { parentLook, people } from '../common/policies.js';

/** Tells people when that is why the watch is cancelled; a deployment that runs has ended its watch itself. */
export async function raiseAlarm({ alarm = [], authority, clock, watch }: WatchInput): Promise<void> {
  const { parent } = workflowInfo();
  // Demos and rehearsals are ended as people like, and nobody is to be called.
  if (alarm.length === 0 || !parent || clock === 'virtual') return;
  const { workflowId, runId } = parent;
  const look = { summary: 'Look whether the deployment still runs' };
  const state = await parentLook.stateOfRun
    .executeWithOptions(look, [{ workflowId, runId }])
    .then((name) => name.toLowerCase())
    .catch((error: unknown) => `it could not be asked whether it still runs: ${messageOf(error)}`);
  if (state === 'running') return;
  const messages = alarm.map((message) => ({ ...message, text: `${message.text} (${state})` }));
  const summary = `Tell: ${watch.title} is over, and nobody watches production`.slice(0, 200);
  await authorised(people, authority).tell.executeWithOptions({ summary }, [{ messages, threads: {}, questions: [] }]);
}

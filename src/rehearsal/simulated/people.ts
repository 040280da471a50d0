/** Telling people in a simulated world: they are told at once, and answer as the scenario says. */
import { activityInfo } from '@temporalio/activity';
import type { Activities } from '../../contract/activities/activities.js';
import type { Message } from '../../domain/notifications/notifications.js';
import type { World } from '../world/world.js';
import { current, type Find, good, perform, worldTime } from './performing.js';

export function simulatePeople(find: Find): Pick<Activities, 'tell' | 'sendNotices' | 'tellForge'> {
  return {
    tell: async ({ messages, questions }) => {
      const rehearsed = current(find);
      const { world, people } = rehearsed;
      const at = worldTime(rehearsed);
      note(world, messages, at);
      for (const { id } of questions) await world.arrive(id, at);
      await people.hear(questions, at, activityInfo().currentAttemptScheduledTimestampMs);
      if (rehearsed.watching.isMonitor(activityInfo().workflowExecution?.workflowId ?? ''))
        return { threads: {}, untold: [] };
      await world.happen(at);
      return { threads: {}, untold: [], later: world.nextDue(at) };
    },
    // In virtual time no forge is told.
    tellForge: async () => ({}),
    sendNotices: ({ key, notices }) =>
      perform(find, { activity: 'sendNotices', key }, ({ world }, at) => {
        note(
          world,
          notices.flatMap(({ messages }) => messages),
          at,
        );
        return good(
          notices.map(({ id }) => id),
          (id) => `${id}: told or prepared`,
        );
      }),
  };
}

function note({ journal }: World, messages: readonly Message[], at: number): void {
  for (const { event, channel, subject, alert } of messages) {
    const what = alert?.action === 'resolve' ? `${subject} (alert resolved)` : subject;
    journal.add({ at, what: 'told', text: `${channel.id}: ${what}`, event, channel: channel.id });
  }
}

import { log } from '@temporalio/activity';
import { post } from '../adapters/webhook.js';
import type { PeopleActivities, Question } from '../contract/activities.js';
import { whileAlive } from './alive.js';

/** @param answer the demo's stand-in people: `ask` returns when they have answered */
export function createPeopleActivities({
  answer,
}: {
  answer?: (question: Question) => Promise<void>;
} = {}): PeopleActivities {
  return {
    ask: ({ question, webhook }) =>
      whileAlive(async (signal) => {
        if (webhook) {
          const { deployment, service, workflowId, kind, id, title, roles, moves } = question;
          const asked = roles.length > 0 ? ` Asked: ${roles.join(', ')}.` : '';
          const may = moves.length > 0 ? ` Moves: ${moves.join(', ')}.` : '';
          const text = `${service} (${deployment}): ${title}.${asked}${may}`;
          const untold = await post(
            webhook,
            { text, kind, deployment, service, workflowId, id, title, roles, moves },
            signal,
          );
          if (untold !== undefined) log.warn('A question could not be announced', { question: id, reason: untold });
        }
        await answer?.(question);
      }),

    tell: ({ deployment, service, text, webhook }) =>
      whileAlive(async (signal) => {
        if (!webhook) return {};
        const message = { text: `${service} (${deployment}): ${text}`, kind: 'announcement', deployment, service };
        const untold = await post(webhook, message, signal);
        return untold === undefined ? {} : { untold };
      }),
  };
}

/** An event of a deployment in words: what its placeholders stand for, and what it is in a few of them. */
import { answeringCommand } from '../decisions/answers.js';
import { formatDuration } from '../duration.js';
import { byWhom } from '../evidence.js';
import { type AnsweredEvent, type DeploymentEvent, EVENTS } from './events.js';

/** What an event's own placeholders stand for. */
export function valuesOf(event: DeploymentEvent): Record<string, string> {
  const values: Record<string, string> = {};
  const { kind: _, ...content } = event;
  for (const [name, value] of Object.entries(content)) {
    if (typeof value === 'number') values[name] = formatDuration(value);
    else if (typeof value === 'string') values[name] = value;
  }
  if (!('question' in event)) return values;
  const { question } = event;
  return {
    ...values,
    question: question.title,
    reason: question.text,
    roles: question.roles.join(', '),
    moves: question.moves.join(', '),
    command: answeringCommand(question),
    ...(event.kind === 'question-answered' ? { answer: answerText(event) } : {}),
  };
}

function answerText({ answer, approvals = [] }: AnsweredEvent): string {
  if (answer) return `${answer.kind} ${byWhom(answer)}`;
  if (approvals.length === 0) return 'settled';
  return `approve ${approvals.map(({ who, role }) => byWhom({ who, role })).join(', ')}`;
}

/** An event in a few words, for the Web UI and the board. */
export function inFewWords(event: DeploymentEvent): string {
  if (!('question' in event)) return EVENTS[event.kind].meaning;
  const { title } = event.question;
  switch (event.kind) {
    case 'question-reminded':
      return `remind of “${title}”`;
    case 'question-escalated':
      return `escalate “${title}”`;
    case 'question-answered':
      return `answered: “${title}”`;
    default:
      return `ask “${title}”`;
  }
}

/** What has happened between two looks at a ledger, one line each: for pipes, logs and CI. Pure. */
import { formatDuration } from '../../domain/duration.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { hasEnded, standingOf } from '../../domain/watch/standing.js';

/** Without an earlier look, everything so far. */
export function ledgerChanges(before: Ledger | undefined, after: Ledger): string[] {
  const told = new Set(before ? happenings(before) : []);
  return happenings(after).filter((line) => !told.has(line));
}

function happenings(ledger: Ledger): string[] {
  const rollbacks = [...ledger.earlierRollbacks, ...(ledger.rollback ? [ledger.rollback] : [])];
  return [
    `phase: ${ledger.phase}`,
    ...[...ledger.steps, ...rollbacks.flatMap(({ steps }) => steps)].map((step) => {
      const again = step.generation > 1 ? `, run ${step.generation}` : '';
      const took = step.endedAt === undefined ? '' : ` in ${formatDuration(step.endedAt - step.startedAt)}`;
      const told = step.reason ? `: ${step.reason}` : '';
      return `step ${step.id}${again} ${step.state}${took}: ${step.title}${told}`;
    }),
    ...ledger.monitors.map((watch) => `watch ${watch.id} ${standingOf(watch, hasEnded(ledger))}: ${watch.title}`),
    ...ledger.decisions.map(
      ({ kind, who, role, accepted, reason }) =>
        `${kind} by ${who} (${role}) ${accepted ? 'accepted' : 'refused'}: ${reason}`,
    ),
    ...ledger.questions
      .filter(({ answer }) => !answer)
      .map((question) => {
        return `waiting for ${question.id}: ${question.title} [${question.moves.join(', ')} by ${question.roles.join(', ')}]`;
      }),
    ...rollbacks.flatMap(({ option, trigger, succeeded }) => [
      `rollback (${option}) started: ${trigger.text}`,
      ...(succeeded === undefined ? [] : [`rollback (${option}) ${succeeded ? 'succeeded' : 'failed'}`]),
    ]),
    ...(ledger.outcome ? [`ended ${ledger.outcome}: ${ledger.reason ?? ''}`] : []),
  ];
}

/** A command whose end nobody knows: nothing follows it before a person has said so, and what is left of it has ended. */

import { runnerOf } from '../../contract/names.js';
import type { DecisionRecord, Unsettled } from '../../domain/ledger/ledger.js';
import { queueFor } from '../../domain/runner.js';
import type { Context } from './context.js';
import { describe, isFailure } from './failures.js';
import type { Ask, Questions } from './questions.js';

/** How people are asked; about the step itself where nothing else is said. */
export type SettlingQuestion = { moves: Ask['moves']; advice: string } & Partial<Pick<Ask, 'id' | 'kind'>>;

/**
 * Has people say what has become of the command that is not settled; what is left of it is ended by any answer but that
 * it did its work.
 * @returns what was said; undefined where nothing is open, or where somebody has meant to go on without the step before
 *   something else ended the way forward: what is left of it is ended then, and of what is to follow they have said nothing
 */
export async function settle(
  { context, questions }: { context: Context; questions: Pick<Questions, 'ask'> },
  { moves, advice, id, kind = 'outcome-unknown' }: SettlingQuestion,
): Promise<DecisionRecord | undefined> {
  const { ledger, allRoles: roles } = context;
  const { unsettled } = ledger;
  if (!unsettled) return undefined;
  const before = unsettled.answer;
  const asked = { id: id ?? unsettled.step, kind, title: `Nobody knows how “${unsettled.title}” ended`, roles, moves };
  for (let { text } = unsettled; ; ) {
    unsettled.answer ??= await questions.ask({
      ...asked,
      text: `${text}. ${advice}${beyondReach(context, unsettled)}`,
    });
    const { answer } = unsettled;
    const queue = queueFor(context, unsettled.environment);
    // Who has seen that it did its work has seen what it left running, too.
    const alive = answer.kind === 'confirm' ? [] : await endCommands(context, unsettled);
    if (queueFor(context, unsettled.environment) !== queue) {
      // Moved away while its runner was waited for: what was said was said of another state of things.
      unsettled.answer = undefined;
      continue;
    }
    if (alive.length === 0) {
      ledger.unsettled = undefined;
      return answer === before && answer.kind === 'skip' ? undefined : answer;
    }
    text = `What is left of it could not be ended (${alive.join(', ')}), and nothing is run beside it: end it there`;
    unsettled.answer = undefined;
  }
}

/** What runs where nobody serves the runner is ended by those who get at the machine, if anybody does. */
const beyondReach = (context: Context, { environment, runner: begunOn }: Unsettled): string =>
  begunOn === undefined || begunOn === queueFor(context, environment)
    ? ''
    : `. It was begun on runner ${runnerOf(begunOn)}, which the deployment was moved away from: what is left of it there ` +
      'is not ended from here, so look that it is over before anything else is run';

async function endCommands(
  { input: { deployment }, plan, commands }: Context,
  { step, generation, title, environment }: Unsettled,
): Promise<string[]> {
  const summary = `End what is left of “${title}”`;
  try {
    const asked = { key: { deployment, step, generation }, environment: environment && plan.environments[environment] };
    return (await commands.endCommands.executeWithOptions({ summary }, [asked])).alive;
  } catch (error) {
    // Its runner cannot look: that something is left is as possible as before, and nothing is run beside it.
    if (!isFailure(error)) throw error;
    return [`what is left is not known: ${describe(error)}`];
  }
}

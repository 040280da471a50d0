/** What people can do where a word counts no more that a deployment goes by: said with each act that is refused for it. */
import type { Policy } from './policy.js';

const MOST_NAMED = 5;

/** @returns sentences for whoever is asked about the refused act, with what to type */
export function wayOut({ decisions, people }: Policy, deployment: string): string {
  const { rollback = [] } = decisions;
  const may = [...people.values()].flatMap(({ id, roles }) => {
    const role = roles.find((one) => rollback.includes(one));
    return role === undefined ? [] : [`${id} as ${role}`];
  });
  const more = may.length > MOST_NAMED ? `, and ${may.length - MOST_NAMED} more` : '';
  const who = may.length === 0 ? 'nobody, as the policy is' : `${may.slice(0, MOST_NAMED).join(', ')}${more}`;
  return (
    'Either the word counts again: the policy is put right, its workers are started with it, and it is tried again ' +
    '(`surefoot retry`). Or it goes no further (`surefoot abort`), and where production has changed one signed word leads ' +
    `back (\`surefoot rollback\`; by ${who}). Each with ` +
    `\`--deployment ${deployment} --as WHO --role ROLE --why "…" --sign KEY\``
  );
}

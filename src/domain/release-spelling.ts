/** Names of releases: a tag is called `v1.2.3` by some, and what was built from it tells 1.2.3. */

/** A `v` before a number, as tags have it. */
const bare = (name: string): string => name.replace(/^v(?=\d)/i, '');

export const differsInTheV = (one: string, other: string): boolean => one !== other && bare(one) === bare(other);

/**
 * Nothing is taken for the same that is spelt otherwise: what a command is given has to be a name that it knows. So people
 * are told how to mend it.
 * @returns words that follow what was told; empty where the two differ in more, or in nothing
 */
export const spellingAdvice = (told: string, named: string): string =>
  differsInTheV(told, named)
    ? `; ${told} and ${named} differ in the v alone, and are not taken for the same: name releases in the plan as the ` +
      'application tells them (release.target, release.previous), or let health.version tell them as the plan names ' +
      'them: by a command that prints the name, or by `runs`, which is asked whether {version} runs'
    : '';

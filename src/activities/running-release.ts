/** Which release an environment runs, as its health check tells; what production runs before it is deployed to. */
import { agreed, askInstances, type Health, told } from '../adapters/application/health.js';
import { type HealthPlace, saysItRuns } from '../adapters/application/health-reading.js';
import { fieldOf, jsonOf, NoAnswer } from '../adapters/http/http.js';
import { proofOfRelease } from '../contract/plan/proof-of-release.js';
import { commitFact, type ToldCommit } from '../domain/commit.js';
import type { Fact } from '../domain/evidence.js';

/**
 * What all instances' health checks tell of the release: its version; that it is none of those asked about; or, by the
 * plan, nothing. `maintenance` only where the application tells it.
 */
export type RunningRelease =
  | { version: string; maintenance?: boolean }
  | { noneOf: string[]; maintenance?: boolean }
  | { untold: true; maintenance?: boolean }
  | { problem: string };

/** What each answer tells of the commit; undefined where by the plan none tells it. */
export const commitsOf = ({ as }: HealthPlace, answers: readonly Health[]): ToldCommit[] | undefined =>
  as?.commit && answers.map((answer) => told(answer, 'commit'));

/** Fact `commit` where one is expected and told. */
export const commitFacts = (told: readonly ToldCommit[] | undefined, expected: string | undefined): Fact[] =>
  told === undefined || expected === undefined ? [] : [commitFact(told, expected)];

/**
 * @param timeout of one answer, milliseconds
 * @param candidates versions to ask about, where the application does not tell its own
 */
export async function askRelease(
  place: HealthPlace,
  timeout: number,
  signal: AbortSignal,
  candidates: readonly string[] = [],
): Promise<RunningRelease & { commits?: ToldCommit[] }> {
  const answers = await askInstances(place, { timeout, signal });
  const commits = commitsOf(place, answers);
  const release = {
    ...(await releaseOf(place, answers, { timeout, signal, candidates })),
    ...(commits && { commits }),
  };
  if ('problem' in release) return release;
  const said = new Set(
    answers.map((answer) => (answer instanceof NoAnswer ? undefined : fieldOf(jsonOf(answer), 'maintenance'))),
  );
  if (said.size > 1) return { problem: 'several instances answer the health check, and only some are in maintenance' };
  const [maintenance] = said;
  return { ...release, ...(typeof maintenance === 'boolean' ? { maintenance } : {}) };
}

async function releaseOf(
  place: HealthPlace,
  answers: readonly Health[],
  by: { timeout: number; signal: AbortSignal; candidates: readonly string[] },
): Promise<RunningRelease> {
  const proof = proofOfRelease(place.as);
  if (proof === 'told') {
    const version = agreed(answers, 'version');
    return 'value' in version ? { version: version.value } : { problem: inWords(answers, version.unknown) };
  }
  for (const answer of answers) {
    if (answer instanceof NoAnswer) return { problem: inWords(answers, answer.message) };
    if (answer.status !== 200) return { problem: inWords(answers, answer.statusText) };
  }
  return proof === 'command' ? askCommand(place, by) : { untold: true };
}

const inWords = (answers: readonly Health[], text: string): string =>
  `the health check ${answers.every((answer) => answer instanceof NoAnswer) ? 'did not answer' : 'answers'}: ${text}`;

async function askCommand(
  place: HealthPlace,
  by: { timeout: number; signal: AbortSignal; candidates: readonly string[] },
): Promise<RunningRelease> {
  const running: string[] = [];
  for (const version of by.candidates) {
    const runs = await saysItRuns(place, version, by);
    if (typeof runs !== 'boolean') return { problem: `whether ${version} runs: ${runs.unknown}` };
    if (runs) running.push(version);
  }
  const [version, another] = running;
  if (another !== undefined) return { problem: `its command says that both ${version} and ${another} run` };
  return version === undefined ? { noneOf: [...by.candidates] } : { version };
}

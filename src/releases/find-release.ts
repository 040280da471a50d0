/** Which release a deployment is of, where its plan leaves that open: production and the repository are asked. */
import { askRelease } from '../activities/running-release.js';
import { healthPlace } from '../adapters/application/health-reading.js';
import { contentAt, filesWith, GitFailed, type Repository, resolveCommit, unreadable } from '../adapters/review/git.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { proofOfRelease } from '../contract/plan/proof-of-release.js';
import { openValues, type ReleaseValue } from '../contract/plan/release-values.js';
import { migrationTool } from '../domain/migration/migration-tools.js';
import { inOneLine } from '../domain/one-line.js';
import { spellingAdvice } from '../domain/release-spelling.js';
import { releaseName, version } from '../plan/core/basics.js';

/** What is known of one value: with where it comes from, or why it is not known. */
export type FoundValue = { name: ReleaseValue } & ({ value: string; from: string } | { unknown: string });

export interface Asking {
  signal: AbortSignal;
  /** Whether production is asked; the repository is wherever what is deployed is known. */
  production: boolean;
  /** Longest time for an answer of production's health check, milliseconds. */
  answer?: number;
}

const ANSWER_WITHIN = 10_000;

/** Every value that the plan leaves open, found out or not. Nothing is taken from an earlier deployment. */
export async function findRelease(plan: ResolvedPlan, asking: Asking): Promise<FoundValue[]> {
  const open = openValues(plan);
  const find: Record<ReleaseValue, () => Promise<Answer>> = {
    branch: async () => ({ unknown: 'nobody has said which branch must have been merged' }),
    target: async () => ({ unknown: 'nobody has said what is deployed' }),
    previous: () => findPrevious(plan, asking),
    revision: () => findRevision(plan, { isOpen: open.includes('target'), signal: asking.signal }),
  };
  return await Promise.all(open.map(async (name) => ({ name, ...usable(name, await find[name]()) })));
}

type Answer = { value: string; from: string } | { unknown: string };

/** What others have said becomes an argument of commands, as what a plan says does. */
function usable(name: ReleaseValue, answer: Answer): Answer {
  if ('unknown' in answer) return { unknown: inOneLine(answer.unknown, ' / ') };
  const { error } = (name === 'previous' ? releaseName() : version()).safeParse(answer.value);
  return error ? { unknown: `${JSON.stringify(answer.value)} ${answer.from}: ${error.issues[0]?.message}` } : answer;
}

async function findPrevious(
  plan: ResolvedPlan,
  { signal, production, answer = ANSWER_WITHIN }: Asking,
): Promise<Answer> {
  const place = healthPlace(plan.environments.production, plan.healthPath);
  if (proofOfRelease(place.as) !== 'told') {
    return { unknown: 'production does not tell its version (`health.version`): nobody but you can say it' };
  }
  if (!production) return { unknown: 'production is asked when a deployment starts' };
  const running = await askRelease(place, answer, signal);
  if (!('problem' in running || 'version' in running)) return { unknown: 'production does not tell its version' };
  if ('problem' in running) return { unknown: `which release production runs is not known: ${running.problem}` };
  const { target } = plan.release;
  if (running.version === target) {
    const text = `production already runs ${running.version}, which is to be deployed`;
    return { unknown: `${text}: nothing is known of what ran before it` };
  }
  const advice = spellingAdvice(running.version, target);
  if (advice !== '') {
    return { unknown: `production runs ${running.version}, and ${target} is to be deployed${advice}` };
  }
  return { value: running.version, from: 'is what production says it runs' };
}

async function findRevision(
  { release, migration }: ResolvedPlan,
  { isOpen, signal }: { isOpen: boolean; signal: AbortSignal },
): Promise<Answer> {
  const { target, repository: folder } = release;
  if (!migration || !folder) return { unknown: 'the plan names no migration, or no repository that it is in' };
  if (isOpen) return { unknown: 'it is the newest of what is deployed, and what that is is not known' };
  const tool = migrationTool(migration.tool);
  if (!tool.newest) return { unknown: `how ${migration.tool} writes its revisions down is not known here` };
  try {
    const repository: Repository = { folder, signal };
    const problem = await unreadable(repository);
    if (problem !== undefined) return { unknown: problem };
    const found = await resolveCommit(repository, target);
    if (!('commit' in found)) return { unknown: 'none' in found ? found.none : found.unknown };
    const { commit } = found;
    const heads = await tool.newest({
      holding: (pattern) => filesWith(repository, commit, pattern),
      content: (name) => contentAt(repository, commit, name),
    });
    const at = `${target} (commit ${commit.slice(0, 12)})`;
    if ('problem' in heads) return { unknown: `the newest revision of ${at} is not known: ${heads.problem}` };
    const [revision, ...others] = heads.found;
    if (revision === undefined) return { unknown: `${at} holds no file of a revision of ${migration.tool}` };
    if (others.length > 0) return { unknown: `${at} has ${heads.found.length} heads: ${heads.found.join(', ')}` };
    return { value: revision, from: `is the newest of the migrations of ${at}` };
  } catch (error) {
    if (error instanceof GitFailed) return { unknown: error.message };
    throw error;
  }
}

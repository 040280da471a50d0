/** The migration tool answers with one revision, and the new revision has a way back, as far as its text tells. */
import { askCurrent, askHeads, type Revisions } from '../../activities/migration/revisions.js';
import { releaseFact, untoldText } from '../../activities/production-found.js';
import { askRelease } from '../../activities/running-release.js';
import { healthPlace } from '../../adapters/application/health-reading.js';
import { readSshFailure } from '../../adapters/commands/ssh.js';
import { contentAt, filesWith, GitFailed, resolveCommit } from '../../adapters/review/git.js';
import type { Environment } from '../../contract/plan/environment.js';
import type { Migration } from '../../contract/plan/migration.js';
import { databaseOf, environmentsOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { RevisionFile } from '../../domain/migration/migration-tool.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { inOneLine } from '../../domain/one-line.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext, CheckResult, Means } from './check.js';
import { stepsOf } from './databases.js';

export function migrationChecks({ plan }: CheckContext): Check[] {
  const { migration } = plan;
  const release: Check = {
    id: 'production-release',
    step: STEPS.productionFound.id,
    run: (means) => tryRelease(plan, means),
  };
  if (!migration) return [release];
  return [
    ...environmentsOf(plan).map((environment) => ({
      id: `${environment.name}-revision`,
      step: stepsOf(environment).revision,
      run: (means: Means) => tryRevisions(migration, environment, means),
    })),
    release,
    { id: 'way-back', step: STEPS.reversibility.id, run: (means) => readWayBack(plan, means) },
  ];
}

/** Longest time for an answer of the health check, milliseconds. */
const ANSWER_WITHIN = 10_000;

/** What a rollback would bring back is what runs now, or the plan is another release's. */
async function tryRelease(plan: ResolvedPlan, { signal }: Means): Promise<CheckResult[]> {
  const { previous: version, target } = plan.release;
  const place = healthPlace(plan.environments.production, plan.healthPath);
  const release = await askRelease(place, ANSWER_WITHIN, signal, [version, target]);
  if ('untold' in release) return [{ name: 'production-release', ok: true, note: true, text: untoldText(version) }];
  const { ok, text } = releaseFact(release, { version, target });
  if (ok) return [{ name: 'production-release', ok, text }];
  const advice =
    'version' in release || 'noneOf' in release
      ? 'Write in `release.previous` what production runs, and that release in `target` which is to replace it.'
      : 'Make the health check of production answer 200 with its version, by hand first.';
  return [{ name: 'production-release', ok, text, advice }];
}

async function tryRevisions(migration: Migration, environment: Environment, { signal }: Means): Promise<CheckResult[]> {
  const { name } = environment;
  const tool = migrationTool(migration.tool);
  const current = await askCurrent({ environment, migration }, signal);
  const remote = environment.server.kind === 'ssh' && migration.current?.on === 'server';
  // Without a connection the line about ssh says it.
  if (remote && 'problem' in current && readSshFailure(current.problem) === 'not-started') return [];
  // As the line about the database does.
  if ('problem' in current && current.problem.startsWith(`Database ${databaseOf(environment).name} on `)) return [];
  const findings = [{ name: `${name}-revision`, ...judge(name, current) }];
  if ('found' in current && current.found.some((found) => tool.same(found, migration.revision))) {
    findings[0] = {
      name: `${name}-revision`,
      ok: true,
      note: true,
      text: `${name} is already at ${migration.revision}: there will be nothing to migrate`,
    };
  }
  if (migration.heads && 'found' in current) {
    const heads = await askHeads({ environment, migration }, migration.heads, signal);
    const found = 'found' in heads ? heads.found : [];
    const ok = found.length === 1;
    const text =
      'problem' in heads ? heads.problem : `the code there has ${found.length} heads: ${found.join(', ') || 'none'}`;
    const advice = `Merge the heads${tool.merge ? ` (for example \`${tool.merge}\`)` : ''} in the release.`;
    findings.push({
      name: `${name}-heads`,
      step: stepsOf(environment).migration,
      ok,
      text: `${name}: ${text}`,
      ...(!ok && { advice }),
    });
  }
  return findings.map((finding) => ({ ...finding, text: inOneLine(finding.text, ' / ') }));
}

function judge(name: string, current: Revisions): Omit<CheckResult, 'name'> {
  if ('problem' in current) {
    return {
      ok: false,
      text: `${name}: ${current.problem}`,
      advice: 'Make `migration.current` run there, or `migration.query`, by hand first.',
    };
  }
  const { found } = current;
  if (found.length > 1) {
    const text = `${name}: the database has ${found.length} heads (${found.join(', ')}); one is required`;
    return { ok: false, text, advice: 'Bring the database to one revision first.' };
  }
  return { ok: true, text: `${name} is at ${found[0] ?? 'no revision yet'}` };
}

/** What a release's own files tell, days before staging proves the way back for real; only of tools that are known. */
async function readWayBack(plan: ResolvedPlan, { signal }: Means): Promise<CheckResult[]> {
  const { migration, release, rollback } = plan;
  if (!migration || !release.repository) return [];
  const tool = migrationTool(migration.tool);
  try {
    if (!tool.inspect) return [];
    const at = { folder: release.repository, signal };
    const found = await resolveCommit(at, release.target);
    // The repository's own line says what is wrong with the name.
    if (!('commit' in found)) return [];
    const { commit } = found;
    const file = await tool.inspect(
      {
        holding: (pattern) => filesWith(at, commit, pattern),
        content: (name) => contentAt(at, commit, name),
      },
      migration.revision,
    );
    if (file) return judgeFile(file, rollback.irreversible === 'allow');
    const revision = tool.upgradeTo(migration.revision);
    const text = `${release.target} holds no ${migration.tool} file of revision ${revision}: what it does is not known`;
    return [{ name: 'way-back', step: STEPS.stagingMigration.id, ok: true, note: true, text }];
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    const text = `whether there is a way back is not known: ${error.message}`;
    return [{ name: 'way-back', ok: true, note: true, text }];
  }
}

function judgeFile({ name, problem, drops }: RevisionFile, allowed: boolean): CheckResult[] {
  const findings: CheckResult[] = [
    {
      name: 'way-back',
      ok: problem === undefined || allowed,
      text: `${name}: ${problem ?? 'it has a downgrade'}`,
      ...(problem !== undefined &&
        (allowed
          ? { note: true as const }
          : { advice: 'Write the downgrade, or set `rollback.irreversible: allow`.' })),
    },
  ];
  if (drops.length > 0) {
    const text = `${name}: the upgrade drops ${drops.join(', ')}: a downgrade cannot bring the data back`;
    findings.push({ name: 'drops', ok: true, note: true, text });
  }
  return findings;
}

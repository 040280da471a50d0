/** What production runs before it is deployed to: what a rollback brings back has to be what is really there. */
import { healthPlace } from '../adapters/application/health-reading.js';
import type { CommandActivities, ExpectedProduction } from '../contract/activities/commands.js';
import { commitIn } from '../domain/commit.js';
import { type Fact, failures, passed, unknownFact } from '../domain/evidence.js';
import { migrationTool } from '../domain/migration/migration-tools.js';
import { spellingAdvice } from '../domain/release-spelling.js';
import { withHeartbeat } from './commands/heartbeat.js';
import { nameOf } from './migration/migration-facts.js';
import { askCurrent, onlyRevision, type Revisions } from './migration/revisions.js';
import { askRelease, type RunningRelease } from './running-release.js';

type Input = Parameters<CommandActivities['checkProduction']>[0];
type Report = Awaited<ReturnType<CommandActivities['checkProduction']>>;

/** Longest time for an answer of the health check, milliseconds. */
const TIMEOUT = 10_000;

/** Facts: `version` where it can be told, `revision` where there is a migration, `maintenance`. Changes nothing. */
export const checkProduction = (
  { environment, migration, healthPath, expected }: Input,
  answer = TIMEOUT,
): Promise<Report> =>
  withHeartbeat(async (signal) => {
    const [release, revisions] = await Promise.all([
      askRelease(healthPlace(environment, healthPath), answer, signal, [expected.version, expected.target]),
      migration && askCurrent({ environment, migration }, signal),
    ]);
    const facts = [
      ...('untold' in release ? [] : [releaseFact(release, expected)]),
      ...(revisions && migration ? [revisionFact(revisions, expected, migration.tool)] : []),
      maintenanceFact(release),
    ];
    const said = facts.map(({ text }) => text);
    if ('untold' in release) said.unshift(untoldText(expected.version));
    const report = { summary: said.join('; '), facts, evidence: [] };
    const revision = revisions && onlyRevision(revisions);
    const commit = release.commits && commitIn(release.commits);
    const found = {
      // Where nothing tells, the word of those who have said it is all that there is.
      ...('untold' in release ? { version: expected.version } : {}),
      ...('version' in release ? { version: release.version } : {}),
      ...(commit === undefined ? {} : { commit }),
      ...(revision === undefined ? {} : { revision }),
    };
    return { ...report, ...(passed(report) ? {} : { summary: failures(report) }), found };
  });

/** @param version that production is said to run */
export const untoldText = (version: string): string =>
  `production tells no version (health.version: none): that it runs ${version} is what was said of it`;

/** Whether the release is there that the plan goes back to. */
export function releaseFact(
  release: Exclude<RunningRelease, { untold: true }>,
  { version, target }: Pick<ExpectedProduction, 'version' | 'target'>,
): Fact {
  const name = 'version';
  if ('problem' in release) return unknownFact(name, `which release production runs is not known: ${release.problem}`);
  if ('noneOf' in release) {
    const text = `production runs neither ${version} that a rollback would go back to (release.previous) nor ${target}`;
    return { name, ok: false, text };
  }
  const said = release.version;
  if (said === target) {
    const text = `production already runs ${target}, which is to be deployed: nothing is known of what ran before it`;
    return { name, ok: false, text };
  }
  if (said === version) return { name, ok: true, text: `production runs ${said}, which a rollback goes back to` };
  const advice = spellingAdvice(said, version) || spellingAdvice(said, target);
  const text = `production runs ${said}, not ${version} that a rollback would go back to (release.previous)${advice}`;
  return { name, ok: false, text };
}

function revisionFact(revisions: Revisions, { revision: before, left }: ExpectedProduction, tool: string): Fact {
  const name = 'revision';
  if ('problem' in revisions) {
    return unknownFact(name, `the revision of production's database is not known: ${revisions.problem}`);
  }
  const at = onlyRevision(revisions);
  if (at === undefined) {
    const { found } = revisions;
    return { name, ok: false, text: `the database has ${found.length} heads (${found.join(', ')}); one is required` };
  }
  // Once people have gone on with it, it is what was found.
  if (left !== undefined && before === undefined && migrationTool(tool).same(at, left)) {
    const text = `production's database is at ${nameOf(at)} already, which the deployment that was ended from outside may have brought: what it was at before is not known`;
    return { name, ok: false, text };
  }
  const isSame = before === undefined || at === before;
  const text = `production's database is at ${nameOf(at)}`;
  return { name, ok: isSame, text: isSame ? text : `${text}; it was at ${nameOf(before)} when the deployment began` };
}

/** An application need not tell. */
function maintenanceFact(release: RunningRelease): Fact {
  const name = 'maintenance';
  if ('problem' in release)
    return unknownFact(name, `whether it is in maintenance mode is not known: ${release.problem}`);
  const { maintenance } = release;
  if (maintenance === undefined) {
    const text = 'the health check does not tell of maintenance mode';
    return { ...unknownFact(name, text), advisory: true };
  }
  const text = maintenance ? 'production is in maintenance mode already' : 'production is not in maintenance mode';
  return { name, ok: !maintenance, text };
}

/** The steps of a deployment as a simulated world carries them out: every fact holds unless the scenario says otherwise. */
import { createHash } from 'node:crypto';
import { nextOpening } from '../../adapters/windows.js';
import type { Activities } from '../../contract/activities/activities.js';
import type { OwnCheckActivities } from '../../contract/activities/own-checks.js';
import type { StepKey } from '../../contract/activities/step.js';
import { aspectsOf, DOCUMENTATION_FACTS } from '../../contract/checks.js';
import type { Environment } from '../../contract/plan/environment.js';
import { proofOfRelease, tellsRelease } from '../../contract/plan/proof-of-release.js';
import { stepsByID } from '../../contract/runbook.js';
import { commitFact } from '../../domain/commit.js';
import { formatDuration } from '../../domain/duration.js';
import type { Fact } from '../../domain/evidence.js';
import { canonicalJson } from '../../plan/core/digest.js';
import type { World } from '../world/world.js';
import { current, type Find, good, perform, type Rehearsed, simulatedFailure, simulatedReport } from './performing.js';

const COMMIT = createHash('sha1').update('the release of a rehearsal').digest('hex');
const UNTOLD = { unknown: 'no commit' };
const LOAD = ['success-rate', 'p95', 'p99', 'timeouts', 'memory'];

type Steps = Omit<
  Activities,
  | 'migrate'
  | 'readRevision'
  | 'storedRevision'
  | 'checkProduction'
  | 'sampleMetrics'
  | 'sealSeries'
  | 'assessTrends'
  | 'tell'
  | 'sendNotices'
  | 'tellForge'
  | 'checkCommand'
  | keyof OwnCheckActivities
>;

export function simulateSteps(find: Find): Steps {
  /** A step of which the plan tells the facts. */
  const established = (activity: string, key: StepKey) =>
    perform(find, { activity, key }, ({ world }) => good(stepsByID(world.plan).get(key.step)?.facts ?? []));

  const backUp =
    (activity: string) =>
    async ({ key, environment }: { key: StepKey; environment: Environment }) => ({
      ...(await established(activity, key)),
      bytes: 1_000_000,
      sha256: createHash('sha256').update(`a dump of ${environment.name}`).digest('hex'),
      location: `rehearsal:${environment.name}`,
      restoreMilliseconds: 60_000,
    });
  const restore =
    (activity: string) =>
    ({ key, environment }: { key: StepKey; environment: Environment }) =>
      perform(find, { activity, key }, ({ world }) => {
        if (isFine(world, key)) world.environments[environment.name].revision = world.previousRevision;
        return good(['fetched', 'restored', 'in-place']);
      });

  return {
    admit: async () => {
      const rehearsed = current(find);
      await perform(find, { activity: 'admit', key: { deployment: '', step: 'admission', generation: 1 } }, () =>
        good([]),
      );
      return { runner: rehearsed.taskQueue };
    },
    checkClock: async () => {},
    stateOfRun: async () => 'RUNNING',
    archiveDeployment: async () => ({ untold: [] }),

    checkRepository: async ({ key }) => ({ ...(await established('checkRepository', key)), commit: COMMIT }),
    checkReview: ({ key }) => established('checkReview', key),
    checkAccess: ({ key }) => established('checkAccess', key),
    checkStaging: ({ key }) => established('checkStaging', key),
    checkTools: ({ key }) => established('checkTools', key),
    checkAlerts: ({ key }) => established('checkAlerts', key),
    reviewDatabase: ({ key }) => established('reviewDatabase', key),
    checkIndexes: async ({ key }) => ({ ...(await established('checkIndexes', key)), use: { reset: null, scans: {} } }),
    checkIndexUse: ({ key, advisory }) =>
      established('checkIndexUse', key).then((report) => ({
        ...report,
        facts: report.facts.map((fact) => (advisory && !fact.ok ? { ...fact, advisory } : fact)),
      })),
    countRows: async () => 1_000,

    backUpDatabase: backUp('backUpDatabase'),
    backUpByCommands: backUp('backUpByCommands'),
    restoreDatabase: restore('restoreDatabase'),
    restoreByCommands: restore('restoreByCommands'),

    runCommand: ({ key, environment, command, values }) =>
      perform(find, { activity: 'runCommand', key }, ({ world }, at) => {
        const rule = world.ruleFor(key);
        const line = command.run
          .join(' ')
          .replaceAll(/\{(\w+)\}/g, (written, name: string) =>
            name === 'environment' ? environment.name : (values[name] ?? written),
          );
        const output = rule?.output ?? '';
        const evidence = [world.evidence(`Output of ${line}`, `${key.step}/output-${key.generation}.log`, output)];
        if (rule?.exitCode !== undefined) {
          throw simulatedFailure(`${line} ended with exit code ${rule.exitCode}${output && `: ${output}`}`, evidence);
        }
        const { version } = values;
        if (version !== undefined && isFine(world, key)) world.deploy(environment.name, version, at);
        const text = `${line} ended without error`;
        return { summary: text, facts: [{ name: 'ran', ok: true, text }], evidence };
      }),
    present: async () => ({}),
    endCommands: async () => ({ alive: [] }),
    checkLogs: ({ key }) => perform(find, { activity: 'checkLogs', key }, () => good(['ran', 'logs'])),

    awaitHealth: async ({ key, environment, version, commit, within }) => {
      const { world } = current(find);
      const health =
        version === world.plan.release.previous ? undefined : world.scenario.world.health[environment.name];
      const waits = health?.never ? within : Math.min(health?.after ?? 0, within);
      return perform(find, { activity: 'awaitHealth', key, takes: waits }, () => {
        const answers = !health?.never && (health?.after ?? 0) <= within;
        const status: Fact = {
          name: 'status',
          ok: answers,
          text: answers ? '200 OK' : `no answer within ${formatDuration(within)}`,
        };
        const said = health?.version ?? world.environments[environment.name].version;
        const ok = answers && said === version;
        const facts = [
          status,
          ...(commit === undefined ? [] : [commitFact([ok ? { value: commit } : UNTOLD], commit)]),
        ];
        if (version === undefined || proofOfRelease(environment.health) === undefined) return simulatedReport(facts);
        const words = answers ? `version ${said}` : 'no version';
        const text = ok ? words : `${words} instead of ${version}`;
        return simulatedReport([...facts, { name: 'version', ok, text }]);
      });
    },
    readStarts: async () => [],
    checkEndpoints: ({ key, checks }) =>
      perform(find, { activity: 'checkEndpoints', key }, ({ world }) => {
        const isTrial = key.step.startsWith('staging.reversibility');
        const { previousRelease, newRelease } = world.scenario.world.migration ?? {};
        const isNew = key.step.endsWith('.smoke-old-schema');
        const broken = isTrial && (isNew ? newRelease : previousRelease) === 'fails';
        const names = checks.flatMap((check) => aspectsOf(check).map((aspect) => `${check.id}.${aspect}`));
        const report = good(['login', ...names]);
        if (!broken) return report;
        const text = `the ${isNew ? 'new release does not work on the old' : 'previous release does not work on the new'} schema`;
        return { ...report, facts: report.facts.map((fact) => ({ ...fact, ok: fact.name === 'login', text })) };
      }),
    awaitDrained: ({ key }) => perform(find, { activity: 'awaitDrained', key }, () => good(['drained'])),
    checkMaintenance: ({ key, on }) =>
      perform(find, { activity: 'checkMaintenance', key }, () =>
        good(on ? ['message'] : ['reachable', 'message-gone']),
      ),
    checkPath: ({ key }) => perform(find, { activity: 'checkPath', key }, () => good(['status'])),
    checkApiDocumentation: async ({ key }) => ({
      ...(await perform(find, { activity: 'checkApiDocumentation', key }, () => good(DOCUMENTATION_FACTS))),
      browser: true,
    }),
    runLoadTest: ({ key }) => perform(find, { activity: 'runLoadTest', key }, () => good(LOAD)),

    sealProposal: async ({ key, content, release }) => {
      // A step of the workflow's own task: its content tells this deployment, and is the same each time.
      const digest = createHash('sha256')
        .update(canonicalJson({ ...content, commit: COMMIT }))
        .digest('hex');
      const report = await perform(find, { activity: 'sealProposal', key }, () =>
        good(['unchanged'], () => `${release.target} is still what staging has proven`),
      );
      return { ...report, digest, commit: COMMIT };
    },
    verifyEnvelope: async () => ({ valid: false, reason: 'a rehearsal has no policy' }),
    verifySignature: async ({ who }) => ({ valid: true, reason: `signed by ${who}` }),

    countStored: async () => {
      const { world } = current(find);
      return world.countStored();
    },
    verifyState: ({ key, environment, expected }) =>
      perform(find, { activity: 'verifyState', key }, ({ world }) => stateOf(world, environment.name, expected)),

    nextOpening: async (asked) => lookAtWindow(current(find), asked),
  };
}

/** Whether the step does what it is for: a command or a migration that fails changes nothing. */
export function isFine(world: World, key: StepKey): boolean {
  const { fails = [], exitCode } = world.ruleFor(key) ?? {};
  return exitCode === undefined && !fails.includes('ran') && !fails.includes('revision');
}

type Expected = Parameters<Activities['verifyState']>[0]['expected'];

function stateOf(world: World, environment: 'staging' | 'production', expected: Expected) {
  const { version, commit, revision, indexes } = expected;
  const state = world.environments[environment];
  const { migration } = world.plan;
  const facts: Fact[] = [];
  if (version !== undefined && tellsRelease(world.plan.environments[environment]?.health)) {
    facts.push({
      name: 'version',
      ok: state.version === version,
      text: `version ${state.version}, expected ${version}`,
    });
  }
  if (commit !== undefined) facts.push(commitFact([{ value: commit }], commit));
  if (revision !== undefined) {
    const text = `the database is at ${state.revision}, expected ${revision ?? 'no revision'}`;
    facts.push({ name: 'revision', ok: state.revision === revision, text });
  }
  if (indexes !== undefined) {
    // Where nothing migrates, they have been there all along.
    const there = migration === undefined || state.revision === migration.revision;
    facts.push({
      name: 'indexes',
      ok: there === indexes.present,
      text: `indexes of this deployment: ${there ? 'all are there' : 'none is left'}`,
    });
  }
  return simulatedReport(facts);
}

/** Windows are looked at by the scenario's calendar, and answered in the workflow's time. */
function lookAtWindow({ world }: Rehearsed, asked: Parameters<Activities['nextOpening']>[0]) {
  const own = Math.max(world.clock.at(asked.at), world.clock.latest);
  world.clock.reach(own);
  const ahead = world.startsAt + own - asked.at;
  const opening = nextOpening({ ...asked, at: asked.at + ahead });
  world.journal.add({ at: own, what: 'opening', text: opening.text });
  const { opensAt, closesAt } = opening;
  if (opensAt !== undefined) world.clock.mark(opensAt - ahead, opensAt - world.startsAt);
  return {
    ...opening,
    ...(opensAt === undefined ? {} : { opensAt: opensAt - ahead }),
    ...(closesAt === undefined ? {} : { closesAt: closesAt - ahead }),
  };
}

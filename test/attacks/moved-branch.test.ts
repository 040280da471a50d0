/** A branch moves after people have signed off what it was: that is deployed, or nothing of the kind stays. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import { createHttpActivities } from '../../src/activities/application/endpoints.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createPrerequisiteActivities } from '../../src/activities/prerequisites.js';
import { createApprovalActivities } from '../../src/activities/review/approvals.js';
import { createVerificationActivities } from '../../src/activities/verification.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../src/plan/load.js';
import { cloneOf, newRepository, type TestRepository } from '../helpers/repository.js';
import { json, serve } from '../helpers/server.js';
import { workflowServer } from '../helpers/workflow-server.js';

vi.setConfig({ testTimeout: 90_000 });

const temporal = workflowServer();
beforeAll(async () => {
  const runner = 'the-runner';
  await temporal.work({
    taskQueue: 'moved-branch',
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    activities: {
      ...createAdmissionActivities({ runner, allowVirtualTime: false, precedents: async () => NONE }),
      ...createPrerequisiteActivities(),
      ...createApprovalActivities(),
      ...createHttpActivities(),
      ...createVerificationActivities(),
      ...createPeopleActivities(),
      archiveDeployment: async () => ({ untold: [] }),
    },
  });
  const state = join(temporal.folder, 'state');
  await temporal.work({ taskQueue: runner, activities: createCommandActivities({ state }) });
});

const NONE = { runs: [], rollbacks: [] };

/** Where it is deployed, names are asked for anew: what a branch is there, the runner's own clone may not know yet. */
const DEPLOY = [
  // The last word that it is told.
  'for name; do :; done',
  'commit=$(git -C "$0" rev-parse "$name^0") || exit 1',
  'printf \'{"version":"%s","commit":"%s"}\' "$1" "$commit" > running.json',
  'echo "$1 $commit" >> log',
].join('; ');

interface Begun {
  /** Where releases are deployed from. */
  origin: TestRepository;
  /** What the runner knows of it. */
  clone: TestRepository;
  /** Commits: of the release before, and of main when the deployment began. */
  first: string;
  proven: string;
  asked(kind: string): Promise<Ledger>;
  approve(): Promise<unknown>;
  ended(): Promise<Ledger>;
  deployed(): string[];
  /** Ends it without anything more. */
  terminate(): Promise<unknown>;
}

interface Beginning {
  told: string;
  health: string;
  until?: string;
}

let count = 0;

/** Begins to deploy main, and waits for a question. @param told what the deploy command is told */
async function begin({ told, health, until = 'approvals' }: Beginning): Promise<Begun> {
  const origin = await newRepository();
  const first = await origin.git('rev-parse', 'main');
  const proven = await origin.commit('release', 'as people have seen it');
  const clone = await cloneOf(origin);
  const { folder } = clone;
  const place = join(temporal.folder, `place-${++count}`);
  const { url } = await serve((_, response) =>
    json(response, JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8'))),
  );
  writeFileSync(join(folder, 'running.json'), JSON.stringify({ version: 'v1', commit: first }));
  const file = `${place}.yaml`;
  writeFileSync(
    file,
    `surefoot: 1
service: moved-${count}
hosts: { production: "${url}" }
folders: { repository: "${folder}" }
release: { repository: repository, branch: main, target: main, previous: v1 }
environments: { production: { api: production } }
commands: { deploy: { run: [sh, -c, ${JSON.stringify(DEPLOY)}, "${origin.folder}", ${told}] } }
health: { path: /health, within: 1s${health} }
approvals:
  roles: { qa: { title: QA, statement: It works } }
  roster: { ana: { name: Ana, roles: [qa] }, bob: { name: Bob, roles: [qa] } }
`,
  );
  const { resolved: plan, digest } = loadPlan(file);
  const deployment = `${plan.service}-20261127-000000-0001`;
  const input: DeployInput = { deployment, plan, digest, startedBy: 'ana', clock: 'real' };
  const handle = await temporal.client.workflow.start('DeployWorkflow', {
    taskQueue: 'moved-branch',
    workflowId: `surefoot/${deployment}`,
    args: [input],
  });
  const asked = (kind: string) =>
    vi.waitUntil(
      async () => {
        const ledger = await handle.query<Ledger>(statusQuery);
        return ledger.questions.some((question) => question.kind === kind && !question.answer) && ledger;
      },
      { timeout: 30_000, interval: 50 },
    );
  const { proposal } = await asked(until);
  return {
    ...{ origin, clone, first, proven, asked },
    approve: () =>
      handle.executeUpdate(decideUpdate, {
        args: [{ kind: 'approve', who: 'bob', role: 'qa', digest: proposal?.digest ?? '' }],
      }),
    ended: () => handle.result(),
    deployed: () => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n'),
    terminate: () => handle.terminate(),
  };
}

const READ = ', commit: { field: commit }';
const factsOf = ({ steps }: Ledger, id: string) => steps.findLast((step) => step.id === id)?.facts;

test('what was signed off is deployed, whatever the branch is by then, and it is proven to run to the last', async () => {
  const { origin, proven, approve, ended, deployed } = await begin({ told: '"{version}", "{commit}"', health: READ });
  await origin.commit('release', 'as nobody has seen it');
  await approve();
  const ledger = await ended();
  expect(ledger.outcome, ledger.reason).toBe('succeeded');
  expect(deployed()).toEqual([`main ${proven}`]);
  const fact = { name: 'commit', ok: true, text: `commit ${proven.slice(0, 12)}` };
  expect(factsOf(ledger, 'production.health')).toContainEqual(fact);
  expect(factsOf(ledger, 'closing.state')).toContainEqual(fact);
});

test('where the name alone is deployed, what runs tells of it: production goes back to the commit it ran before', async () => {
  const { origin, first, proven, approve, ended, deployed } = await begin({ told: '"{version}"', health: READ });
  const later = await origin.commit('release', 'as nobody has seen it');
  await approve();
  const ledger = await ended();
  expect(ledger.outcome, ledger.reason).toBe('rolled-back');
  expect(ledger.reason).toContain(`commit ${later.slice(0, 12)} instead of ${proven.slice(0, 12)}`);
  expect(deployed()).toEqual([`main ${later}`, `v1 ${first}`]);
  const health = ledger.rollback?.steps?.find(({ id }) => id === 'rollback-code.health');
  expect(health?.facts).toContainEqual({ name: 'commit', ok: true, text: `commit ${first.slice(0, 12)}` });
});

test('where what runs tells no commit, nobody knows: people are asked, and nothing is rolled back', async () => {
  const untold = ', commit: { header: x-commit }';
  const { proven, approve, asked, deployed, terminate } = await begin({
    told: '"{version}", "{commit}"',
    health: untold,
  });
  await approve();
  const { questions, rollback } = await asked('step-failed');
  expect(questions[0]).toMatchObject({ id: 'production.health' });
  expect(questions[0]?.text).toContain(`whether commit ${proven.slice(0, 12)} runs is not known: no header x-commit`);
  expect(rollback).toBeUndefined();
  expect(deployed()).toEqual([`main ${proven}`]);
  await terminate();
});

test('a branch that has moved where the runner sees it is not deployed: people are asked, with both commits', async () => {
  const begun = await begin({ told: '"{version}", "{commit}"', health: READ });
  const later = await begun.origin.commit('release', 'as nobody has seen it');
  await begun.clone.git('pull', '--quiet', '--ff-only');
  await begun.approve();
  const { questions } = await begun.asked('step-failed');
  expect(questions[0]?.text).toContain(
    `main is now ${later.slice(0, 12)}, but staging has proven ${begun.proven.slice(0, 12)}`,
  );
  expect(questions[0]?.moves).not.toContain('skip');
  expect(begun.deployed).toThrow('ENOENT');
  await begun.terminate();
});

test('a branch that nothing holds to one commit is not begun with, before anybody is asked to sign', async () => {
  const { asked, terminate } = await begin({ told: '"{version}"', health: '', until: 'step-failed' });
  const { questions } = await asked('step-failed');
  expect(questions[0]).toMatchObject({ id: 'prerequisites.repository' });
  expect(questions[0]?.text).toContain('a branch, and nothing holds the deployment to that commit');
  await terminate();
});

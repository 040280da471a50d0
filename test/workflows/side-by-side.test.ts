/** Deployments of two services at once, on one worker and one evidence folder: neither touches what is the other's. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { archiveReports } from '../../src/activities/evidence/report-archive.js';
import { statusQuery } from '../../src/contract/messages.js';
import { deployWorkflowId, TASK_QUEUE } from '../../src/contract/names.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { projectFolder } from '../../src/local/folders.js';
import { loadPlan } from '../../src/plan/load.js';
import { commandsAsk, surefoot } from '../client/command-line.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { replaceOnce, write } from '../plan/plan-files.js';
import { simulatedActivities } from '../report/simulated.js';

const temporal = workflowServer();
commandsAsk(temporal);

const text = readFileSync('plans/minimal.yaml', 'utf8');

/** Its deploy prints the service's name, and lasts until the test lets it go. */
function planOf(service: string): string {
  const folders = `folders: { evidence: ${join(temporal.folder, 'evidence')} }\n`;
  const script = `echo deploying ${service}; while [ ! -e ${goOf(service)} ]; do sleep 0.1; done`;
  const edits: [string, string][] = [
    ['service: greeter\n', `service: ${service}\n${folders}`],
    ['[./deploy.sh, "{version}"]', `[sh, -c, ${JSON.stringify(script)}, "{version}"]`],
  ];
  return write('plan.yaml', edits.reduce(replaceOnce, text));
}

const goOf = (service: string) => join(temporal.folder, `go-${service}`);

const ledgerWhen = (service: string, holds: (ledger: Ledger) => boolean): Promise<Ledger> =>
  vi.waitUntil(
    async () => {
      const ledger = await temporal.client.workflow.getHandle(deployWorkflowId(service)).query(statusQuery);
      return holds(ledger) && ledger;
    },
    { timeout: 60_000, interval: 100 },
  ) as Promise<Ledger>;

const stateOf = ({ steps }: Ledger, step: string) => steps.find(({ id }) => id === step)?.state;

/** What the files below a folder of this deployment say. */
function wordsIn(folder: string, deployment: string): string {
  const files = readdirSync(join(folder, deployment), { recursive: true, encoding: 'utf8' });
  return files
    .map((path) => join(folder, deployment, path))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

test('each has its own lock, holds, evidence and records; a second start of either is refused, and both are listed', async () => {
  const [state, store] = [join(temporal.folder, 'state'), join(temporal.folder, 'evidence')];
  const services = ['left', 'right'] as const;
  const plans = { left: planOf('left'), right: planOf('right') };
  await temporal.work({
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: join(projectFolder(), 'dist', 'workflow-bundle.js') },
    activities: {
      ...simulatedActivities(loadPlan(plans.left).resolved, { failing: new Set(), answer: async () => {} }),
      ...createAdmissionActivities({ runner: TASK_QUEUE, allowVirtualTime: false, state }),
      runCommand: createCommandActivities({ state }).runCommand,
    },
    interceptors: { activity: [archiveReports] },
    shutdownForceTime: '1s',
  });
  const begin = (service: keyof typeof plans) => surefoot('start', plans[service], '--as', 'ana', '--json');
  const named = { left: '', right: '' };
  for (const service of services) named[service] = JSON.parse((await begin(service)).out).deploymentId;
  const isDeploying = (ledger: Ledger) => stateOf(ledger, 'production.deploy') === 'running';
  for (const service of services) await ledgerWhen(service, isDeploying);

  for (const service of services) {
    const { code, err } = await begin(service);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(`${named[service]} (surefoot/${service}/`) });
  }
  const { deployments } = JSON.parse((await surefoot('list', '--json', '--evidence', store)).out);
  expect(
    deployments.map(({ deploymentId, outcome }: Record<string, string>) => [deploymentId, outcome]).sort(),
  ).toEqual(services.map((service) => [named[service], 'running']));
  const decide = ['--as', 'ana', '--role', 'operator', '--why', 'an incident elsewhere'];
  const unnamed = await surefoot('hold', ...decide);
  expect(unnamed).toMatchObject({ code: 2, err: expect.stringContaining('2 deployments are running') });

  const { code, err } = await surefoot('hold', '--deployment', named.left, ...decide);
  expect({ code, err }).toMatchObject({ code: 0 });
  for (const service of services) writeFileSync(goOf(service), '');
  const right = await ledgerWhen('right', ({ phase }) => phase === 'watch');
  const left = await ledgerWhen('left', (ledger) => stateOf(ledger, 'production.deploy') === 'passed');
  expect([left.held?.who, left.phase, left.decisions.length]).toEqual(['ana', 'production', 1]);
  expect([right.held, right.decisions]).toEqual([undefined, []]);

  for (const folder of [store, join(state, 'steps')]) {
    const others = readdirSync(folder).filter((name) => !name.startsWith('.') && name !== 'evidence.json');
    expect(others.sort()).toEqual([named.left, named.right]);
    for (const [own, other] of [services, services.toReversed()] as [keyof typeof named, keyof typeof named][]) {
      const words = wordsIn(folder, named[own]);
      expect(words).toContain(`deploying ${own}`);
      expect(words).not.toContain(named[other]);
      expect(words).not.toContain(`deploying ${other}`);
    }
  }
  for (const service of services) await temporal.client.workflow.getHandle(deployWorkflowId(service)).terminate('seen');
}, 120_000);

/** The commands as `surefoot --help` lists them. What one is made of is loaded when it is called, and not before. */
import { ASKING_COMMANDS } from './asking-commands.js';
import type { CommandTable } from './program.js';

export const COMMANDS: CommandTable = {
  demo: {
    description: 'carry out the shipped plan on a real sandbox, its 49 hours in minutes',
    load: async () => (await import('./commands/demo.js')).defineDemo,
  },
  init: {
    description: 'write a first plan for your service: from its files, your checklist and a few questions',
    load: async () => (await import('./commands/init.js')).defineInit,
  },
  plan: {
    description: 'work with plan files',
    load: async () => (await import('./commands/plan.js')).definePlan,
  },
  rehearse: {
    description: 'rehearse a plan: the real workflow, three days in under a minute, in a simulated world',
    load: async () => (await import('./commands/rehearse.js')).defineRehearse,
  },
  backtest: {
    description: 'put recorded samples of past deployments under the plan’s present thresholds',
    load: async () => (await import('./commands/backtest.js')).defineBacktest,
  },
  policy: {
    description: 'work with policy files: whose word counts for what on a worker',
    load: async () => (await import('./commands/trust/policy.js')).definePolicy,
  },
  doctor: {
    description: 'try every host, credential, right, tool and metric that a plan will need; changes nothing',
    load: async () => (await import('./commands/doctor.js')).defineDoctor,
  },
  start: {
    description: 'start a deployment, in real time',
    load: async () => (await import('./commands/start.js')).defineStart,
  },
  list: {
    description: 'list deployments, running and ended: of which service, with what outcome, waiting for whom',
    load: async () => (await import('./commands/deployments/list.js')).defineList,
  },
  ...ASKING_COMMANDS,
  history: {
    description:
      'figures of past deployments: how often, how fast, how many failed, how long until production was back',
    load: async () => (await import('./commands/deployments/history.js')).defineHistory,
  },
  console: {
    description: 'serve the web pages on which people see deployments and decide; Ctrl-C stops it',
    load: async () => (await import('./commands/console.js')).defineConsole,
  },
  audit: {
    description: 'what has happened in deployments as a log that shows each change of it; or check such a log',
    load: async () => (await import('./commands/audit.js')).defineAudit,
  },
  evidence: {
    description: 'work with the evidence of deployments: which of it is older than the plan keeps it',
    load: async () => (await import('./commands/deployments/evidence.js')).defineEvidence,
  },
  open: {
    description: "open a deployment's page in Temporal's Web UI",
    load: async () => (await import('./commands/open.js')).defineOpen,
  },
  report: {
    description: 'tell a deployment from its history and evidence, at any time; or check a report against them',
    load: async () => (await import('./commands/report.js')).defineReport,
  },
  worker: {
    description: 'run a worker, which carries deployments out; Ctrl-C stops it and leaves them where they are',
    load: async () => (await import('./commands/worker.js')).defineWorker,
  },
  release: {
    description: 'let deployments begin on a build from now on; what runs stays on its own',
    load: async () => (await import('./commands/builds/release.js')).defineRelease,
  },
  versions: {
    description: 'list the builds: which is current, what runs on each, and whether it has workers',
    load: async () => (await import('./commands/builds/versions.js')).defineVersions,
  },
  drain: {
    description: 'say what still runs on a build, or wait until nothing does',
    load: async () => (await import('./commands/builds/drain.js')).defineDrain,
  },
  sandbox: {
    description: 'a real Temporal, PostgreSQL and target on this machine, until Ctrl-C',
    load: async () => (await import('./commands/sandbox.js')).defineSandbox,
  },
  codec: {
    description: 'serve the codec endpoint, with which the Web UI shows encrypted payloads; Ctrl-C stops it',
    load: async () => (await import('./commands/codec.js')).defineCodec,
  },
};

/** The catalogue of steps: every unit of work of a deployment, with its place in the checklist and its nature. */

export const PHASES = ['prerequisites', 'staging', 'soak', 'approval', 'production', 'watch', 'closing'] as const;
export type Phase = (typeof PHASES)[number];

export interface StepDefinition {
  id: string;
  phase: Phase;
  /** Section of the checklist. */
  section: string;
  title: string;
}

/** What a step is made of: a command with an exit code, a look that ends within the workflow's own task, a wait for people, a watch or a time; else an activity. */
export type StepWork = 'command' | 'look' | 'wait' | 'activity';

/** What is true of a step under every plan. */
export interface StepNature {
  work: StepWork;
  /** How long it usually takes, milliseconds, where the plan does not say. */
  usually: number;
  /** What follows when it fails: people are asked, or production, once it has changed, is rolled back. */
  onFailure: 'ask' | 'rollback';
  /** People may go on without it. What trust rests on is not skippable. */
  skippable: boolean;
}

export type CataloguedStep = StepDefinition & StepNature;

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * What steps usually take. Rough: what matters is whether something fails today or in the middle of tomorrow's night.
 * The time that people take is not in it: steps come at the earliest then.
 */
const USUALLY = {
  read: 15 * SECOND,
  check: MINUTE,
  backup: 5 * MINUTE,
  deploy: 5 * MINUTE,
  reversibility: 10 * MINUTE,
  load: 2 * MINUTE,
};

const NATURE: StepNature = { work: 'activity', usually: USUALLY.read, onFailure: 'ask', skippable: true };

const step = (
  id: string,
  phase: Phase,
  section: string,
  title: string,
  nature: Partial<StepNature> = {},
): CataloguedStep => ({ id, phase, section, title, ...NATURE, ...nature });

const CHANGES_PRODUCTION = { onFailure: 'rollback' } as const;
const COMMAND = { work: 'command' } as const;
const TRUSTED = { skippable: false } as const;

/** Steps that are always there. Load tests, confirmations and watches add theirs from the plan. */
export const STEPS = {
  admission: step('admission', 'prerequisites', '', 'Check that this worker can carry out the plan', { usually: 0 }),
  repository: step(
    'prerequisites.repository',
    'prerequisites',
    'Pré-requisitos',
    'Branch merged, release and previous version exist',
  ),
  review: step('prerequisites.review', 'prerequisites', 'Pré-requisitos', 'Reviewed, approved and tested'),
  access: step('prerequisites.access', 'prerequisites', 'Pré-requisitos', 'Cloud and monitoring can be reached'),
  staging: step(
    'prerequisites.staging',
    'prerequisites',
    'Pré-requisitos',
    'Staging has enough data, credentials work',
  ),
  productionFound: step(
    'prerequisites.production',
    'prerequisites',
    'Pré-requisitos',
    'Production runs what the plan goes back to',
  ),
  tools: step('prerequisites.tools', 'prerequisites', 'Pré-requisitos', 'Tools and scripts are there'),
  stagingBackup: step('staging.backup', 'staging', '1.1', 'Back up the staging database', { usually: USUALLY.backup }),
  stagingDeploy: step('staging.deploy', 'staging', '1.1', 'Deploy the release to staging', {
    ...COMMAND,
    usually: USUALLY.deploy,
  }),
  stagingHealth: step('staging.health', 'staging', '1.1', 'Staging answers its health check with the release', {
    usually: USUALLY.check,
  }),
  stagingLogs: step('staging.logs', 'staging', '1.1', 'Staging logs show no critical errors'),
  stagingMigration: step('staging.migration', 'staging', '1.2', 'Migrate the staging database', {
    usually: USUALLY.check,
  }),
  reversibility: step(
    'staging.reversibility',
    'staging',
    'Rollback Plan',
    'Prove on staging that the migration can be undone',
    { work: 'wait', usually: USUALLY.reversibility },
  ),
  stagingIndexes: step('staging.indexes', 'staging', '1.3', 'Staging indexes are valid and used'),
  functional: step('staging.functional', 'staging', '1.4', 'Functional checks on staging', { usually: USUALLY.check }),
  swagger: step('staging.swagger', 'staging', '1.6', 'The API documentation works in a browser', {
    usually: USUALLY.check,
  }),
  soak: step('soak', 'soak', '1.7', 'Staging runs for the soak', { work: 'wait' }),
  proposal: step('proposal', 'approval', '2.1', 'Seal what is to be signed off', { ...TRUSTED, work: 'look' }),
  signOffs: step('sign-offs', 'approval', '2.1', 'Sign-offs', { ...TRUSTED, work: 'wait' }),
  notices: step('preparation.notices', 'approval', '2.2', 'Tell those who have to know of the deployment'),
  alerts: step('preparation.alerts', 'approval', '2.2', 'Monitoring alerts are configured'),
  productionWindow: step('production.window', 'production', '2.2', 'Wait for the deploy window', {
    work: 'wait',
    usually: 0,
  }),
  productionUnchanged: step('production.before', 'production', '3.1', 'Production is still as it was found'),
  productionBackup: step(
    'production.backup',
    'production',
    '3.1',
    'Back up the production database into the evidence store',
    { usually: USUALLY.backup },
  ),
  maintenanceOn: step(
    'production.maintenance-on',
    'production',
    '3.2',
    'Turn maintenance mode on and drain requests',
    COMMAND,
  ),
  productionDeploy: step('production.deploy', 'production', '3.3', 'Deploy the release to production', {
    ...CHANGES_PRODUCTION,
    ...COMMAND,
    usually: USUALLY.deploy,
  }),
  productionHealth: step(
    'production.health',
    'production',
    '3.3',
    'Production answers its health check with the release',
    { ...CHANGES_PRODUCTION, usually: USUALLY.check },
  ),
  productionLogs: step(
    'production.logs',
    'production',
    '3.3',
    'Production logs show no critical errors',
    CHANGES_PRODUCTION,
  ),
  productionMigration: step(
    'production.migration',
    'production',
    '3.4',
    'Migrate the production database',
    CHANGES_PRODUCTION,
  ),
  productionIndexes: step(
    'production.indexes',
    'production',
    '3.5',
    'Production indexes are valid and used',
    CHANGES_PRODUCTION,
  ),
  maintenanceOff: step('production.maintenance-off', 'production', '3.7', 'Turn maintenance mode off', {
    ...CHANGES_PRODUCTION,
    ...COMMAND,
  }),
  smoke: step('production.smoke', 'production', '3.6', 'Smoke tests on production', {
    ...CHANGES_PRODUCTION,
    usually: USUALLY.check,
  }),
  restart: step('production.restart', 'production', '3.8', 'Restart the service', {
    ...CHANGES_PRODUCTION,
    ...COMMAND,
    usually: USUALLY.check,
  }),
  databaseReview: step('watch.database', 'watch', '4.2', 'Slow queries and locks after the first hour'),
  metricsReport: step('watch.report', 'watch', '4.3', 'Metrics report of the last 24 hours', COMMAND),
  productionState: step('closing.state', 'closing', '', 'Production is what was promised'),
} as const satisfies Record<string, CataloguedStep>;

/** What plans add: confirmations, load tests, watches. */
export const ADDED = {
  confirmation: { ...NATURE, work: 'wait', usually: 0 },
  loadTest: { ...NATURE, usually: USUALLY.load },
  watch: { ...NATURE, work: 'wait' },
  indexUse: { ...NATURE, work: 'look' },
} as const satisfies Record<string, StepNature>;

/** The catalogue of steps: every unit of work of a deployment, with its phase and its nature. */

export const PHASES = ['prerequisites', 'staging', 'soak', 'approval', 'production', 'watch', 'closing'] as const;
export type Phase = (typeof PHASES)[number];

/** What people sign off is what these have shown. */
export const BEFORE_APPROVAL: readonly Phase[] = ['prerequisites', 'staging', 'soak'];

export interface StepDefinition {
  id: string;
  phase: Phase;
  title: string;
}

/** What a step is made of: a command with an exit code, a look that ends within the workflow's own task, a wait for people, a watch or a time; else an activity. */
export type StepWork = 'command' | 'look' | 'wait' | 'activity';

/** What is true of a step under every plan. */
export interface StepNature {
  work: StepWork;
  /** How long it usually takes, milliseconds, where the plan does not say. */
  usually: number;
  /** What follows when it fails: people are asked, the way forward ends, or production, once it has changed, is rolled back. */
  onFailure: 'ask' | 'stop' | 'rollback';
  /** People are asked, whatever follows a failure, where it has not been seen whether it holds. */
  asksWhenUnknown?: true;
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

const step = (id: string, phase: Phase, title: string, nature: Partial<StepNature> = {}): CataloguedStep => ({
  id,
  phase,
  title,
  ...NATURE,
  ...nature,
});

const CHANGES_PRODUCTION = { onFailure: 'rollback' } as const;
const COMMAND = { work: 'command' } as const;
const TRUSTED = { skippable: false } as const;

/** Steps that are always there. Load tests, confirmations, watches and own checks add theirs from the plan. */
export const STEPS = {
  admission: step('admission', 'prerequisites', 'Check that this worker can carry out the plan', { usually: 0 }),
  repository: step('prerequisites.repository', 'prerequisites', 'Branch merged, release and previous version exist'),
  review: step('prerequisites.review', 'prerequisites', 'Reviewed, approved and tested'),
  access: step('prerequisites.access', 'prerequisites', 'Cloud and monitoring can be reached'),
  staging: step('prerequisites.staging', 'prerequisites', 'Staging has enough data, credentials work'),
  productionFound: step('prerequisites.production', 'prerequisites', 'Production runs what the plan goes back to'),
  tools: step('prerequisites.tools', 'prerequisites', 'Tools and scripts are there'),
  stagingBackup: step('staging.backup', 'staging', 'Back up the staging database', { usually: USUALLY.backup }),
  stagingDeploy: step('staging.deploy', 'staging', 'Deploy the release to staging', {
    ...COMMAND,
    usually: USUALLY.deploy,
  }),
  stagingHealth: step('staging.health', 'staging', 'Staging answers its health check with the release', {
    usually: USUALLY.check,
  }),
  stagingLogs: step('staging.logs', 'staging', 'Staging logs show no critical errors'),
  stagingMigration: step('staging.migration', 'staging', 'Migrate the staging database', {
    usually: USUALLY.check,
  }),
  reversibility: step('staging.reversibility', 'staging', 'Prove on staging that the migration can be undone', {
    work: 'wait',
    usually: USUALLY.reversibility,
  }),
  stagingIndexes: step('staging.indexes', 'staging', 'Staging indexes are valid and used'),
  functional: step('staging.functional', 'staging', 'Functional checks on staging', { usually: USUALLY.check }),
  swagger: step('staging.swagger', 'staging', 'The API documentation works in a browser', {
    usually: USUALLY.check,
  }),
  soak: step('soak', 'soak', 'Staging runs for the soak', { work: 'wait' }),
  proposal: step('proposal', 'approval', 'Seal what is to be signed off', { ...TRUSTED, work: 'look' }),
  signOffs: step('sign-offs', 'approval', 'Sign-offs', { ...TRUSTED, work: 'wait' }),
  notices: step('preparation.notices', 'approval', 'Tell those who have to know of the deployment'),
  alerts: step('preparation.alerts', 'approval', 'Monitoring alerts are configured'),
  productionWindow: step('production.window', 'production', 'Wait for the deploy window', {
    work: 'wait',
    usually: 0,
  }),
  productionUnchanged: step('production.before', 'production', 'Production is still as it was found'),
  productionBackup: step('production.backup', 'production', 'Back up the production database into the evidence store', {
    usually: USUALLY.backup,
  }),
  maintenanceOn: step(
    'production.maintenance-on',
    'production',
    'Turn maintenance mode on and drain requests',
    COMMAND,
  ),
  productionDeploy: step('production.deploy', 'production', 'Deploy the release to production', {
    ...CHANGES_PRODUCTION,
    ...COMMAND,
    usually: USUALLY.deploy,
  }),
  productionHealth: step('production.health', 'production', 'Production answers its health check with the release', {
    ...CHANGES_PRODUCTION,
    asksWhenUnknown: true,
    usually: USUALLY.check,
  }),
  productionLogs: step('production.logs', 'production', 'Production logs show no critical errors', CHANGES_PRODUCTION),
  productionMigration: step(
    'production.migration',
    'production',
    'Migrate the production database',
    CHANGES_PRODUCTION,
  ),
  productionIndexes: step(
    'production.indexes',
    'production',
    'Production indexes are valid and used',
    CHANGES_PRODUCTION,
  ),
  maintenanceOff: step('production.maintenance-off', 'production', 'Turn maintenance mode off', {
    ...CHANGES_PRODUCTION,
    ...COMMAND,
  }),
  smoke: step('production.smoke', 'production', 'Smoke tests on production', {
    ...CHANGES_PRODUCTION,
    usually: USUALLY.check,
  }),
  restart: step('production.restart', 'production', 'Restart the service', {
    ...CHANGES_PRODUCTION,
    ...COMMAND,
    usually: USUALLY.check,
  }),
  databaseReview: step('watch.database', 'watch', 'Slow queries and locks in the database'),
  metricsReport: step('watch.report', 'watch', 'Metrics report', COMMAND),
  productionState: step('closing.state', 'closing', 'Production is what was promised'),
} as const satisfies Record<string, CataloguedStep>;

/** Steps that change production, or look at what was changed: what follows when one fails, the plan may say. */
export const CHANGING = {
  deploy: STEPS.productionDeploy,
  health: STEPS.productionHealth,
  logs: STEPS.productionLogs,
  migration: STEPS.productionMigration,
  indexes: STEPS.productionIndexes,
  maintenanceOff: STEPS.maintenanceOff,
  smoke: STEPS.smoke,
  restart: STEPS.restart,
} as const satisfies Record<string, CataloguedStep>;

export type ChangingStep = keyof typeof CHANGING;
export const CHANGING_STEPS = Object.keys(CHANGING) as ChangingStep[];

/** What plans add: confirmations, load tests, watches, checks of their own. */
export const ADDED = {
  confirmation: { ...NATURE, work: 'wait', usually: 0 },
  loadTest: { ...NATURE, usually: USUALLY.load },
  watch: { ...NATURE, work: 'wait' },
  indexUse: { ...NATURE, work: 'look' },
  ownCheck: { ...NATURE, asksWhenUnknown: true },
} as const satisfies Record<string, StepNature>;

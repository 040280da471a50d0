/** The catalogue of steps: every unit of work of a deployment, with its place in the checklist. */

export const PHASES = ['prerequisites', 'staging', 'soak', 'approval', 'production', 'watch', 'closing'] as const;
export type Phase = (typeof PHASES)[number];

export interface StepDefinition {
  id: string;
  phase: Phase;
  /** Section of the checklist. */
  section: string;
  title: string;
}

const step = (id: string, phase: Phase, section: string, title: string): StepDefinition => ({
  id,
  phase,
  section,
  title,
});

/** Steps that are always there. Load tests, confirmations and watches add theirs from the plan. */
export const STEPS = {
  admission: step('admission', 'prerequisites', '', 'Check that this worker can carry out the plan'),
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
  stagingBackup: step('staging.backup', 'staging', '1.1', 'Back up the staging database'),
  stagingDeploy: step('staging.deploy', 'staging', '1.1', 'Deploy the release to staging'),
  stagingHealth: step('staging.health', 'staging', '1.1', 'Staging answers its health check with the release'),
  stagingLogs: step('staging.logs', 'staging', '1.1', 'Staging logs show no critical errors'),
  stagingMigration: step('staging.migration', 'staging', '1.2', 'Migrate the staging database'),
  reversibility: step(
    'staging.reversibility',
    'staging',
    'Rollback Plan',
    'Prove on staging that the migration can be undone',
  ),
  stagingIndexes: step('staging.indexes', 'staging', '1.3', 'Staging indexes are valid and used'),
  functional: step('staging.functional', 'staging', '1.4', 'Functional checks on staging'),
  swagger: step('staging.swagger', 'staging', '1.6', 'The API documentation works in a browser'),
  soak: step('soak', 'soak', '1.7', 'Staging runs for the soak'),
  proposal: step('proposal', 'approval', '2.1', 'Seal what is to be signed off'),
  signOffs: step('sign-offs', 'approval', '2.1', 'Sign-offs'),
  notices: step('preparation.notices', 'approval', '2.2', 'Tell those who have to know of the deployment'),
  alerts: step('preparation.alerts', 'approval', '2.2', 'Monitoring alerts are configured'),
  productionWindow: step('production.window', 'production', '2.2', 'Wait for the deploy window'),
  productionUnchanged: step('production.before', 'production', '3.1', 'Production is still as it was found'),
  productionBackup: step(
    'production.backup',
    'production',
    '3.1',
    'Back up the production database into the evidence store',
  ),
  maintenanceOn: step('production.maintenance-on', 'production', '3.2', 'Turn maintenance mode on and drain requests'),
  productionDeploy: step('production.deploy', 'production', '3.3', 'Deploy the release to production'),
  productionHealth: step(
    'production.health',
    'production',
    '3.3',
    'Production answers its health check with the release',
  ),
  productionLogs: step('production.logs', 'production', '3.3', 'Production logs show no critical errors'),
  productionMigration: step('production.migration', 'production', '3.4', 'Migrate the production database'),
  productionIndexes: step('production.indexes', 'production', '3.5', 'Production indexes are valid and used'),
  smoke: step('production.smoke', 'production', '3.6', 'Smoke tests on production'),
  maintenanceOff: step('production.maintenance-off', 'production', '3.7', 'Turn maintenance mode off'),
  restart: step('production.restart', 'production', '3.8', 'Restart the service'),
  databaseReview: step('watch.database', 'watch', '4.2', 'Slow queries and locks after the first hour'),
  metricsReport: step('watch.report', 'watch', '4.3', 'Metrics report of the last 24 hours'),
  productionState: step('closing.state', 'closing', '', 'Production is what was promised'),
} as const satisfies Record<string, StepDefinition>;

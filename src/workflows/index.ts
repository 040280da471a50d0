/** Every workflow type of the bundle. */
export { DeployWorkflow } from './deploy.js';
export { MonitorWorkflow } from './monitor.js';
export { RollbackCodeWorkflow, RollbackFullWorkflow, RollbackMigrationWorkflow } from './rollback.js';

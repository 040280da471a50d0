/** Every workflow type of the bundle. */
export { DeployWorkflow } from './deploy.js';
export { MonitorWorkflow } from './monitor.js';
export { ReversibilityWorkflow } from './reversibility.js';
export {
  RollbackCodeWorkflow,
  RollbackFullWorkflow,
  RollbackMigrationWorkflow,
  RollbackRestoreWorkflow,
} from './rollback.js';

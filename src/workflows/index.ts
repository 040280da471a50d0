/** Every workflow type of the bundle. */
export { DeployWorkflow } from './deploy.js';
export { ReversibilityWorkflow } from './rollback/reversibility.js';
export {
  RollbackCodeWorkflow,
  RollbackFullWorkflow,
  RollbackMigrationWorkflow,
  RollbackRestoreWorkflow,
} from './rollback/rollback.js';
export { MonitorWorkflow } from './watch/watch.js';
export { WatchdogWorkflow } from './watchdog.js';

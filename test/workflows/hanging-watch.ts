/** A deployment whose watch never comes to its end, as one whose workflow task fails for ever. */
import { condition } from '@temporalio/workflow';

export { DeployWorkflow } from './one-watch.js';

export const MonitorWorkflow = (): Promise<void> => condition(() => false);

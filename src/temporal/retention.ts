import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { Connected } from './connection.js';

/** For how long the namespace keeps what has ended, milliseconds; undefined where the server does not say it. */
export async function retentionOf({
  connection,
  namespace,
}: Pick<Connected, 'connection' | 'namespace'>): Promise<number | undefined> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  return optionalTsToMs(config?.workflowExecutionRetentionTtl) || undefined;
}

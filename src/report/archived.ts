/** The report that an archive holds itself: made from nothing but the archive, which is thereby known to be readable. */
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { type Archived, gatherArchived } from './history/archive.js';
import { makeReport } from './make.js';

/** @returns the page, with links from where the archive has it */
export async function reportOfArchive({ client, ...archived }: Archived & { client: Client }): Promise<string> {
  const { index, store } = archived;
  const gathered = await gatherArchived(archived, client.options.loadedDataConverter);
  const out = join(store, index.deployment, index.ledger.path, '..', 'report.html');
  return (await makeReport(gathered, { format: 'html', out })).text;
}

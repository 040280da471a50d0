/** The demo's deployment told, beside its state: a page, and the checklist filled in. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { clientEncryption } from '../encryption/data-converter.js';
import { writeAtomically } from '../local/folders.js';
import { gather } from '../report/history/gather.js';
import { makeReport } from '../report/make.js';
import { findRun } from '../temporal/deployments.js';

/** Paths of files. */
export interface DemoReport {
  html: string;
  checklist: string;
}

/** @param run a run whose server is still up */
export async function writeDemoReport(run: {
  address: string;
  namespace: string;
  workflowId: string;
  runId: string;
  home: string;
}): Promise<DemoReport> {
  const { address, namespace, home } = run;
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection, namespace, ...clientEncryption('throw') });
    const connected = { client, connection, address, namespace };
    const found = await findRun(connected, run);
    if (!found) throw new Error(`${address} does not know the run ${run.runId}`);
    const gathered = await gather(connected, found);
    const report = { html: join(home, 'report.html'), checklist: join(home, 'checklist.md') };
    for (const [format, out] of [
      ['html', report.html],
      ['checklist', report.checklist],
    ] as const) {
      await writeAtomically(out, (await makeReport(gathered, { format, out })).text);
    }
    return report;
  } finally {
    await connection.close();
  }
}

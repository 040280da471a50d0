import { sleep } from '@temporalio/workflow';

/** Only where the server skips time does a child's run ahead of its parent's; in real time there is nothing to wait for. */
export async function catchUp(endedAt: number, child: string): Promise<void> {
  if (endedAt > Date.now()) await sleep(endedAt - Date.now(), { summary: `Catch up with ${child}` });
}

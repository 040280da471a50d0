import { proxyActivities, sleep } from '@temporalio/workflow';

const { note } = proxyActivities<{ note(tick: number): Promise<number> }>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '20s',
});

/** Sleeps and calls an activity, `ticks` times; gives the milliseconds that passed by the workflow's own clock. */
export async function ticking(ticks: number, everyMilliseconds: number): Promise<number> {
  const begin = Date.now();
  for (let tick = 0; tick < ticks; tick++) {
    await sleep(everyMilliseconds);
    await note(tick);
  }
  return Date.now() - begin;
}

/** A workflow that lets itself go on again and again within each of two moments. */
import { condition, sleep } from '@temporalio/workflow';
import { showWhenAsked } from '../../../src/workflows/common/details.js';
import { Publisher } from '../../../src/workflows/common/published.js';

export async function moments(): Promise<{ rendered: number }> {
  const ledger = { changes: 0 };
  const publisher = new Publisher(() => ledger);
  let rendered = 0;
  showWhenAsked(() => {
    rendered += 1;
    return `${ledger.changes} changes`;
  });
  const change = () => {
    ledger.changes += 1;
    publisher.changed();
  };
  for (const before of [0, 5]) {
    for (const more of [1, 2, 3, 4]) void condition(() => ledger.changes >= before + more).then(change);
    change();
    await sleep(10);
  }
  return { rendered };
}

import { availableParallelism, loadavg } from 'node:os';

/** On a machine that has other work, the figures are of that work. */
export function warnOfLoad(): void {
  const [load = 0] = loadavg();
  if (load < availableParallelism() / 2) return;
  console.error(
    `The machine is busy (load ${load.toFixed(1)} on ${availableParallelism()} processors): bounds may be missed.`,
  );
}

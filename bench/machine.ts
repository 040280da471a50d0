import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** On a machine that has other work, the figures are of that work. */
export function warnOfLoad(): void {
  const [load = 0] = loadavg();
  if (load < availableParallelism() / 2) return;
  console.error(
    `The machine is busy (load ${load.toFixed(1)} on ${availableParallelism()} processors): bounds may be missed.`,
  );
}

/** What figures are of, in words. */
export function machine(): string {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  const [load = 0] = loadavg();
  return `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}, ${gigabytes} GB, Node ${process.version}, load ${load.toFixed(1)}`;
}

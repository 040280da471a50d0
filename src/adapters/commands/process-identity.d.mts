/**
 * Says which process a pid stands for: boot and start time, so that a pid given to another process is noticed.
 * @returns undefined when no such process runs (a zombie has ended)
 */
export function processIdentity(pid: number): string | undefined;

/** Where pids mean the same processes: one boot of one machine, and one container of it. Undefined where nothing tells. */
export function processPlace(): string | undefined;

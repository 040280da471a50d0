/** Deployments that a forge shows: of one that is ended from outside nobody else would tell it. Pure. */
import type { WorkflowRun } from './seen.js';

export interface Shown {
  run: WorkflowRun;
  /** When it was first seen to be over, by the server's clock, epoch milliseconds. */
  goneSince?: number;
}

/** By deployment. */
export type ShownDeployments = Readonly<Record<string, Shown>>;

/** A forge that cannot be told is tried for this long, milliseconds. */
const TRIED_FOR = 60 * 60_000;

/**
 * One look.
 * @param open those that a forge shows and that go on
 * @returns all that are to be looked for again, and those of them that do not seem to go on any more
 */
export function lookForShown(
  before: ShownDeployments,
  open: ReadonlyMap<string, WorkflowRun>,
  now: number,
): { shown: ShownDeployments; gone: string[] } {
  const goesOn = Object.fromEntries([...open].map(([deployment, run]) => [deployment, { run }]));
  const over = Object.entries(before).flatMap(([deployment, { run, goneSince = now }]) =>
    open.has(deployment) || now - goneSince >= TRIED_FOR ? [] : [[deployment, { run, goneSince }] as const],
  );
  return { shown: { ...goesOn, ...Object.fromEntries(over) }, gone: over.map(([deployment]) => deployment) };
}

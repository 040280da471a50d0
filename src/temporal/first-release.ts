/** What a worker does about its own build when it starts: where nobody is current yet, nothing can be running elsewhere. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Builds, deploymentsOf, makeCurrent, readBuilds, runningOn, type TemporalNamespace } from './builds.js';
import { innermost } from './errors.js';

/** How long the server may take to know a worker that has just begun to ask, milliseconds. */
const KNOWN_WITHIN = 60_000;
const LOOK_EVERY = 500;

export interface FirstRelease {
  build: string;
  /** Whether it takes the place of another build, too: nobody else would release it. */
  always: boolean;
  tell: (level: 'info' | 'warn', text: string) => void;
  signal: AbortSignal;
}

/** Makes the build current where that is for its worker to do. Never throws: a worker serves what is pinned to it anyway. */
export async function releaseFirst(
  server: TemporalNamespace,
  { build, always, tell, signal }: FirstRelease,
): Promise<void> {
  const deadline = Date.now() + KNOWN_WITHIN;
  let failure: unknown;
  while (!signal.aborted && Date.now() < deadline) {
    try {
      const builds = await readBuilds(server);
      const next = nextStep(builds, { build, always });
      if (next === 'nothing') return;
      if (next === 'stay') return tell('info', waitsText(build, builds.current ?? ''));
      if (next === 'release') {
        const unpinned = deploymentsOf(await runningOn(server, null));
        if (unpinned.length > 0) return tell('warn', unpinnedText(build, unpinned));
        await makeCurrent(server, build, builds.token);
        const place = builds.current === undefined ? '' : ` in place of ${builds.current}`;
        return tell('info', `build ${build} is current from now on${place}: deployments begin on it`);
      }
    } catch (error) {
      failure = error;
    }
    await pause(LOOK_EVERY, undefined, { signal }).catch(() => {});
  }
  if (signal.aborted) return;
  const why = failure === undefined ? 'the server has not seen it yet' : innermost(failure);
  tell('warn', `build ${build} could not be made current (${why}): \`surefoot release ${build}\` does it`);
}

/** Pure. `look`: the server does not know the build yet. */
export function nextStep(
  { current, builds }: Builds,
  { build, always }: { build: string; always: boolean },
): 'nothing' | 'stay' | 'release' | 'look' {
  if (current === build) return 'nothing';
  if (current !== undefined && !always) return 'stay';
  return builds.some(({ id }) => id === build) ? 'release' : 'look';
}

const waitsText = (build: string, current: string): string =>
  `build ${build} carries out what is pinned to it; deployments begin on ${current} until \`surefoot release ${build}\``;

/** Released, it would carry them on with other code from one task to the next. */
export const unpinnedText = (build: string, deployments: readonly string[]): string =>
  `build ${build} is not made current: ${deployments.join(', ')} began under a Surefoot without builds and would be ` +
  `carried on by it; keep the worker of then until they have ended, then \`surefoot release ${build}\``;

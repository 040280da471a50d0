/** A build takes a deployment over, part by part: it is looked at, pinned, and looked at again until all of it is there. */
import type { RunningWorkflow } from '../../../temporal/builds.js';
import { innermost } from '../../../temporal/errors.js';

/** What is looked at and changed: the server, and the code of the build. */
export interface Ground {
  /** All that runs of the deployment now, itself first: what it begins once it is pinned begins there, too. */
  look(): Promise<RunningWorkflow[]>;
  /** What the build's code would have decided otherwise in what this part has done; undefined where there is nothing. */
  misfitOf(part: RunningWorkflow): Promise<string | undefined>;
  /** @param build undefined: whichever it began on */
  pin(part: RunningWorkflow, build: string | undefined): Promise<void>;
}

export interface LeftPart {
  part: RunningWorkflow;
  why: string;
}

export interface Takeover {
  /** What is on the build by now, and was on another one. */
  moved: RunningWorkflow[];
  /** What the build would have decided otherwise. */
  misfits: LeftPart[];
  /** What else is on another build all the same. */
  left: LeftPart[];
  /** It could not be looked at again: what has come of those that were to be moved is not known, and why. */
  unseen?: { parts: RunningWorkflow[]; why: string };
}

/** What was to be moved, by its run: as it was before, and what there is to say if it stays there. */
type Tried = Map<string, LeftPart>;

/**
 * Nothing is pinned before all of it fits. In the moment between, the former workers may do something more, or begin
 * another part: so it is looked at again, what came later is pinned as well, and what does not fit any more is given back.
 * @throws what the first look met: then nothing was changed
 */
export async function takeOver(build: string, ground: Ground): Promise<Takeover> {
  const tried: Tried = new Map();
  for (;;) {
    let seen: { parts: RunningWorkflow[]; misfits: LeftPart[] };
    try {
      seen = await see(ground);
    } catch (error) {
      if (tried.size === 0) throw error;
      const parts = [...tried.values()].map(({ part }) => part);
      return { moved: [], misfits: [], left: [], unseen: { parts, why: innermost(error) } };
    }
    const { parts, misfits } = seen;
    const others = parts.filter((part) => part.build !== build);
    const isTriedInVain = others.some(({ runId }) => tried.has(runId));
    if (misfits.length === 0 && others.length > 0 && !isTriedInVain) {
      for (const part of others) tried.set(part.runId, { part, why: await outcomeOf(ground.pin(part, build)) });
      continue;
    }
    const isMisfit = ({ runId }: RunningWorkflow) => misfits.some(({ part }) => part.runId === runId);
    const wasElsewhere = ({ workflowId }: RunningWorkflow) =>
      [...tried.values()].some(({ part }) => part.workflowId === workflowId);
    return {
      moved: parts.filter((part) => part.build === build && wasElsewhere(part) && !isMisfit(part)),
      misfits: await Promise.all(misfits.map((misfit) => giveBack(ground, { misfit, tried }))),
      left: others
        .filter((part) => !isMisfit(part))
        .map((part) => ({ part, why: tried.get(part.runId)?.why ?? 'it was not tried any more' })),
    };
  }
}

async function see(ground: Ground): Promise<{ parts: RunningWorkflow[]; misfits: LeftPart[] }> {
  const parts = await ground.look();
  const misfits: LeftPart[] = [];
  for (const part of parts) {
    const why = await ground.misfitOf(part);
    if (why !== undefined) misfits.push({ part, why });
  }
  return { parts, misfits };
}

/** One that has ended meanwhile, or goes on as a new run, is refused too: it is not there any more at the next look. */
const outcomeOf = (pinning: Promise<void>): Promise<string> =>
  pinning.then(() => 'the server has taken it, and it stays where it is', innermost);

/** The build cannot have carried out anything of it. */
async function giveBack(
  ground: Ground,
  { misfit: { part, why }, tried }: { misfit: LeftPart; tried: Tried },
): Promise<LeftPart> {
  const before = tried.get(part.runId)?.part;
  if (before === undefined || before.build === part.build) return { part, why };
  const to = before.build === undefined ? 'where it was' : `to build ${before.build}`;
  return ground.pin(part, before.build).then(
    () => ({ part: before, why: `${why}; it was given back ${to}` }),
    (error: unknown) => ({ part, why: `${why}; it could not be given back ${to}: ${innermost(error)}` }),
  );
}

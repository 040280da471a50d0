/** Each moment of a path is a kill, and several kills are one run: whatever is lost, doubled or ends otherwise is told. */
import { join } from 'node:path';
import { type Damage, damageOf } from './journal.js';
import { type Path, RELEASE, REVISIONS } from './plan.js';
import { type Kill, Lane, type Moments, type Run, type Victim } from './run.js';
import { grouped, ownOf, partOf, spread } from './spread.js';
import { isTrouble, type Trouble } from './troubles.js';

export interface SweepOptions {
  paths: Path[];
  victims: (Victim | Trouble)[];
  /** No more than so many moments of each path and victim, evenly spread; all of them where it is left out. */
  sample?: number;
  /** Only the nth of so many parts of the moments. */
  shard?: { nth: number; of: number };
  /** Runs at the same time: nearly all of a run is waiting until somebody's death is noticed. */
  lanes: number;
  progress?: (text: string) => void;
}

/** One row of the table. */
export interface Row extends Damage {
  path: Path;
  who: Victim | Trouble;
  /** Moments in the undisturbed run, those of them that are the happy path's and swept there, and those that were chosen. */
  moments: number;
  shared: number;
  chosen: number;
  /** Kills that took place. */
  swept: number;
  runs: number;
  /** Events in the histories of the undisturbed run. */
  events: number;
  /** Moments that never came again, although they were tried alone too. */
  missed: string[];
  /** Runs that ended otherwise than the undisturbed one, or not at all. */
  endings: string[];
  /** Runs that trouble has led another way, to an end that is what production is left in: no fault. */
  otherwise: string[];
  seconds: number;
}

/** Kills in one run; more of them disturb each other's moments. */
const KILLS_IN_A_RUN = { worker: 8, recorder: 3, both: 3 };
const TROUBLES_IN_A_RUN = 2;
/** Tries of a moment that did not come because an earlier kill of its run has moved it. */
const TRIES = 3;

export const isClean = ({ lost, doubled, overlapping, endings, missed }: Row): boolean =>
  [lost, doubled, overlapping, endings, missed].every(({ length }) => length === 0);

/** @param folder for everything that the sweep makes */
export async function sweep(folder: string, options: SweepOptions): Promise<Row[]> {
  const lanes: Lane[] = [];
  const stop = () => Promise.allSettled(lanes.map((lane) => lane.stop()));
  // Servers outlive whoever has started them.
  const stopped = () => void stop().then(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopped);
  try {
    for (let index = 0; index < options.lanes; index++) {
      lanes.push(await Lane.start(join(folder, `lane-${index}`)));
    }
    const [first] = lanes;
    if (!first) throw new Error('there is no lane');
    const rows: Row[] = [];
    const happy = await first.run('happy', []);
    for (const path of options.paths) {
      const undisturbed = path === 'happy' ? happy : await first.run(path, []);
      const own = ownMoments(undisturbed, happy);
      for (const who of options.victims) rows.push(await sweepOne(lanes, { path, who, undisturbed, own, ...options }));
    }
    return rows;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stopped);
    await stop();
  }
}

/** A rollback has the history of the happy path until production is seen broken: each of its events is swept once. */
function ownMoments({ moments, beforeBreach }: Run, happy: Run): Moments {
  if (!beforeBreach) return moments;
  const own = (whose: keyof Moments) =>
    ownOf(moments[whose], { breach: beforeBreach[whose], happy: happy.moments[whose] });
  return { ofWorker: own('ofWorker'), ofRecorder: own('ofRecorder') };
}

type One = Pick<SweepOptions, 'sample' | 'shard' | 'progress'> & {
  path: Path;
  who: Victim | Trouble;
  undisturbed: Run;
  own: Moments;
};

function momentsFor(who: One['who'], { ofWorker, ofRecorder }: Moments): string[] {
  if (isTrouble(who)) return ofWorker.filter((moment) => moment.endsWith(' given'));
  return who === 'worker' ? [...ofWorker, ...ofRecorder] : ofRecorder;
}

async function sweepOne(lanes: Lane[], { path, who, undisturbed, own, ...options }: One): Promise<Row> {
  const moments = momentsFor(who, undisturbed.moments).length;
  const its = momentsFor(who, own);
  const part = options.shard ? partOf(its, options.shard) : its;
  const chosen = spread(part, options.sample ?? part.length);
  const began = performance.now();
  const row: Row = {
    ...{ path, who, moments, shared: moments - its.length, chosen: chosen.length, swept: 0, runs: 0 },
    events: undisturbed.events,
    ...{ lost: [], doubled: [], overlapping: [], endings: [], otherwise: [], missed: [], seconds: 0 },
  };
  let groups = grouped(chosen, isTrouble(who) ? TROUBLES_IN_A_RUN : KILLS_IN_A_RUN[who]);
  for (let tries = 1; groups.length > 0; tries++) {
    const missed: string[] = [];
    const waiting = [...groups];
    await Promise.all(
      lanes.map(async (lane) => {
        for (let group = waiting.shift(); group; group = waiting.shift()) {
          const kills = group.map((moment): Kill => ({ moment, who }));
          const fired = await runGroup(lane, { path, kills, undisturbed, row });
          missed.push(...group.filter((moment) => !fired.includes(moment)));
          const seconds = Math.round((performance.now() - began) / 1_000);
          options.progress?.(
            `${seconds} s: ${path}, ${who}: ${row.swept} of ${row.chosen} swept, ${waiting.length} runs to go`,
          );
        }
      }),
    );
    if (tries === TRIES) {
      row.missed = missed;
      break;
    }
    groups = missed.map((moment) => [moment]);
  }
  row.seconds = Math.round((performance.now() - began) / 1_000);
  return row;
}

async function runGroup(
  lane: Lane,
  { path, kills, undisturbed, row }: Pick<One, 'path' | 'undisturbed'> & { kills: Kill[]; row: Row },
): Promise<string[]> {
  const about = (text: string) => `${text} [at ${kills.map(({ moment }) => moment).join('; ')}]`;
  row.runs += 1;
  try {
    const run = await lane.run(path, kills);
    const isSame = JSON.stringify(run.ending) === JSON.stringify(undisturbed.ending);
    const isAnotherWay = !isSame || stepsNotPassed(run) !== stepsNotPassed(undisturbed);
    const mayDiffer = isAnotherWay && isTrouble(row.who) && isSound(run.ending);
    const damage = mayDiffer
      ? damageOf([], run.journal, 'anew')
      : damageOf(undisturbed.journal, run.journal, run.answered);
    for (const kind of ['lost', 'doubled', 'overlapping'] as const) row[kind].push(...damage[kind].map(about));
    const why = run.troubles.map((trouble) => `${trouble.step}: ${trouble.why}`).join('; ');
    const ending = about(`${JSON.stringify(run.ending)}: ${why}`);
    if (mayDiffer) row.otherwise.push(ending);
    else if (!isSame) row.endings.push(ending);
    // Nobody has to be asked because a worker died.
    if (row.who === 'worker') row.endings.push(...run.questions.map((text) => about(`asked: ${text}`)));
    row.swept += run.fired.length;
    return run.fired.map(({ moment }) => moment);
  } catch (error) {
    row.endings.push(about(String(error)));
    return kills.map(({ moment }) => moment);
  }
}

const stepsNotPassed = ({ troubles }: Run): string => troubles.map(({ step }) => step).join();

/** A check of a service that does not answer has failed, and what follows that is the plan's: production is as it says. */
export function isSound({ outcome, option, version, revision, maintenance }: Run['ending']): boolean {
  const isNew = { code: version === RELEASE.target, schema: revision === REVISIONS.head };
  if (outcome === 'rollback-failed') return maintenance === 'on';
  if (maintenance !== 'off') return false;
  if (outcome === 'succeeded') return isNew.code && isNew.schema;
  if (outcome !== 'rolled-back') return !isNew.code && !isNew.schema;
  return (option === 'migration' || !isNew.code) && (option === 'code' || !isNew.schema);
}

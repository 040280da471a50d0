/** Monitors of a simulated world: what they are given at each tick, and what they make of it. */

import { GUARD } from '../../contract/names.js';
import { type Metric, MOST_VALUES } from '../../contract/plan/metrics.js';
import { needed, watchesOf } from '../../contract/plan/parts.js';
import type { Watch } from '../../contract/plan/watch.js';
import { secondPlacesOf } from '../../contract/second-places.js';
import { rounded } from '../../domain/rounded.js';
import { type Criterion, readSample, type Sample, sampleOf } from '../../domain/watch/criteria.js';
import { judgeSilence } from '../../domain/watch/silence.js';
import { type Curve, type CurveMoment, type CurveReading, latenessOf, readCurve } from '../scenario/curves.js';
import type { People } from './people.js';
import type { World } from './world.js';

/** One monitor's workflow. */
export interface SimulatedWatch {
  watch: Watch;
  isGuard: boolean;
  /** Its own clock when it began, and the rehearsal's. */
  startedAt: number;
  since: number;
  ticks: number;
  /** Up to when samples of each metric have been handed out, since its start. */
  given: Map<string, number>;
  /** The last of them. */
  last: Record<string, Sample[]>;
  series: Map<string, Sample[]>;
  breaching: Map<string, number>;
}

interface SampleQuery {
  monitor: string;
  workflowId: string;
  at: number;
  since: Record<string, number>;
  metrics: Metric[];
}

/** Breaches of one criterion that the journal tells of; a flapping metric has more. */
const MOST_TOLD = 3;

export class SimulatedWatching {
  private readonly monitors = new Map<string, SimulatedWatch>();
  /** The watch that has begun last. */
  private lastWatch: SimulatedWatch | undefined;

  constructor(
    private readonly world: World,
    private readonly people: People,
  ) {}

  isMonitor = (workflowId: string): boolean => this.monitors.has(workflowId);

  monitor = (workflowId: string): SimulatedWatch | undefined => this.monitors.get(workflowId);

  all = (): [string, SimulatedWatch][] => [...this.monitors];

  async sample(asked: SampleQuery): Promise<Record<string, Sample[]>> {
    const monitor = this.monitors.get(asked.workflowId) ?? this.begin(asked);
    if (!monitor) return this.sampleOnce(asked);
    const { world } = this;
    const nothing = Object.fromEntries(asked.metrics.map(({ name }) => [name, []]));
    if (isAgain(monitor, asked)) return monitor.last;
    // Nothing is left to watch: the monitor is about to hear of it, and its time stands still until then.
    if (world.isStopped || (monitor.isGuard && !(await this.isOnGuard(monitor)))) return nothing;
    monitor.ticks += 1;
    const due = dueOf(monitor, monitor.ticks);
    const own = monitor.since + due;
    world.clock.mark(monitor.startedAt + due, own);
    world.clock.reach(own);
    if (!monitor.isGuard) {
      world.journal.reached(monitor.watch.id, own);
      await world.tick(monitor.watch.id, { at: own, since: due });
    }
    await world.happen(own);
    // Whoever answers or stops meanwhile is heard by a deployment whose own clock stands still.
    if (monitor.isGuard && !this.people.isWaitedFor) world.clock.rebase(own);
    monitor.last = this.hand(monitor, asked.metrics, due);
    this.note(monitor, monitor.last);
    return monitor.last;
  }

  /** The samples of a watch for its trends, from one time of its own to another. */
  series(watch: string, { from, to }: { from: number; to: number }): Map<string, Sample[]> {
    const monitor = [...this.monitors.values()].findLast(
      (one) => one.watch.id === watch && !one.isGuard && one.startedAt <= to,
    );
    const within = ({ at }: Sample) => at >= from && at <= to;
    return new Map([...(monitor?.series ?? [])].map(([name, samples]) => [name, samples.filter(within)]));
  }

  /** What a metric says at a time of a monitor, since its start. */
  read({ watch, since }: SimulatedWatch, metric: string, due: number): CurveReading {
    const curve = this.curve(metric);
    return readCurve(curve, this.moment(watch, since, since + due));
  }

  private begin({ monitor: id, workflowId, at, since, metrics }: SampleQuery): SimulatedWatch | undefined {
    const isGuard = id === GUARD;
    const watch = isGuard ? this.guarded() : watchesOf(this.world.plan).find((candidate) => candidate.id === id);
    if (!watch) return undefined;
    const startedAt = Math.min(at, ...metrics.map(({ name }) => since[name] ?? at));
    const monitor: SimulatedWatch = {
      watch,
      isGuard,
      startedAt,
      since: Math.max(this.world.clock.at(startedAt), this.world.clock.latest),
      ticks: 0,
      given: new Map(),
      last: {},
      series: new Map(),
      breaching: new Map(),
    };
    this.monitors.set(workflowId, monitor);
    if (!isGuard) this.lastWatch = monitor;
    return monitor;
  }

  /** What a guard watches by: the watch of production that has begun last, or the first, before any has. */
  private guarded(): Watch | undefined {
    const last = this.lastWatch?.watch;
    return last?.environment === 'production' ? last : this.world.plan.watches[0];
  }

  /** A guard stands as long as people are waited for. */
  private async isOnGuard(monitor: SimulatedWatch): Promise<boolean> {
    await this.people.hasHeard(monitor.since);
    await this.people.settled();
    return this.people.isWaitedFor;
  }

  /** Every sample that has come since the last tick, each with its own time. */
  private hand(monitor: SimulatedWatch, metrics: Metric[], due: number): Record<string, Sample[]> {
    return Object.fromEntries(
      metrics.map((metric) => {
        const samples = this.handOne(monitor, metric, due);
        this.world.samples += samples.length;
        const series = monitor.series.get(metric.name) ?? [];
        monitor.series.set(metric.name, series);
        series.push(...samples);
        return [metric.name, samples];
      }),
    );
  }

  private handOne({ watch, since, startedAt, given }: SimulatedWatch, metric: Metric, due: number): Sample[] {
    const place = (own: number) => this.moment(watch, since, since + own);
    const curve = this.curve(metric.name);
    const now = readCurve(curve, place(due));
    const keepsHistory = 'resolution' in metric.source;
    // What a source that keeps history could not be asked for, it still has when it is back.
    if (keepsHistory && ('error' in now || 'silence' in now)) return [this.sampleAt(startedAt + due, now, metric)];
    const then = keepsHistory ? withoutOutages(curve) : curve;
    const times = arrivals(metric, curve, { watch, given: given.get(metric.name) ?? 0, due, place });
    given.set(metric.name, due);
    return times.slice(-MOST_VALUES).map((own) => this.sampleAt(startedAt + own, readCurve(then, place(own)), metric));
  }

  /** Where the worker's own network is away, silence is what it hears of everything, as far as there is anything else. */
  private sampleAt(at: number, reading: CurveReading, { source }: Metric): Sample {
    if (!('silence' in reading)) return sampleAt(at, reading);
    const { silence: text } = reading;
    const environment = this.lastWatch?.watch.environment ?? 'production';
    const others = secondPlacesOf(this.world.plan, environment).map(({ title: place }) => ({ place, silent: text }));
    const silence = others.length > 0 ? { silence: judgeSilence(text, others) } : {};
    const isDown = source.kind === 'health' && source.read === 'down';
    return isDown ? { ...sampleOf(at, 1), ...silence } : { at, kind: 'error', message: text, ...silence };
  }

  /** A tick that belongs to no watch: the impact of a load test on users. */
  private sampleOnce({ at, metrics }: SampleQuery): Record<string, Sample[]> {
    const { world, lastWatch } = this;
    const own = Math.max(world.clock.at(at), world.clock.latest);
    world.samples += metrics.length;
    return Object.fromEntries(
      metrics.map((metric) => {
        const moment = this.moment(needed(lastWatch?.watch ?? world.plan.soak), lastWatch?.since ?? own, own);
        return [metric.name, [this.sampleAt(at, readCurve(this.curve(metric.name), moment), metric)]];
      }),
    );
  }

  private moment({ id, environment }: Watch, watchSince: number, at: number): CurveMoment {
    const { environments, dayAtStart } = this.world;
    const guarded = this.lastWatch?.watch.id === id ? this.lastWatch.since : watchSince;
    return {
      at,
      environment,
      watch: id,
      watchSince: guarded,
      deployedAt: environments[environment].deployedAt,
      dayAtStart,
    };
  }

  private curve(metric: string): Curve {
    return this.world.scenario.curves.get(metric) ?? { metric, normal: 0, pieces: [], seed: this.world.scenario.seed };
  }

  /** The journal tells when a criterion begins to be broken, and when it no longer is. */
  private note(monitor: SimulatedWatch, samples: Record<string, Sample[]>): void {
    for (const criterion of monitor.watch.criteria) {
      for (const sample of samples[criterion.metric] ?? []) this.noteOne(monitor, criterion, sample);
    }
  }

  private noteOne({ startedAt, since, breaching, watch }: SimulatedWatch, criterion: Criterion, sample: Sample): void {
    const reading = readSample(criterion, sample);
    const told = breaching.get(criterion.id) ?? 0;
    const isBreaching = told > 0;
    if (reading === 'unknown' || isBreaching === (reading === 'breached')) return;
    const times = Math.abs(told) + (isBreaching ? 0 : 1);
    breaching.set(criterion.id, isBreaching ? -times : times);
    if (times > MOST_TOLD) return;
    const at = since + sample.at - startedAt;
    const value = sample.kind === 'ok' ? `${rounded(sample.value)} ${criterion.unit}` : sample.kind;
    this.world.journal.add({
      at,
      what: isBreaching ? 'recovered' : 'breaching',
      text: `${watch.id}/${criterion.id}: ${value}${isBreaching ? '' : ` (breach: ${criterion.breach.comparison} ${criterion.breach.threshold} ${criterion.unit})`}`,
    });
  }
}

/** When a tick is due since the start: the last one of a watch may come early. */
function dueOf({ watch, isGuard }: SimulatedWatch, tick: number): number {
  const isLast = !isGuard && tick === Math.ceil(watch.duration / watch.tick);
  return isLast ? watch.duration : tick * watch.tick;
}

/** A tick is made again when its worker went away before its samples were in the history. */
function isAgain({ last }: SimulatedWatch, { since }: SampleQuery): boolean {
  return Object.entries(last).some(([name, samples]) => {
    const known = samples.findLast(({ kind }) => kind !== 'error');
    return known !== undefined && (since[name] ?? known.at) < known.at;
  });
}

interface Stretch {
  watch: Watch;
  /** Since the start of the watch: after the first, up to the second. */
  given: number;
  due: number;
  place: (own: number) => CurveMoment;
}

/** The own times, since the start of the watch, of the samples that arrive in a stretch. */
function arrivals({ source }: Metric, curve: Curve, { watch, given, due, place }: Stretch): number[] {
  const [every, delay] = 'resolution' in source ? [source.resolution, source.delay] : [watch.tick, 0];
  const latest = Math.max(0, ...curve.pieces.map(({ late = 0 }) => late)) + delay;
  // A source that tells the present tells it at every tick, also at the last one, which may come early.
  if (latest === 0 && every === watch.tick) return [due];
  const times: number[] = [];
  for (let own = Math.floor(due / every) * every; own > 0 && own + latest > given; own -= every) {
    const arrival = own + delay + latenessOf(curve, place(own));
    if (arrival > given && arrival <= due) times.unshift(own);
  }
  return times;
}

function sampleAt(at: number, reading: Exclude<CurveReading, { silence: string }>): Sample {
  if ('value' in reading) return sampleOf(at, reading.value);
  if ('noData' in reading) return { at, kind: 'noData', reason: reading.noData };
  return 'error' in reading ? { at, kind: 'error', message: reading.error } : { at, kind: 'notANumber' };
}

/** What a source has kept of the times in which it could not be asked. */
const withoutOutages = (curve: Curve): Curve => ({
  ...curve,
  pieces: curve.pieces.filter(({ providerError, network }) => providerError === undefined && !network),
});

/** Metrics of the simulated world: what a metric says at a moment. Pure: the same moment always says the same. */
import { type Comparison, compares } from '../../domain/watch/criteria.js';

/** A piece with its quantities in the metric's unit, times in milliseconds. At most one shape, and what is added to it. */
export interface Piece {
  in?: string;
  from?: number;
  for?: number;
  constant?: number;
  ramp?: { from: number; to: number; over: number };
  step?: { before: number; after: number; at: number };
  spike?: { base: number; to: number; lasts: number; every?: number };
  /** `peak`: the time of day. */
  diurnal?: { low: number; high: number; peak: number };
  leak?: { from: number; perHour: number };
  noData?: string;
  notANumber?: true;
  providerError?: string;
  /** The worker's own network is away. */
  network?: true;
  noise?: number;
  gaps?: { every: number; lasts: number };
  late?: number;
}

/** When a metric is looked at. Times are the rehearsal's own, milliseconds since its start. */
export interface CurveMoment {
  at: number;
  environment: 'staging' | 'production';
  /** The watch, and when it began. */
  watch: string;
  watchSince: number;
  /** When the release was deployed there. */
  deployedAt: number;
  /** The time of day at the start, milliseconds. */
  dayAtStart: number;
}

export type CurveReading =
  | { value: number }
  | { notANumber: true }
  | { noData: string }
  | { error: string }
  | { silence: string };

export interface Curve {
  metric: string;
  /** What it says where no piece applies. */
  normal: number;
  pieces: Piece[];
  seed: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function readCurve(curve: Curve, moment: CurveMoment): CurveReading {
  let reading: CurveReading = { value: curve.normal };
  let noise = 0;
  let gap = false;
  for (const piece of curve.pieces) {
    const since = sinceOf(piece, moment);
    if (since === undefined) continue;
    reading = shapeOf(piece, since, moment) ?? reading;
    noise = piece.noise ?? noise;
    // The gap is at the end of each round: a metric that has never been there is another matter.
    if (piece.gaps) gap = since % piece.gaps.every >= piece.gaps.every - piece.gaps.lasts;
  }
  if (gap) return { noData: 'a gap in the scenario' };
  if (noise === 0 || !('value' in reading)) return reading;
  return { value: Math.max(reading.value + noise * normalDeviate(`${curve.seed}/${curve.metric}/${moment.at}`), 0) };
}

/** How much later than its own time a sample of this moment comes, milliseconds. */
export function latenessOf({ pieces }: Curve, moment: CurveMoment): number {
  const late = pieces.findLast((piece) => piece.late !== undefined && sinceOf(piece, moment) !== undefined)?.late;
  return late ?? 0;
}

/** How long the piece has applied at this moment; undefined when it does not. */
function sinceOf(piece: Piece, { at, environment, watch, watchSince, deployedAt }: CurveMoment): number | undefined {
  if (piece.in !== undefined && piece.in !== watch && piece.in !== environment) return undefined;
  const origin = piece.in === watch ? watchSince : deployedAt;
  const since = at - origin - (piece.from ?? 0);
  if (since < 0 || (piece.for !== undefined && since >= piece.for)) return undefined;
  return since;
}

function shapeOf(piece: Piece, since: number, { at, dayAtStart }: CurveMoment): CurveReading | undefined {
  const { constant, ramp, step, spike, diurnal, leak } = piece;
  if (constant !== undefined) return { value: constant };
  if (ramp) return { value: ramp.from + (ramp.to - ramp.from) * Math.min(since / ramp.over, 1) };
  if (step) return { value: since < step.at ? step.before : step.after };
  if (spike) {
    const round = spike.every === undefined ? since : since % spike.every;
    return { value: round < spike.lasts ? spike.to : spike.base };
  }
  if (diurnal) {
    const angle = ((dayAtStart + at - diurnal.peak) / DAY) * 2 * Math.PI;
    return { value: diurnal.low + ((diurnal.high - diurnal.low) * (1 + Math.cos(angle))) / 2 };
  }
  if (leak) return { value: leak.from + (leak.perHour * since) / HOUR };
  if (piece.noData !== undefined) return { noData: piece.noData };
  if (piece.notANumber) return { notANumber: true };
  if (piece.providerError !== undefined) return { error: piece.providerError };
  if (piece.network) return { silence: 'no answer within 5 s' };
  return undefined;
}

/** A deviate of the standard normal distribution, by the text alone (FNV-1a, then Box-Muller over mulberry32). */
export function normalDeviate(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  const draw = () => {
    hash = (hash + 0x6d2b79f5) | 0;
    let mixed = Math.imul(hash ^ (hash >>> 15), 1 | hash);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/** A rule's breach, as far as it bounds the metric. */
export interface Bound {
  comparison: Comparison;
  threshold: number;
}

/** A value that breaks none of these rules, well away from their thresholds where there is room. */
export function healthyValue(unit: string, bounds: readonly Bound[]): number {
  const most = Math.min(...bounds.filter(({ comparison }) => comparison.startsWith('>')).map(thresholdOf));
  const least = Math.max(...bounds.filter(({ comparison }) => comparison.startsWith('<')).map(thresholdOf));
  const isCounted = unit === 'count' || unit === '/min';
  const candidates = [
    ...(isCounted ? [0] : []),
    ...(Number.isFinite(most) && Number.isFinite(least) ? [(most + least) / 2] : []),
    ...(Number.isFinite(least) ? [unit === '%' ? (least + 100) / 2 : least * 2] : [most * 0.3]),
    ...(Number.isFinite(least) ? [least + 1] : [most - 1]),
  ];
  const isHealthy = (value: number) =>
    Number.isFinite(value) && !bounds.some(({ comparison, threshold }) => compares(value, comparison, threshold));
  return candidates.find(isHealthy) ?? 100;
}

const thresholdOf = ({ threshold }: Bound): number => threshold;

/** From values to places in a drawing, and the round values that its axes name. */

export interface Scale {
  (value: number): number;
  domain: readonly [number, number];
}

export function linear(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const span = domain[1] - domain[0] || 1;
  const place = (value: number) => range[0] + ((value - domain[0]) / span) * (range[1] - range[0]);
  return Object.assign(place, { domain });
}

export function logarithmic(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const inner = linear([Math.log10(domain[0]), Math.log10(domain[1])], range);
  return Object.assign((value: number) => inner(Math.log10(Math.max(value, domain[0]))), { domain });
}

/** About `count` values 1, 2 or 5 times a power of ten apart, from zero to the end. */
export function ticks(end: number, count = 4): number[] {
  if (!(end > 0)) return [0];
  const rough = end / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, index) => index * step);
}

const MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440].map((minutes) => minutes * 60_000);

/** Whole minutes, hours or days since the beginning, at most `count` of them. */
export function timeTicks([from, to]: readonly [number, number], count = 6): number[] {
  const step =
    MINUTES.find((each) => (to - from) / each <= count) ?? Math.ceil((to - from) / count / 86_400_000) * 86_400_000;
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

/** A place in a drawing, short. */
export const place = (value: number): string => String(Math.round(value * 10) / 10);

/** A value as people read it, with three figures or so. */
export function figureText(value: number): string {
  if (Math.abs(value) >= 1e15) return value > 0 ? '∞' : '−∞';
  const magnitude = Math.abs(value);
  const digits = magnitude >= 100 || value === 0 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  return String(Number(value.toFixed(digits)));
}

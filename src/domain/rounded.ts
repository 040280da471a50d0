/** A number as people are shown it: to two places. */
export const rounded = (value: number): number => Math.round(value * 100) / 100;

/** What a plot says, in whatever language; titles, rules and reasons stay in their own words. */
export interface PlotWords {
  noValue: string;
  /** @param greatest with its unit */
  values: (count: number, least: string, greatest: string) => string;
  during: (values: string, time: string) => string;
  without: (unknown: number, of: number, time: string) => string;
  beyond: (count: number) => string;
  limit: (title: string, rule: string) => string;
  breached: string;
  breachedAt: (time: string) => string;
  noSamples: string;
  noData: string;
  error: string;
  notANumber: string;
}

export const ENGLISH_PLOTS: PlotWords = {
  noValue: 'no value is known',
  values: (count, least, greatest) => `${count} values, ${least} to ${greatest}`,
  during: (values, time) => `${values} in ${time}`,
  without: (unknown, of, time) => `${unknown} of ${of} samples without a value (${time})`,
  beyond: (count) => `${count} values beyond a limit`,
  limit: (title, rule) => `${title} (breach: ${rule})`,
  breached: 'breached',
  breachedAt: (time) => `BREACHED at ${time}`,
  noSamples: 'no samples',
  noData: 'no data',
  error: 'error',
  notANumber: 'not a number',
};

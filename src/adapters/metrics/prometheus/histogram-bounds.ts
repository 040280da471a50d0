/** The buckets of the histogram behind a metric: what its quantiles can be at most. */
import type { Metric } from '../../../contract/plan/metrics.js';
import { patientRequests } from '../../http/patient-request.js';
import { secondsAs } from '../samples/readings.js';
import { prometheusBounds } from './prometheus.js';
import { scrape } from './scrape.js';
import { pageBounds } from './scrape-readings.js';

/**
 * The finite bucket bounds in the metric's unit, ascending; none for a metric that is no quantile of a histogram or one
 * that counts nothing yet. A query in Prometheus is taken to give its unit out of seconds, as its naming has it.
 * @throws NoAnswer or Error when the source cannot be asked
 */
export async function histogramBounds({ source, unit }: Metric, signal: AbortSignal): Promise<number[]> {
  const bounds = await boundsOf(source, signal);
  return bounds.map((seconds) => secondsAs(seconds, unit));
}

async function boundsOf(source: Metric['source'], signal: AbortSignal): Promise<number[]> {
  if (source.kind === 'prometheus' && source.query.includes('histogram_quantile')) {
    return prometheusBounds(source, patientRequests(signal));
  }
  if (source.kind === 'scrape' && 'quantile' in source.read) {
    return pageBounds(await scrape(source.url), source.read.quantile.histogram);
  }
  return [];
}

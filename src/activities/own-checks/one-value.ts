/** A criterion by one value of its metric, outside of any watch. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../../adapters/deadline.js';
import type { MetricReaders } from '../../adapters/metrics/metric-sources.js';
import type { Clock } from '../../contract/activities/step.js';
import { isRangeSource } from '../../contract/plan/metrics.js';
import type { OwnQuestionOf } from '../../contract/plan/own-checks.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, unknownFact } from '../../domain/evidence.js';
import { rounded } from '../../domain/rounded.js';
import { compares, reasonOf, ruleText, type Sample } from '../../domain/watch/criteria.js';

/** Between two looks at a source that could not be asked, milliseconds. */
const AGAIN = 2_000;
/** How far back a source with a history is asked: some of its values. */
const VALUES = 3;

/**
 * Rates are between two looks: a source that has none to compare with yet is looked at again when its window has passed. One
 * that cannot be asked is asked again as long as there is time.
 */
export async function lookAtMetric(
  readers: MetricReaders,
  { metric, criterion }: OwnQuestionOf<'metric'>,
  { clock, timeout, signal }: { clock: Clock; timeout: number; signal: AbortSignal },
): Promise<{ fact: Fact; sample?: Sample }> {
  const { source, name } = metric;
  const within = new Deadline(timeout);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  const look = async (): Promise<Sample | undefined> => {
    const at = Date.now();
    const back = isRangeSource(source) ? source.delay + VALUES * source.resolution : 0;
    const asked = { at, since: { [name]: at - back }, clock, baselines: {}, signal: limited };
    return (await readers.sample([metric], asked))[name]?.at(-1);
  };
  let sample: Sample | undefined;
  try {
    for (;;) {
      sample = await look();
      const pause = pauseAfter(sample, source.window);
      if (pause === undefined || pause >= within.left) break;
      await sleep(pause, undefined, { signal: limited });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!limited.aborted) throw error;
  }
  const rule = `breach: ${ruleText({ ...criterion, for: 0 }, '')}`;
  const told = (text: string) => `${criterion.title}: ${text} (${rule})`;
  if (sample?.kind === 'ok') {
    const { comparison, threshold } = criterion.breach;
    const ok = !compares(sample.value, comparison, threshold);
    return { fact: { name: criterion.id, ok, text: told(`${rounded(sample.value)} ${criterion.unit}`) }, sample };
  }
  const why = sample ? reasonOf(sample) : `no value within ${formatDuration(timeout)}`;
  return { fact: unknownFact(criterion.id, told(`not known: ${why}`)), sample };
}

/** How long until another look may say more; nothing when this one has said what there is. */
function pauseAfter(sample: Sample | undefined, window: number): number | undefined {
  if (sample === undefined || sample.kind === 'error') return AGAIN;
  return sample.kind === 'noData' ? window : undefined;
}

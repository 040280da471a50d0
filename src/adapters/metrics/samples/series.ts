/** The series of a monitor in the evidence store; what stands in it is `src/domain/watch/series.ts`. */
import type { EvidencePlace } from '../../../contract/activities/step.js';
import type { Sample } from '../../../domain/watch/criteria.js';
import { samplesIn, seriesLineAt, seriesPath } from '../../../domain/watch/series.js';
import { readText } from '../../../files/bounded-files.js';
import { evidenceFile } from '../../evidence/evidence-store.js';

export { readSeriesLine, seriesPath } from '../../../domain/watch/series.js';

/** Bytes. A day's watch of many metrics has some 10 MB. */
const LARGEST = 256_000_000;

/** One line, with the real time of the look. */
export const seriesLine = (at: number, samples: Record<string, Sample[]>): string =>
  seriesLineAt({ at, wall: Date.now() }, samples);

/** The samples of a monitor by metric, as {@link samplesIn}. A monitor without a tick has no samples. */
export async function readSeries(
  evidence: EvidencePlace,
  { monitor, from, to }: { monitor: string; from: number; to: number },
): Promise<Map<string, Sample[]>> {
  const text = await readText(evidenceFile(evidence, seriesPath(monitor)), LARGEST).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  return samplesIn(text, { from, to });
}

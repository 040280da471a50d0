/** A watch's samples, tick by tick. */
import type { SampleActivities } from '../../contract/activities/metrics.js';
import type { Authority } from '../../contract/envelope.js';
import { authorised } from './authorised.js';
import { isWorthAnotherTry, MOMENT } from './briefly.js';
import { briefSamples, slowSamples } from './policies.js';

type Request = Parameters<SampleActivities['sampleMetrics']>[0];

/** Asks sources that take longer than a moment by ordinary activities, until they are quick again. */
export class Sampler {
  private isSlow = false;

  /** @param authority by whose word it is read, as of now; nothing where the runner has no policy */
  constructor(private readonly authority: () => Authority | undefined) {}

  async sample(request: Request): ReturnType<SampleActivities['sampleMetrics']> {
    if (!this.isSlow) {
      try {
        return await authorised(briefSamples, this.authority()).sampleMetrics.executeWithOptions({}, [request]);
      } catch (error) {
        if (!isWorthAnotherTry(error)) throw error;
      }
    }
    const began = Date.now();
    const samples = await authorised(slowSamples, this.authority()).sampleMetrics.executeWithOptions(
      { summary: 'Sample sources that take longer' },
      [request],
    );
    // Tried locally first, each tick of such a source would ask it twice.
    this.isSlow = Date.now() - began > MOMENT;
    return samples;
  }
}

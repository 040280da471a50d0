/** A watch's samples, tick by tick. */
import type { SampleActivities } from '../../contract/activities/metrics.js';
import { isWorthAnotherTry, MOMENT } from './briefly.js';
import { briefSamples, slowSamples } from './policies.js';

type Request = Parameters<SampleActivities['sampleMetrics']>[0];

/** Asks sources that take longer than a moment by ordinary activities, until they are quick again. */
export class Sampler {
  private isSlow = false;

  async sample(request: Request): ReturnType<SampleActivities['sampleMetrics']> {
    if (!this.isSlow) {
      try {
        return await briefSamples.sampleMetrics.executeWithOptions({ summary: 'Sample what is watched' }, [request]);
      } catch (error) {
        if (!isWorthAnotherTry(error)) throw error;
      }
    }
    const began = Date.now();
    const samples = await slowSamples.sampleMetrics.executeWithOptions({ summary: 'Sample sources that take longer' }, [
      request,
    ]);
    // Tried locally first, each tick of such a source would ask it twice.
    this.isSlow = Date.now() - began > MOMENT;
    return samples;
  }
}

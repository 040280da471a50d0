/** A watch's samples, tick by tick. */
import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import type { SampleActivities } from '../../contract/activities/metrics.js';
import type { Authority } from '../../contract/envelope.js';
import { runnerOf } from '../../contract/names.js';
import { runsCommand } from '../../contract/plan/metrics.js';
import type { Sample } from '../../domain/watch/criteria.js';
import { authorised } from './authorised.js';
import { isWorthAnotherTry, MOMENT } from './briefly.js';
import { briefSamples, samplesOn, slowSamples } from './policies.js';

type Request = Parameters<SampleActivities['sampleMetrics']>[0];

interface Reader {
  /** The queue of the environment's own runner, where it has one. */
  ownRunner: string | undefined;
  /** By whose word it is read; nothing where the runner has no policy. */
  authority: Authority | undefined;
}

/** Asks sources that take longer than a moment by ordinary activities, until they are quick again. */
export class Sampler {
  private isSlow = false;

  /** @param reader who reads, as of now */
  constructor(private readonly reader: () => Reader) {}

  async sample(request: Request): ReturnType<SampleActivities['sampleMetrics']> {
    const { ownRunner, authority } = this.reader();
    if (ownRunner !== undefined) return sampleThere({ runner: ownRunner, authority }, request);
    if (!this.isSlow) {
      try {
        return await authorised(briefSamples, authority).sampleMetrics.executeWithOptions(
          { summary: 'Sample what is watched' },
          [request],
        );
      } catch (error) {
        if (!isWorthAnotherTry(error)) throw error;
      }
    }
    const began = Date.now();
    const samples = await authorised(slowSamples, authority).sampleMetrics.executeWithOptions(
      { summary: 'Sample sources that take longer' },
      [request],
    );
    // Tried locally first, each tick of such a source would ask it twice.
    this.isSlow = Date.now() - began > MOMENT;
    return samples;
  }
}

/**
 * Where nobody serves that runner, others see what takes none of its commands: production is not left alone with it. A
 * source whose secrets only that runner has says so itself.
 */
async function sampleThere(
  { runner, authority }: { runner: string; authority: Authority | undefined },
  request: Request,
): ReturnType<SampleActivities['sampleMetrics']> {
  try {
    const { sampleMetrics } = authorised(samplesOn(runner), authority);
    return await sampleMetrics.executeWithOptions({ summary: `Sample on runner ${runnerOf(runner)}` }, [request]);
  } catch (error) {
    const { cause } = error instanceof ActivityFailure ? error : {};
    if (!(cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START')) throw error;
  }
  const message = `nobody has served runner ${runnerOf(runner)}, which takes it`;
  const unseen: Sample = { at: request.at, kind: 'error', message, silence: { proven: false, text: message } };
  const { environment: _, ...asked } = request;
  const metrics = request.metrics.filter(({ source }) => !runsCommand(source));
  const seen =
    metrics.length === 0
      ? {}
      : await authorised(slowSamples, authority).sampleMetrics.executeWithOptions(
          { summary: 'Sample what takes no command' },
          [{ ...asked, metrics }],
        );
  return { ...Object.fromEntries(request.metrics.map(({ name }) => [name, [unseen]])), ...seen };
}

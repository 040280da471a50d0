/** `health`: what the application's health endpoint says. */
import { z } from 'zod';
import type { HealthReading } from '../../../contract/plan/application.js';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import { strict } from '../../core/basics.js';
import { common, type PlannedSource } from './source.js';

const schema = strict({
  ...common,
  source: z.literal('health').describe('The health endpoint'),
  read: z
    .enum(['restarts', 'down'])
    .describe('restarts: changes of `started_at` in the window; down: 1 while there is no answer 200'),
});

export const healthSource: PlannedSource<SourceOf<'health'>, typeof schema> = {
  schema,
  reading: ({ read }) => ({ reading: read, units: ['count'] }),
  fill: ({ window, read }, { resolution, place }) => ({
    kind: 'health',
    url: `${place.api}${resolution.sections.health?.path ?? ''}`,
    window,
    read,
    ...readAs(place.health),
  }),
};

/** Which commit runs is no matter of a metric: a command that tells it is not run at each tick. */
function readAs({ commit: _, ...reading }: HealthReading = {}): { as?: HealthReading } {
  return Object.keys(reading).some((key) => key !== 'tools') ? { as: reading } : {};
}

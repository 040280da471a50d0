/** `health`: what the application's health endpoint says. */
import { z } from 'zod';
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
    ...(place.health ? { as: place.health } : {}),
  }),
};

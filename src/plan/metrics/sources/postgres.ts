/** `postgres`: what the statistics of the environment's database say. */
import { z } from 'zod';
import type { PostgresReading, SourceOf } from '../../../contract/plan/metrics.js';
import { duration, oneOf, strict, table } from '../../core/basics.js';
import { COUNTED, common, type PlannedSource } from './source.js';

const postgresReading = oneOf({
  deadlocks: z.literal(true).describe('Deadlocks a minute, by pg_stat_database').optional(),
  blocked: strict({ longerThan: duration().describe('Shorter waits are not counted') })
    .describe('Sessions blocked by others for longer than this')
    .optional(),
  slowQueries: strict({ longerThan: duration().describe('Faster statements are not counted') })
    .describe('Statements whose mean time is above this')
    .optional(),
  lostRows: strict({ table: table().describe('The table') })
    .describe('Rows fewer than before the deployment')
    .optional(),
});

const schema = strict({
  ...common,
  source: z.literal('postgres').describe('The environment’s database'),
  read: postgresReading.describe('What is asked'),
});

export const postgresSource: PlannedSource<SourceOf<'postgres'>, typeof schema> = {
  schema,
  reading({ read }) {
    const reading = Object.keys(read)[0] ?? '';
    return { reading, units: reading === 'deadlocks' || reading === 'slowQueries' ? COUNTED : ['count'] };
  },
  fill: ({ window, read }, { place }) => ({
    kind: 'postgres',
    database: place.database,
    window,
    read: read as PostgresReading,
  }),
};

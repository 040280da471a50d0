/** `logs`: lines that the plan's `logs` command prints. */
import { z } from 'zod';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import { pattern, strict } from '../../core/basics.js';
import { COUNTED, common, type PlannedSource } from './source.js';

const schema = strict({
  ...common,
  source: z.literal('logs').describe('The output of the `logs` command'),
  pattern: pattern().optional().describe('Lines that count; `logs.critical` when left out'),
});

export const logsSource: PlannedSource<SourceOf<'logs'>, typeof schema> = {
  schema,
  reading: () => ({ reading: 'log lines', units: COUNTED }),
  fill(metric, { resolution, environment, place, around, missing }) {
    if (!around.logs && !resolution.has(['commands', 'logs'])) missing('commands.logs');
    const pattern = metric.pattern ?? resolution.sections.logs?.critical ?? '';
    const { variables } = place;
    return (
      around.logs && { kind: 'logs', command: around.logs, environment, variables, window: metric.window, pattern }
    );
  },
};

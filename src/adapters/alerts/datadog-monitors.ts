/** Datadog's monitors. */
import { z } from 'zod';
import type { FoundAlert } from '../../domain/watch/alerts.js';
import type { Comparison } from '../../domain/watch/criteria.js';
import { openDatadog } from '../cloud/datadog-api.js';
import { Unusable } from '../http/json-service.js';
import type { AlertPlace, AlertReading, AlertSource } from './alert-source.js';

/** Datadog's page size at most, and more pages than any organisation has. */
const PAGE = 100;
const MOST_PAGES = 200;

const monitors = z.array(
  z.object({
    name: z.string(),
    query: z.string(),
    draft_status: z.string().nullish(),
    options: z
      .object({
        thresholds: z.object({ critical: z.number().nullish() }).nullish(),
        silenced: z.record(z.string(), z.unknown()).nullish(),
      })
      .nullish(),
    matching_downtimes: z
      .array(z.object({ scope: z.array(z.string()).nullish(), start: z.number().nullish(), end: z.number().nullish() }))
      .nullish(),
  }),
);
type Monitor = z.infer<typeof monitors>[number];

export const datadogMonitors: AlertSource<'datadog'> = { read: readMonitors };

async function readMonitors({ place }: AlertPlace<'datadog'>, { ask }: AlertReading): Promise<FoundAlert[]> {
  const read = await openDatadog(place, ask);
  const found: FoundAlert[] = [];
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const some = await read(`/api/v1/monitor?page=${page}&page_size=${PAGE}&with_downtimes=true`, monitors);
    found.push(...some.map(fromMonitor));
    // A page with fewer is not the last for that: what may not be seen is left out of it.
    if (some.length === 0) return found;
  }
  throw new Unusable(`there are more than ${PAGE * MOST_PAGES} monitors`);
}

function fromMonitor(monitor: Monitor): FoundAlert {
  const { name, query, options } = monitor;
  const [, comparison, number] = /(>=|<=|>|<)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*$/.exec(query) ?? [];
  const threshold = options?.thresholds?.critical ?? Number(number ?? Number.NaN);
  const breach =
    comparison === undefined || Number.isNaN(threshold)
      ? { unread: 'its query does not end in a comparison' }
      : { comparison: comparison as Comparison, threshold };
  return { name, query, breach, off: mutedBy(monitor) };
}

/** Why a monitor would tell nobody now. A downtime of some of its groups leaves the others. */
function mutedBy({ draft_status, options, matching_downtimes }: Monitor): string | undefined {
  if (draft_status === 'draft') return 'it is a draft';
  if (options?.silenced && '*' in options.silenced) return 'it is muted';
  const now = Date.now() / 1_000;
  const running = (matching_downtimes ?? []).filter(
    ({ scope, start, end }) => (scope ?? ['*']).includes('*') && (start ?? 0) <= now && (end ?? Infinity) > now,
  );
  return running.length > 0 ? 'a downtime mutes it' : undefined;
}

/** How metrics went: from the evidence where it is on this machine, else as far as this view has seen it itself. */

import { watchedBy } from '../../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../../contract/plan/plan.js';
import type { Ledger } from '../../../domain/ledger/ledger.js';
import { samplesIn, seriesPath } from '../../../domain/watch/series.js';
import { evidenceFolder, readEvidence } from '../../../report/content/evidence.js';
import { latestWatch, type Observed } from '../../rendering/live/observed.js';
import type { RuleCurve } from '../../rendering/live/sparkline.js';

export interface Curves {
  curves: ReadonlyMap<string, RuleCurve>;
  curvesNote?: string;
}

/** @param own what stands for the series where that is not here */
export async function curvesOf(plan: ResolvedPlan, ledger: Ledger, own: Observed | undefined): Promise<Curves> {
  const record = latestWatch(ledger);
  const watch = record && watchedBy(plan, record.id);
  if (!record || !watch) return { curves: new Map() };
  const place = evidenceFolder(plan.evidence, ledger.deployment);
  const found = await readEvidence(place, seriesPath(record.id), undefined);
  const series =
    'unused' in found
      ? undefined
      : samplesIn(found.text, { from: record.startedAt, to: record.endedAt ?? Number.POSITIVE_INFINITY });
  const curves = watch.criteria.map(({ id, metric, breach }): [string, RuleCurve] => [
    id,
    { breach, samples: (series ? series.get(metric) : own?.samples.get(id)) ?? [] },
  ]);
  const curvesNote = 'unused' in found ? `Plotted since this view began: ${found.unused}` : undefined;
  return { curves: new Map(curves), ...(curvesNote === undefined ? {} : { curvesNote }) };
}

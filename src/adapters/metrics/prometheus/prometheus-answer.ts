/**
 * Whether an answer of a Prometheus-compatible API is whole. What could be had is given with status 200 where a part of
 * the store did not answer; `warnings` (Prometheus' remote reads, Thanos, Mimir) or `isPartial` (VictoriaMetrics) say so.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
 */
import { z } from 'zod';
import { excerptOf } from '../../evidence/excerpt.js';

const envelope = z.object({
  warnings: z.array(z.string()).nullish(),
  isPartial: z.boolean().nullish(),
});

/** Remarks on the query, which Prometheus 2.48 to 2.53 has among the warnings, and later ones as `infos`. */
const REMARK = /^PromQL info\b/;

/**
 * Why an answer cannot be taken for the whole; undefined when it can. PromQL's own warnings count: series were left out
 * (`bucket label is missing`, a mix of histograms and numbers), or the query is not what was meant.
 */
export function missingIn(body: unknown): string | undefined {
  const read = envelope.safeParse(body);
  if (!read.success) return 'what it says of its own completeness is not understood';
  const warnings = (read.data.warnings ?? []).filter((warning) => !REMARK.test(warning));
  if (warnings.length > 0) return excerptOf(warnings.join('; '));
  return read.data.isPartial ? 'isPartial: not every part of the store has answered' : undefined;
}

/** Alerting rules that a Prometheus has loaded. */
import { z } from 'zod';
import type { FoundAlert } from '../../domain/watch/alerts.js';
import { prometheusQuestion } from '../cloud/prometheus-api.js';
import { excerptOf } from '../evidence/excerpt.js';
import { readJson, Unusable } from '../http/json-service.js';
import { missingIn } from '../metrics/prometheus/prometheus-answer.js';
import type { AlertPlace, AlertReading, AlertSource } from './alert-source.js';
import { breachOf } from './prometheus-rules.js';

const rulesAnswer = z.looseObject({
  status: z.literal('success'),
  data: z.object({
    /** There are more groups. */
    groupNextToken: z.string().nullish(),
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({
            type: z.string(),
            name: z.string(),
            query: z.string(),
            health: z.string().nullish(),
            lastError: z.string().nullish(),
          }),
        ),
      }),
    ),
  }),
});

export const prometheusAlerts: AlertSource<'prometheus'> = { read: readRules };

async function readRules({ place }: AlertPlace<'prometheus'>, { ask }: AlertReading): Promise<FoundAlert[]> {
  const question = await prometheusQuestion(place, '/api/v1/rules?type=alert');
  const answer = await readJson(question, { ask, schema: rulesAnswer });
  const missing = missingIn(answer) ?? (answer.data.groupNextToken ? 'it has more groups of rules' : undefined);
  if (missing !== undefined) throw new Unusable(`only a part of the rules was listed (${missing})`);
  return answer.data.groups
    .flatMap(({ rules }) => rules)
    .filter(({ type }) => type === 'alerting')
    .map(({ name, query, health, lastError }): FoundAlert => {
      return { name, query, breach: breachOf(query), unproven: unevaluated(health, lastError) };
    });
}

/** Why nobody knows whether a rule can fire: only one that was evaluated without an error has shown it. */
function unevaluated(health: string | null | undefined, lastError: string | null | undefined): string | undefined {
  if (health === 'ok') return undefined;
  if (health === 'err') return `Prometheus cannot evaluate it (${excerptOf(lastError ?? '', 120)})`;
  if (health === 'unknown') return 'Prometheus has not evaluated it yet';
  return health ? `its health is "${excerptOf(health, 40)}"` : 'Prometheus does not tell whether it can evaluate it';
}

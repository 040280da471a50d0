/** Alerts in a file of Prometheus rules, of the checkout. */
import { parse } from 'yaml';
import { z } from 'zod';
import type { FoundAlert } from '../../domain/watch/alerts.js';
import { readText, whyUnread } from '../../files/bounded-files.js';
import { Unusable } from '../http/json-service.js';
import type { AlertSource } from './alert-source.js';
import { breachOf } from './prometheus-rules.js';

/** Bytes. */
const LARGEST = 4_000_000;

const fileOfRules = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string().optional(), expr: z.coerce.string() })) })),
});

export const rulesFile: AlertSource<'rules-file'> = { read: ({ file }) => readRulesFile(file), provesNone: true };

async function readRulesFile(file: string): Promise<FoundAlert[]> {
  const text = await readText(file, LARGEST).catch((error: unknown) => {
    throw new Unusable(`${file} cannot be read (${whyUnread(error)})`);
  });
  let content: unknown;
  try {
    content = parse(text);
  } catch {
    throw new Unusable(`${file} is no YAML`);
  }
  const rules = fileOfRules.safeParse(content);
  if (!rules.success)
    throw new Unusable(
      `${file} is no file of Prometheus rules (${rules.error.issues[0]?.path.join('.') || 'the whole'})`,
    );
  return rules.data.groups
    .flatMap((group) => group.rules)
    .flatMap(({ alert, expr }) => (alert === undefined ? [] : [{ name: alert, query: expr, breach: breachOf(expr) }]));
}

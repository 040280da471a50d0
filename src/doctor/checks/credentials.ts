/** Every reference to a secret can be resolved by this process. */
import { readSecret } from '../../adapters/evidence/secrets.js';
import { isSecretReference, type SecretReference } from '../../contract/plan/environment.js';
import { allOwnChecks } from '../../contract/plan/own-checks.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { STEPS } from '../../domain/steps.js';
import { channelsInUse } from './channels.js';
import type { Check, CheckContext } from './check.js';

/** The keys of resolved plans that hold references. */
const KEYS = ['password', 'token', 'apiKey', 'applicationKey', 'accessKeyId', 'secretAccessKey'];

/** A part of the plan, the step that needs it first, and which of its keys hold references: {@link KEYS} if it does not say. */
type Section = [content: unknown, step: string, holds?: (key: string) => boolean];

/** Each reference once, with the step that needs it first. */
export function secretReferences(plan: ResolvedPlan): { reference: string; step: string }[] {
  const { environments, backup, review, access, alerts, soak, watches, notifications, forge } = plan;
  // Each kind of channel has keys of its own.
  const channels = channelsInUse(notifications).map(({ channel, step }): Section => [channel, step, () => true]);
  // In the order in which a deployment comes to them, so that the first is the one that counts.
  const sections: Section[] = [
    ...channels.filter(([, step]) => step === STEPS.admission.id),
    [forge, STEPS.admission.id],
    [review, STEPS.review.id],
    [access, STEPS.access.id],
    [environments, STEPS.staging.id],
    [backup, STEPS.stagingBackup.id],
    [soak, STEPS.soak.id],
    [alerts, STEPS.alerts.id],
    ...channels.filter(([, step]) => step !== STEPS.admission.id),
    ...watches.map((watch): Section => [watch, watch.id]),
    ...allOwnChecks(plan).map((check): Section => [check, check.id]),
  ];
  const found = new Map<string, string>();
  for (const [content, step, holds = (key: string) => KEYS.includes(key)] of sections) {
    for (const reference of referencesIn(content, holds)) {
      if (!found.has(reference)) found.set(reference, step);
    }
  }
  return [...found].map(([reference, step]) => ({ reference, step }));
}

function referencesIn(value: unknown, holds: (key: string) => boolean, key = ''): string[] {
  if (typeof value === 'string') return holds(key) && isSecretReference(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((one) => referencesIn(one, holds));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => referencesIn(one, holds, name));
}

export const credentialChecks = ({ plan }: CheckContext): Check[] =>
  secretReferences(plan).map(({ reference, step }) => ({
    id: reference,
    step,
    run: async () => {
      try {
        await readSecret(reference);
        return [{ name: reference, ok: true, text: `${reference} is there` }];
      } catch (error) {
        return [{ name: reference, ok: false, text: (error as Error).message, advice: adviceOn(reference) }];
      }
    },
  }));

function adviceOn(reference: SecretReference): string {
  const [kind, name] = [reference.slice(0, reference.indexOf(':')), reference.slice(reference.indexOf(':') + 1)];
  const [path, key] = name.split('#');
  const advice: Record<string, string> = {
    env: `Set ${name} in the worker's environment; where it is set there, in this one too: doctor reads its own.`,
    file: `Put the secret into ${name}, for the worker to read.`,
    exec: 'Set SUREFOOT_SECRET_HELPERS for the worker and here, and call the helper by hand: it writes the secret, and ends with 0.',
    vault: `Set VAULT_ADDR and a token for the worker and here, and try \`vault kv get -field=${key} ${path}\` with them.`,
    'aws-sm': `Give the worker secretsmanager:GetSecretValue on it (kms:Decrypt too, for a key of your own) and its region, and try \`aws secretsmanager get-secret-value --secret-id ${path}\` as it.`,
  };
  return advice[kind] as string;
}

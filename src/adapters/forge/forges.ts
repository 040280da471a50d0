/** The registry of forges, and how one is told: whatever goes wrong is a state that is not shown, and says why. */
import type { ForgeDeployment } from '../../contract/activities/forge.js';
import type { ForgeKind } from '../../contract/plan/forge.js';
import { messageOf } from '../../domain/message.js';
import { readSecret } from '../evidence/secrets.js';
import type { Patience } from '../http/patient-request.js';
import { DELIVERY_PATIENCE, receiverWords } from '../notify/deliveries.js';
import { ForgeApi, ForgeUnusable } from './forge-api.js';
import type { ForgePlace, ForgeTrial, ForgeWriter, Telling } from './forge-writer.js';
import { githubForge } from './github-forge.js';
import { gitlabForge } from './gitlab-forge.js';

export const FORGES: { [K in ForgeKind]: ForgeWriter<K> } = { github: githubForge, gitlab: gitlabForge };

interface Means {
  signal: AbortSignal;
  patience?: Patience;
}

/** @throws only the signal's reason */
export async function showOnForge<K extends ForgeKind>(
  place: ForgePlace<K>,
  telling: Telling,
  { signal, patience = DELIVERY_PATIENCE }: Means,
): Promise<{ known: ForgeDeployment } | { untold: string }> {
  const writer: ForgeWriter<K> = FORGES[place.kind as K];
  const secrets: string[] = [];
  try {
    const token = await readSecret(place.token);
    secrets.push(token);
    const api = new ForgeApi({ api: place.api, headers: writer.headers(token), signal, patience });
    return { known: await api.insist(() => writer.show(place, telling, api)) };
  } catch (error) {
    signal.throwIfAborted();
    // A mistake in telling is no reason to stop a deployment; a message of its own could hold anything.
    const why = receiverWords(messageOf(error), secrets);
    return { untold: `${writer.nameOf(place)} does not show “${telling.report.state}”: ${why}` };
  }
}

/** Nothing is written. @throws SecretMissing; the signal's reason */
export async function probeForge<K extends ForgeKind>(
  place: ForgePlace<K>,
  { signal, patience = DELIVERY_PATIENCE }: Means,
): Promise<ForgeTrial> {
  const writer: ForgeWriter<K> = FORGES[place.kind as K];
  const token = await readSecret(place.token);
  const api = new ForgeApi({ api: place.api, headers: writer.headers(token), signal, patience });
  try {
    return await api.insist(() => writer.probe(place, api));
  } catch (error) {
    if (!(error instanceof ForgeUnusable)) throw error;
    const text = `${writer.nameOf(place)}: ${receiverWords(error.message, [token])}`;
    return { ok: false, text, advice: 'Check the address, the repository and the token’s rights.' };
  }
}

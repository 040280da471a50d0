/** Whether the alerts of the checklist (4.3) are configured where they should be. */
import { readAlerts } from '../../adapters/alerts/alert-sources.js';
import { serviceMessage } from '../../adapters/cloud/service-message.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { type Patience, patientRequests } from '../../adapters/http/patient-request.js';
import type { AlertActivities } from '../../contract/activities/alerts.js';
import type { ExpectedAlert } from '../../contract/plan/proofs.js';
import { type Fact, failures, passed, unknownFact } from '../../domain/evidence.js';
import { type FoundAlert, wrongWith } from '../../domain/watch/alerts.js';
import { nearest } from '../../plan/core/suggest.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

/** As many names as a line can hold. */
const MOST_NAMES = 10;

/** Facts: one for each alert of the plan, by its id. */
export function createAlertActivities(options: { patience?: Patience } = {}): AlertActivities {
  return {
    checkAlerts: ({ key, evidence, alerts }) =>
      withHeartbeat(async (signal) => {
        const ask = patientRequests(signal, options.patience);
        const found = await readAlerts(alerts.source, { ask, signal }).catch((error: unknown) => {
          signal.throwIfAborted();
          return { why: serviceMessage(error) };
        });
        const facts = alerts.expected.map((expected) =>
          'why' in found ? unknown(expected, found.why) : factOf(expected, found),
        );
        const wanted = new Set(alerts.expected.map(({ name }) => name));
        const relevant = 'why' in found ? [] : found.filter(({ name }) => wanted.has(name));
        const content = `${JSON.stringify({ ...alerts, found: relevant, facts }, undefined, 2)}\n`;
        const path = evidencePath(key, 'alerts.json');
        const reference = await storeEvidence(evidence, { title: 'Configured alerts', path, content });
        const report = { summary: `${facts.length} alerts are configured`, facts, evidence: [reference] };
        return passed(report) ? report : { ...report, summary: failures(report) };
      }),
  };
}

function factOf({ id, title, name, breach, words }: ExpectedAlert, found: FoundAlert[]): Fact {
  const same = found.filter((alert) => alert.name === name);
  if (same.length === 0)
    return { name: id, ok: false, text: `${title}: there is no alert ${name}${others(name, found)}` };
  const wrong = wrongWith({ name, breach, words }, same);
  if (wrong === undefined)
    return {
      name: id,
      ok: true,
      text: `${title}: ${name} is configured and fires at ${breach.comparison} ${breach.threshold}`,
    };
  const text = `${title}: ${name}: ${wrong}`;
  return same.some(({ unproven }) => unproven !== undefined) ? unknownFact(id, text) : { name: id, ok: false, text };
}

function others(name: string, found: FoundAlert[]): string {
  const names = [...new Set(found.map((alert) => alert.name))];
  const near = nearest(name, names);
  if (near !== undefined) return `; did you mean ${near}?`;
  return names.length === 0 ? ': there are no alerts at all' : `; there are ${names.slice(0, MOST_NAMES).join(', ')}`;
}

const unknown = ({ id, title }: ExpectedAlert, why: string): Fact => unknownFact(id, `${title}: ${why}`);

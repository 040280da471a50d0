/** What the console knows: asked of Temporal and of the evidence folder, the same for all who look within two seconds. */
import type { DeployInput } from '../contract/deployment.js';
import { inertValues } from '../domain/inert.js';
import { release } from '../local/release.js';
import { contentOf, documentOf } from '../report/content/document.js';
import { type EvidenceFolder, evidenceFolder, readEvidence } from '../report/content/evidence.js';
import { clockOf } from '../report/content/times.js';
import { findArchived, gatherArchived } from '../report/history/archive.js';
import { deliveryFigures } from '../report/history/delivery.js';
import { gather } from '../report/history/gather.js';
import { startedWith } from '../report/history/started-with.js';
import { viewOf } from '../report/html/view.js';
import type { Connected } from '../temporal/connection.js';
import { findRun, lookForDeployment, readLedger } from '../temporal/deployments.js';
import { CliError, innermost } from '../temporal/errors.js';
import { type LedgerView, lookAtLedger } from '../temporal/ledger-view.js';
import { notRunning, sendDecision } from '../temporal/send-decision.js';
import { watchdogService } from '../temporal/watchdog-service.js';
import { type EndedOnes, endedOnes } from './ended-ones.js';
import type { ConsoleRow, ConsoleRows, DeploymentLook, Deployments } from './look.js';
import { remembering } from './remembering.js';

/** Milliseconds: as often as pages that are open are looked after. */
const FRESH = 2_000;
const FIGURES_FRESH = 60_000;
/** Plans that are kept: those of all that run, and of some that people have looked at. */
const PLANS = 200;

/** @param options.evidence the folder with archives of what Temporal no longer has */
export function deploymentsFromTemporal(
  connected: Connected,
  { evidence, committed }: { evidence: string; committed: (commit: string) => Promise<number | undefined> },
): Deployments {
  const ended = endedOnes(connected, evidence);
  const inputs = remembering((key: string) => startedWith(connected, JSON.parse(key)), { most: PLANS });
  const all = remembering((_: string) => allRows(connected, ended.known), { for: FRESH });
  const look = remembering((deployment: string) => lookAt(connected, { deployment, evidence, inputs }), { for: FRESH });
  const figures = remembering(
    (length: string) => {
      const to = Date.now();
      return deliveryFigures(connected, { evidence, period: { from: to - Number(length), to }, committed, ...ended });
    },
    { for: FIGURES_FRESH },
  );
  return {
    all: () => all(''),
    look,
    figures: ({ from, to }) => figures(String(to - from)),
    async evidence({ ledger, planned, archive }, path) {
      const reference = planned?.document.evidence.find((each) => each.path === path);
      if (!planned || !reference) return { unused: `${path}: is no evidence of this deployment` };
      return await readEvidence(
        evidenceFolder(archive?.store ?? planned.plan.evidence, ledger.deployment),
        path,
        reference,
      );
    },
    async send(deployment, decision) {
      const found = await lookForDeployment(connected, deployment);
      if (!found) throw new CliError(`There is no deployment ${deployment}`, { hint: 'Nothing was sent.' });
      if (!found.running) throw notRunning(found);
      look.forget(deployment);
      all.forget('');
      return await sendDecision(connected, found, decision);
    },
  };
}

async function allRows(connected: Connected, known: EndedOnes['known']): Promise<ConsoleRows> {
  const { deployments, unknown } = await known();
  const row = async (listed: (typeof deployments)[number]): Promise<ConsoleRow> => {
    if (listed.outcome !== 'running') return { listed };
    try {
      const found = await findRun(connected, listed);
      return found?.running ? { listed, ledger: await readLedger(connected, found) } : { listed };
    } catch (error) {
      return { listed, unanswered: error instanceof CliError ? error.message : innermost(error) };
    }
  };
  return { rows: await Promise.all(deployments.map(row)), unknown };
}

interface LookOptions {
  deployment: string;
  evidence: string;
  inputs: (key: string) => Promise<DeployInput | undefined>;
}

async function lookAt(
  connected: Connected,
  { deployment, evidence, inputs }: LookOptions,
): Promise<DeploymentLook | undefined> {
  const found = await lookForDeployment(connected, deployment);
  if (!found) return await lookAtArchive(connected, deployment, evidence);
  const { workflowId, runId, running, inVirtualTime } = found;
  const key = JSON.stringify({ workflowId, runId });
  const [view, input, watchdog] = await Promise.all([
    lookAtLedger(connected, found, async (...asked) => (await gather(...asked)).ledger),
    inputs(key).catch(() => undefined),
    running && !inVirtualTime ? watchdogService(connected) : undefined,
  ]);
  return await withPlan({ ...view, ...(watchdog ? { watchdog } : {}), inVirtualTime }, input);
}

/** The same of one that Temporal no longer has. */
async function lookAtArchive(
  connected: Connected,
  deployment: string,
  evidence: string,
): Promise<DeploymentLook | undefined> {
  const archived = await findArchived(evidence, deployment);
  if (!archived) return undefined;
  const gathered = await gatherArchived(archived, connected.client.options.loadedDataConverter);
  const { workflowId, runId, status, input, archive } = gathered;
  const found = { workflowId, runId, status, running: false };
  const view: LedgerView = { found, ledger: inertValues(gathered.ledger), services: [], archive };
  return await withPlan({ ...view, inVirtualTime: input.clock === 'virtual' }, input);
}

async function withPlan(look: DeploymentLook, input: DeployInput | undefined): Promise<DeploymentLook> {
  if (!input) return look;
  const { found, ledger, archive } = look;
  const plan = inertValues(input.plan);
  const place = evidenceFolder(archive?.store ?? plan.evidence, input.deployment);
  const { workflowId, runId, status } = found;
  const content = contentOf({
    workflowId,
    runId,
    status,
    ledger,
    input: { ...input, plan },
    source: 'query',
    events: 0,
  });
  const document = documentOf(content, {
    generator: release(),
    madeAt: Date.now(),
    source: { ledger: 'query', events: 0, links: '.', evidence: readOf(place) },
  });
  const view = await viewOf({ report: document, plan, place, clock: clockOf(plan) });
  return { ...look, planned: { plan, document, view } };
}

const readOf = ({ missing }: EvidenceFolder) =>
  missing === undefined ? { read: true } : { read: false, why: missing };

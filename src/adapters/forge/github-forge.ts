/**
 * Deployments and statuses at GitHub (https://docs.github.com/en/rest/deployments,
 * https://docs.github.com/en/rest/commits/statuses). Statuses are only ever added: the newest counts.
 */
import { z } from 'zod';
import type { ForgeDeployment } from '../../contract/activities/forge.js';
import type { ForgeState } from '../../domain/forge/forge-report.js';
import { shortened } from '../../domain/shortened.js';
import { type ForgeApi, ForgeUnusable } from './forge-api.js';
import {
  type ForgePlace,
  type ForgeTrial,
  type ForgeWriter,
  newest,
  statusName,
  type Telling,
  trialOf,
} from './forge-writer.js';

/** GitHub refuses longer ones, characters. */
const LONGEST_DESCRIPTION = 140;

const sha = z.string().regex(/^[0-9a-f]{40,64}$/);
const deployment = z.object({ id: z.number().int(), sha, payload: z.unknown() });
const created = z.object({ id: z.number().int(), sha });
const deploymentStatus = z.object({
  id: z.number().int(),
  state: z.string(),
  description: z.string().nullish(),
  log_url: z.string().nullish(),
});
const commitStatus = z.object({
  id: z.number().int(),
  state: z.string(),
  context: z.string(),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
});
const written = z.object({ id: z.number().int() });
const repository = z.object({
  archived: z.boolean().optional(),
  permissions: z.object({ push: z.boolean() }).partial().optional(),
});

const DEPLOYMENT_STATES: Record<ForgeState, string> = {
  queued: 'queued',
  'in-progress': 'in_progress',
  pending: 'pending',
  success: 'success',
  failure: 'failure',
  inactive: 'inactive',
};

const COMMIT_STATES: Record<ForgeState, 'pending' | 'success' | 'failure'> = {
  queued: 'pending',
  'in-progress': 'pending',
  pending: 'pending',
  success: 'success',
  failure: 'failure',
  inactive: 'failure',
};

export const githubForge: ForgeWriter<'github'> = {
  headers: (token) => ({
    authorization: `Bearer ${token}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    'user-agent': 'surefoot',
  }),
  nameOf: ({ owner, repository: name }) => `GitHub (${owner}/${name})`,
  show: async (place, telling, api) => {
    const known = telling.known ?? (await find(place, telling, api)) ?? (await create(place, telling, api));
    await showState(place, { ...telling, known }, api);
    await showStatus(place, { ...telling, known }, api);
    return known;
  },
  probe,
};

type Place = ForgePlace<'github'>;
type Known = Telling & { known: ForgeDeployment };

const at = ({ owner, repository: name }: Place): string =>
  `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;

/** By its payload. Should a request have been carried out twice, the first of them is the one. */
async function find(place: Place, { subject }: Telling, api: ForgeApi): Promise<ForgeDeployment | undefined> {
  const query = { environment: place.environment, ref: subject.ref };
  const all = await api.list('its deployments', deployment, { path: `${at(place)}/deployments`, query });
  const own = all.filter(({ payload }) => deploymentIn(payload) === subject.deployment);
  const found = own.toSorted((one, other) => one.id - other.id)[0];
  return found && { id: found.id, commit: found.sha };
}

/** GitHub gives a payload back as it was sent, as JSON or as a text of it. */
function deploymentIn(payload: unknown): string | undefined {
  const { data } = z
    .object({ surefoot: z.string() })
    .safeParse(typeof payload === 'string' ? parsed(payload) : payload);
  return data?.surefoot;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function create(place: Place, { subject }: Telling, api: ForgeApi): Promise<ForgeDeployment> {
  const made = await api.ask('the new deployment', created, {
    method: 'POST',
    path: `${at(place)}/deployments`,
    json: {
      ref: subject.ref,
      environment: place.environment,
      payload: { surefoot: subject.deployment, service: subject.service },
      description: shortened(`${subject.service}: ${subject.deployment}`, LONGEST_DESCRIPTION),
      // What is deployed is what was named, whatever its checks and the default branch say: the plan has its own rules.
      auto_merge: false,
      required_contexts: [],
      production_environment: true,
      transient_environment: false,
    },
  });
  return { id: made.id, commit: made.sha };
}

async function showState(place: Place, { known, subject, report }: Known, api: ForgeApi): Promise<void> {
  const path = `${at(place)}/deployments/${known.id}/statuses`;
  const state = DEPLOYMENT_STATES[report.state];
  const description = shortened(report.text, LONGEST_DESCRIPTION);
  const last = newest(await api.list('the statuses of the deployment', deploymentStatus, { path }));
  if (last?.state === state && last.description === description) return;
  // What an older deployment is, its own statuses say: one that is rolled back to must not stand there as inactive.
  const json = { state, description, auto_inactive: false, ...(subject.link && { log_url: subject.link }) };
  await api.ask('the status of the deployment', written, { method: 'POST', path, json });
}

async function showStatus(place: Place, { known, subject, report }: Known, api: ForgeApi): Promise<void> {
  const path = `${at(place)}/commits/${known.commit}/statuses`;
  const context = statusName(subject);
  const wanted = {
    state: COMMIT_STATES[report.state],
    description: shortened(report.text, LONGEST_DESCRIPTION),
    ...(subject.link && { target_url: subject.link }),
  };
  const all = await api.list('the statuses of the commit', commitStatus, { path });
  const last = newest(all.filter((status) => status.context === context));
  const isThere =
    last?.state === wanted.state &&
    last.description === wanted.description &&
    (last.target_url ?? undefined) === wanted.target_url;
  if (isThere) return;
  const json = { ...wanted, context };
  const to = `${at(place)}/statuses/${known.commit}`;
  await api.ask('the status of the commit', written, { method: 'POST', path: to, json });
}

/** Scopes of a classic token, any of which may write both. */
const SCOPES = [['repo'], ['repo_deployment', 'repo:status']];

async function probe(place: Place, api: ForgeApi): Promise<ForgeTrial> {
  const trial = trialOf(githubForge.nameOf(place));
  const answer = await api.answer('the repository', { path: at(place) });
  const { data } = repository.safeParse(JSON.parse(answer.body));
  if (!data) throw new ForgeUnusable('the answer about the repository is not understood');
  if (data.archived) return trial.archived();
  const scopes = String(answer.headers['x-oauth-scopes'] ?? '').split(/,\s*/);
  const isClassic = answer.headers['x-oauth-scopes'] !== undefined;
  const lacks = isClassic && !SCOPES.some((together) => together.every((scope) => scopes.includes(scope)));
  if (lacks || data.permissions?.push === false) {
    return trial.onlyReads('Give it write access to deployments and commit statuses of this repository.');
  }
  const query = { environment: place.environment, per_page: '1' };
  await api.ask('its deployments', z.array(deployment), { path: `${at(place)}/deployments`, query });
  return trial.reads();
}

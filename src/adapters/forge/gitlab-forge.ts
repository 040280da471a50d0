/**
 * Deployments and statuses at GitLab (https://docs.gitlab.com/api/deployments/, https://docs.gitlab.com/api/commits/). A
 * deployment there has no payload: it is known by environment, commit and time, for one of a service is live at a time. A
 * status goes from pending to running to an end, and never back: whom is waited for is told by a status of its own.
 */
import { z } from 'zod';
import type { ForgeDeployment } from '../../contract/activities/forge.js';
import type { ForgeState } from '../../domain/forge/forge-report.js';
import { shortened } from '../../domain/shortened.js';
import type { ForgeApi } from './forge-api.js';
import {
  type ForgePlace,
  type ForgeTrial,
  type ForgeWriter,
  newest,
  statusName,
  type Telling,
  trialOf,
} from './forge-writer.js';

/** GitLab refuses longer ones, characters. */
const LONGEST_DESCRIPTION = 255;
const LONGEST_NAME = 255;
/** Clocks may differ by so much, milliseconds. */
const SKEW = 600_000;
/** GitLab's access level of a developer, the least that may write either. */
const DEVELOPER = 30;

const commit = z.object({ id: z.string().regex(/^[0-9a-f]{40,64}$/) });
const tag = z.object({ name: z.string() });
const deployment = z.object({
  id: z.number().int(),
  sha: z.string(),
  status: z.string(),
  created_at: z.string(),
  deployable: z.unknown(),
});
const deploymentNow = z.object({ id: z.number().int(), status: z.string() });
const status = z.object({
  id: z.number().int(),
  name: z.string(),
  status: z.string(),
  target_url: z.string().nullish(),
  description: z.string().nullish(),
});
const level = z.object({ access_level: z.number() }).nullish();
const project = z.object({
  archived: z.boolean().optional(),
  permissions: z.object({ project_access: level, group_access: level }).optional(),
});

const DEPLOYMENT_STATES: Record<ForgeState, 'running' | 'success' | 'failed'> = {
  queued: 'running',
  'in-progress': 'running',
  pending: 'running',
  success: 'success',
  failure: 'failed',
  inactive: 'failed',
};

const COMMIT_STATES: Record<ForgeState, 'pending' | 'running' | 'success' | 'failed'> = {
  queued: 'pending',
  'in-progress': 'running',
  pending: 'pending',
  success: 'success',
  failure: 'failed',
  inactive: 'failed',
};

const OPEN = ['pending', 'running'];

export const gitlabForge: ForgeWriter<'gitlab'> = {
  headers: (token) => ({ 'private-token': token, 'user-agent': 'surefoot' }),
  nameOf: ({ project: path }) => `GitLab (${path})`,
  show: async (place, telling, api) => {
    const known = telling.known ?? (await findOrCreate(place, telling, api));
    await showState(place, { ...telling, known }, api);
    await showStatuses(place, { ...telling, known }, api);
    return known;
  },
  probe,
};

type Place = ForgePlace<'gitlab'>;
type Known = Telling & { known: ForgeDeployment };
type Status = z.output<typeof status>;

const at = (place: Place): string => `/projects/${encodeURIComponent(place.project)}`;

async function findOrCreate(place: Place, { subject }: Telling, api: ForgeApi): Promise<ForgeDeployment> {
  const ref = encodeURIComponent(subject.ref);
  const { id: sha } = await api.ask('the commit', commit, { path: `${at(place)}/repository/commits/${ref}` });
  const path = `${at(place)}/deployments`;
  const query = { environment: place.environment, order_by: 'id', sort: 'desc' };
  const all = await api.list('its deployments', deployment, { path, query });
  const isOwn = (one: z.output<typeof deployment>) =>
    one.sha === sha && one.deployable == null && Date.parse(one.created_at) >= subject.startedAt - SKEW;
  const found = all.filter(isOwn).toSorted((one, other) => one.id - other.id)[0];
  if (found) return { id: found.id, commit: sha };
  const isTag = await api.askIfThere('the tag', tag, {
    path: `${at(place)}/repository/tags/${encodeURIComponent(subject.target)}`,
  });
  const json = {
    environment: place.environment,
    sha,
    ref: subject.target,
    tag: isTag !== undefined,
    status: 'running',
  };
  const made = await api.ask('the new deployment', deploymentNow, { method: 'POST', path, json });
  return { id: made.id, commit: sha };
}

async function showState(place: Place, { known, report }: Known, api: ForgeApi): Promise<void> {
  const path = `${at(place)}/deployments/${known.id}`;
  const wanted = DEPLOYMENT_STATES[report.state];
  const now = await api.ask('the deployment', deploymentNow, { path });
  if (now.status === wanted) return;
  await api.ask('the deployment', deploymentNow, { method: 'PUT', path, json: { status: wanted } });
}

async function showStatuses(place: Place, { known, subject, report }: Known, api: ForgeApi): Promise<void> {
  const path = `${at(place)}/repository/commits/${known.commit}/statuses`;
  const all = await api.list('the statuses of the commit', status, { path });
  const write = (words: { name: string; state: string; description: string }) =>
    api.ask('the status of the commit', status, {
      method: 'POST',
      path: `${at(place)}/statuses/${known.commit}`,
      json: {
        ...words,
        description: shortened(words.description, LONGEST_DESCRIPTION),
        ...(subject.link && { target_url: subject.link }),
      },
    });
  const name = statusName(subject);
  const state = COMMIT_STATES[report.state];
  const last = newest(all.filter((one) => one.name === name));
  if (!isShown(last, { state, link: subject.link })) await write({ name, state, description: report.text });

  const waiting = `${name} waits for `;
  const whom = report.waitsFor && shortened(`${waiting}${report.waitsFor.join(', ')}`, LONGEST_NAME);
  const open = all.filter((one) => one.name.startsWith(waiting) && OPEN.includes(one.status));
  for (const one of open.filter((other) => other.name !== whom)) {
    await write({ name: one.name, state: 'success', description: 'no longer waited for' });
  }
  if (whom !== undefined && !open.some((one) => one.name === whom)) {
    await write({ name: whom, state: 'pending', description: report.text });
  }
}

/** A status that runs waits no more; one that has ended is that of an earlier deployment, unless it says the same. */
function isShown(last: Status | undefined, { state, link }: { state: string; link?: string }): boolean {
  if (!last) return false;
  if (state === 'pending' && last.status === 'running') return true;
  return last.status === state && (OPEN.includes(state) || (last.target_url ?? undefined) === link);
}

async function probe(place: Place, api: ForgeApi): Promise<ForgeTrial> {
  const trial = trialOf(gitlabForge.nameOf(place));
  const { archived, permissions } = await api.ask('the project', project, { path: at(place) });
  if (archived) return trial.archived();
  const levels = [permissions?.project_access, permissions?.group_access].flatMap((one) => one?.access_level ?? []);
  if (levels.length > 0 && Math.max(...levels) < DEVELOPER) {
    return trial.onlyReads('Give it the role Developer or more in this project, and the scope api.');
  }
  const query = { environment: place.environment, per_page: '1' };
  await api.ask('its deployments', z.array(deployment), { path: `${at(place)}/deployments`, query });
  return trial.reads();
}

/** One look at everything that is open, by the server's own word. What could not be looked at is said so. */
import { isGrpcServiceError } from '@temporalio/client';
import type { Announced, DeployInput } from '../contract/deployment.js';
import type { WatchInput } from '../contract/messages.js';
import { deployWorkflowId, serviceOf } from '../contract/names.js';
import type { Forge } from '../contract/plan/forge.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import type { Watch } from '../contract/plan/watch.js';
import type {
  SeenActivity,
  SeenDeployment,
  SeenWatch,
  SeenWorkflow,
  Unseen,
  WorkflowRun,
} from '../domain/watchdog/seen.js';
import type { WatchdogRules } from '../domain/watchdog/symptoms.js';
import { inTurns } from './in-turns.js';
import { activityOf, taskOf } from './pending.js';
import { Queues } from './queues.js';
import { type Description, type Listed, runOf, type ServerView, whyNot } from './server-view.js';
import { blindMetrics, EVENTS_OF_LAST_TICKS, lastSamples, newestOf } from './watch-history.js';

/** Temporal's numbers. */
const OPEN_STATES = [1, 8];
const NOT_FOUND = 5;

/** Characters of a title. */
const LONGEST_NAME = 100;

/** As much of a deployment's own start as a watchdog remembers for as long as that is open. */
export interface Start extends Announced, Pick<DeployInput, 'clock'> {
  plan: Announced['plan'] & Pick<ResolvedPlan, 'secrets' | 'forge'>;
}

/** What one look has seen. */
export interface Sighting {
  seen: SeenDeployment[];
  /** Their starts, by deployment. */
  starts: Map<string, Start>;
  /** Of which nobody can be told, because whose they are is not known. */
  unknown: string[];
}

interface Worried {
  deployment: string;
  run: WorkflowRun;
}

interface Candidate extends Listed {
  description?: Description;
  /** Why it could not be described. */
  unseen?: string;
}

/** Remembers what does not change from one look to the next: how each run began, and which were open. */
export class Lookout {
  /** @param whyUnheard why the channels that a start names are not to be told, where they are not */
  constructor(private readonly whyUnheard: (input: unknown) => Promise<string | undefined> = async () => undefined) {}

  private readonly starts = new Map<string, Start>();
  private readonly watches = new Map<string, Watch>();
  private open: Listed[] = [];

  /** @param worried deployments that the last look was worried about, whether they are listed or not */
  async look(view: ServerView, worried: readonly Worried[], rules: WatchdogRules): Promise<Sighting> {
    const listed = await view.open().catch((error: unknown) => whyNot(error));
    const candidates = this.candidates(typeof listed === 'string' ? [] : listed, worried);
    await inTurns(candidates, (candidate) => describe(view, candidate));
    const open = candidates.filter(({ description, unseen }) => description !== undefined || unseen !== undefined);
    this.remember(open);
    const queues = new Queues(view);
    const found: Sighting = { seen: [], starts: new Map(), unknown: [] };
    if (typeof listed === 'string') found.unknown.push(`what is open could not be listed: ${listed}`);
    await inTurns(groups(open, worried), async ({ root, workflows }) => {
      const known = worried.find(({ run }) => run.runId === root.runId)?.deployment;
      const start = await this.startOf(view, root);
      if (typeof start === 'string') {
        if (known !== undefined && workflows.length === 0) found.seen.push(ended(known, root));
        else
          found.unknown.push(`whose ${root.workflowId} (${root.runId}) is, and whom to tell, is not known: ${start}`);
        return;
      }
      // Demos and rehearsals come and go as they like, and their clock is not the server's.
      if (start.clock === 'virtual') return;
      const unseen = typeof listed === 'string' ? [{ what: 'which of its workflows are open', why: listed }] : [];
      found.starts.set(start.deployment, start);
      const { deployment } = start;
      found.seen.push(await this.see({ deployment, run: root }, { workflows, unseen, view, queues, rules }));
    });
    // One that was reset has two runs: what goes on counts.
    const goesOn = new Set(found.seen.flatMap(({ deployment, workflows }) => (workflows.length > 0 ? deployment : [])));
    found.seen = found.seen.filter(({ deployment, workflows }) => workflows.length > 0 || !goesOn.has(deployment));
    return found;
  }

  /** The list lags behind: what was open a moment ago is asked itself. */
  private candidates(listed: readonly Listed[], worried: readonly Worried[]): Candidate[] {
    const own = worried.map(({ run }): Listed => ({ ...run, type: 'DeployWorkflow', root: run }));
    return [...new Map([...own, ...this.open, ...listed].map((each) => [each.runId, { ...each }])).values()];
  }

  /** Where a run's own start has it shown. @throws Error where that is not known */
  async forgeOf(view: ServerView, run: WorkflowRun): Promise<Forge | undefined> {
    const start = await this.startOf(view, run);
    if (typeof start === 'string') throw new Error(start);
    return start.plan.forge;
  }

  private remember(open: readonly Candidate[]): void {
    this.open = open.map(({ workflowId, runId, type, root }) => ({ workflowId, runId, type, root }));
    const needed = new Set(open.flatMap(({ runId, root }) => [runId, root.runId]));
    for (const known of [this.starts, this.watches])
      for (const runId of known.keys()) if (!needed.has(runId)) known.delete(runId);
  }

  /** @returns why it is not known, where it is not */
  private async startOf(view: ServerView, root: WorkflowRun): Promise<Start | string> {
    try {
      const known = this.starts.get(root.runId);
      const input = known ?? (await view.input(root));
      const start = known ?? startIn(input);
      // There one runs at a time: nobody can be well in the place of another.
      if (!start || root.workflowId !== deployWorkflowId(start.plan.service) || !isOf(start, start.plan.service))
        return 'what it was started with is no deployment of its service, or was not encrypted although it should be';
      const unheard = known ? undefined : await this.whyUnheard(input);
      if (unheard !== undefined) return unheard;
      this.starts.set(root.runId, start);
      return start;
    } catch (error) {
      return whyNot(error);
    }
  }

  private async watchIn(view: ServerView, run: WorkflowRun): Promise<Watch> {
    const known = this.watches.get(run.runId) ?? ((await view.input(run)) as WatchInput).watch;
    this.watches.set(run.runId, known);
    return known;
  }

  private async see(
    { deployment, run }: Worried,
    by: { workflows: Candidate[]; unseen: Unseen[]; view: ServerView; queues: Queues; rules: WatchdogRules },
  ): Promise<SeenDeployment> {
    const seen: SeenDeployment = { deployment, run, workflows: [], queues: [], unseen: [...by.unseen] };
    for (const candidate of by.workflows) {
      const { description, unseen, workflowId } = candidate;
      if (!description) {
        seen.unseen.push({ what: workflowId, why: unseen ?? 'it was not asked' });
        continue;
      }
      const { workflow, unseen: parts } = await this.workflowOf(candidate, description, by);
      seen.workflows.push(workflow);
      seen.unseen.push(...parts);
      const queue = await by.queues.of(description);
      if (!seen.queues.some((other) => other.queue === queue.queue)) seen.queues.push(queue);
    }
    return seen;
  }

  private async workflowOf(
    { workflowId, runId, type }: Candidate,
    description: Description,
    { view, rules }: { view: ServerView; rules: WatchdogRules },
  ): Promise<{ workflow: SeenWorkflow; unseen: Unseen[] }> {
    const run = { workflowId, runId };
    const task = await taskOf(view, run, { description, rules });
    const activities = await Promise.all((description.pendingActivities ?? []).map((each) => activityOf(view, each)));
    const title = type === 'DeployWorkflow' ? 'the deployment' : workflowId;
    const workflow: SeenWorkflow = { workflowId, title, ...(task ? { task } : {}), activities };
    if (type !== 'MonitorWorkflow') return { workflow, unseen: [] };
    try {
      const watch = await this.watchIn(view, run);
      return {
        workflow: {
          ...workflow,
          title: `the watch “${watch.title.slice(0, LONGEST_NAME)}”`,
          watch: await watchOf(view, run, { watch, activities, rules }),
        },
        unseen: [],
      };
    } catch (error) {
      return { workflow, unseen: [{ what: `the ticks of ${workflowId}`, why: whyNot(error) }] };
    }
  }
}

/** A start is whatever somebody has sent. */
function startIn(input: unknown): Start | undefined {
  const { deployment, plan, startedBy, clock } = (input ?? {}) as Partial<Start>;
  if (typeof deployment !== 'string' || typeof startedBy !== 'string' || !clock || !plan) return undefined;
  const { service, title, release, notifications, secrets, forge } = plan;
  const { channels, events, contacts, templates } = notifications ?? {};
  if (!Array.isArray(channels) || !Array.isArray(contacts) || !events || !templates || !release) return undefined;
  if (!Array.isArray(secrets)) return undefined;
  return { deployment, startedBy, clock, plan: { service, title, release, notifications, secrets, forge } };
}

const isOf = ({ deployment }: Start, service: string): boolean => serviceOf(deployment) === service;

async function describe(view: ServerView, candidate: Candidate): Promise<void> {
  try {
    const description = await view.describe(candidate);
    const info = description.workflowExecutionInfo;
    if (!OPEN_STATES.includes(info?.status ?? 0)) return;
    candidate.description = description;
    candidate.root = runOf(info?.rootExecution) ?? candidate.root;
  } catch (error) {
    // One that is not there any more is not open.
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return;
    candidate.unseen = whyNot(error);
  }
}

/** By the deployment that they are of; those that the last look was worried about are there, too, when they have ended. */
function groups(open: readonly Candidate[], worried: readonly Worried[]) {
  const all = new Map<string, { root: WorkflowRun; workflows: Candidate[] }>();
  for (const { run } of worried) all.set(run.runId, { root: run, workflows: [] });
  for (const candidate of open) {
    const { root } = candidate;
    const group = all.get(root.runId) ?? { root: { workflowId: root.workflowId, runId: root.runId }, workflows: [] };
    group.workflows.push(candidate);
    all.set(root.runId, group);
  }
  return [...all.values()];
}

const ended = (deployment: string, run: WorkflowRun): SeenDeployment => ({
  deployment,
  run,
  workflows: [],
  queues: [],
  unseen: [],
});

async function watchOf(
  view: ServerView,
  run: WorkflowRun,
  { watch, activities, rules }: { watch: WatchInput['watch']; activities: SeenActivity[]; rules: WatchdogRules },
): Promise<SeenWatch> {
  const events = await view.lastEvents(run, EVENTS_OF_LAST_TICKS);
  const lastEventAt = newestOf(events);
  if (lastEventAt === undefined) throw new Error('its history is empty');
  return {
    tick: watch.tick,
    lastEventAt,
    isSampling: activities.every(({ type }) => type === 'sampleMetrics'),
    blind: blindMetrics(watch, await lastSamples(view, events), rules.ticks),
  };
}

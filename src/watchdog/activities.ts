/** The watchdog's activity: look, judge, tell. */
import { Context } from '@temporalio/activity';
import { withHeartbeat } from '../activities/commands/heartbeat.js';
import { tellAll } from '../activities/notify/people.js';
import { rememberSecrets } from '../adapters/evidence/secrets.js';
import type { Patience } from '../adapters/http/patient-request.js';
import { aboutOf } from '../contract/deployment.js';
import type { WatchdogActivities } from '../contract/watchdog.js';
import { type Answered, afterCall, type Call, watchdogStateOf, watchOver } from '../domain/watchdog/alarms.js';
import type { SeenDeployment, WorkflowRun } from '../domain/watchdog/seen.js';
import { lookForShown } from '../domain/watchdog/shown.js';
import { messagesOf } from '../domain/watchdog/telling.js';
import type { Policy } from '../policy/policy.js';
import { tellForgesOfEnds } from './forges.js';
import { inTurns } from './in-turns.js';
import { Lookout, type Start } from './look.js';
import { ServerView, whyNot } from './server-view.js';
import { whyUnheard } from './unheard.js';

/** Whoever is not reached by then is told with the next look: no receiver holds up the others for long. Milliseconds. */
const PATIENCE: Patience = { answer: 5_000, whole: 15_000, pause: 500 };
const CALLS_WITHIN = 60_000;

/** @param options.policy by which a start counts whose channels are told; without one any does */
export function createWatchdogActivities({ policy }: { policy?: Policy } = {}): WatchdogActivities {
  const lookout = new Lookout(policy && ((input) => whyUnheard(policy, input)));
  return {
    lookAndTell({ before, rules }) {
      const { client, info, cancellationSignal: signal } = Context.current();
      // An attempt that was cut off has told some already.
      const told = (info.heartbeatDetails as { handedOn?: unknown } | undefined)?.handedOn;
      const handedOn = told === undefined ? before : watchdogStateOf(told);
      let state = handedOn;
      const work = async () => {
        const worried = Object.entries(handedOn.deployments).map(([deployment, { run }]) => ({ deployment, run }));
        const view = new ServerView(client, info.currentAttemptScheduledTimestampMs);
        const { seen, starts, unknown } = await lookout.look(view, worried, rules);
        const judged = watchOver(handedOn, seen, { now: view.now(), rules });
        state = judged.state;
        const untold = [...unknown];
        const until = Date.now() + CALLS_WITHIN;
        await inTurns(judged.calls, async (call) => {
          if (Date.now() > until) {
            untold.push(`${call.deployment}: no time was left; it is told with the next look`);
            return;
          }
          const { why, ...answered } = await tell(call, starts.get(call.deployment), { client, signal }).catch(
            (error: unknown) => notTold(call, error),
          );
          state = afterCall(state, call, answered);
          untold.push(...why);
        });
        const shown = lookForShown(handedOn.shown ?? {}, shownAmong(seen, starts), view.now());
        const forgeOf = (run: WorkflowRun) => lookout.forgeOf(view, run);
        const forges = await tellForgesOfEnds(view, { ...shown, forgeOf, until }, { signal, patience: PATIENCE });
        state = { ...state, shown: forges.shown };
        untold.push(...forges.untold);
        return { ...state, looked: seen.length, untold };
      };
      return withHeartbeat(work, () => ({ handedOn: state }));
    },
  };
}

/** Those that go on themselves: a rollback that outlives its deployment tells no forge. */
function shownAmong(seen: readonly SeenDeployment[], starts: ReadonlyMap<string, Start>): Map<string, WorkflowRun> {
  const shown = seen.filter(
    ({ deployment, run, workflows }) =>
      starts.get(deployment)?.plan.forge && workflows.some(({ workflowId }) => workflowId === run.workflowId),
  );
  return new Map(shown.map(({ deployment, run }) => [deployment, run]));
}

/** A plan that is none, of one deployment, is no reason to leave the others alone. */
const notTold = ({ deployment, channels = [] }: Call, error: unknown): Answered & { why: string[] } => ({
  told: [],
  missed: channels.length > 0 ? channels : ['everybody'],
  why: [`${deployment}: it cannot be told: ${whyNot(error)}`],
});

async function tell(
  call: Call,
  start: Start | undefined,
  { client, signal }: { client: Context['client']; signal: AbortSignal },
): Promise<Answered & { why: string[] }> {
  const { deployment, run, channels = [] } = call;
  if (!start) return { told: [], missed: channels, why: [`${deployment}: whom to tell is not known any more`] };
  await rememberSecrets(start.plan.secrets);
  const { namespace } = client.options;
  const messages = messagesOf(start.plan.notifications, call, aboutOf(start, { ...run, namespace }));
  if (messages.length === 0) return { told: [], missed: [], why: [`${deployment}: its plan names nobody to tell`] };
  const { results } = await tellAll(messages, { threads: {}, signal, patience: PATIENCE });
  const missed = results.flatMap(({ message, delivery }) =>
    delivery.told ? [] : [{ id: message.channel.id, why: delivery.why }],
  );
  return {
    told: results.flatMap(({ message, delivery }) => (delivery.told ? [message.channel.id] : [])),
    missed: missed.map(({ id }) => id),
    why: missed.map(({ id, why }) => `${deployment}: not told to ${id} (${why})`),
  };
}

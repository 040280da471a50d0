/**
 * What this worker refuses to run: another plan than was agreed on, time that is not what it claims to be, or over a
 * production that an earlier deployment has left half-way.
 */
import { Context } from '@temporalio/activity';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { admittedRun } from '../adapters/evidence/admissions.js';
import { evidenceIdentity } from '../adapters/evidence/evidence-identity.js';
import type { AdmissionActivities } from '../contract/activities/admission.js';
import type { Clock } from '../contract/activities/step.js';
import { begunBy } from '../contract/envelope.js';
import { FailureType } from '../contract/errors.js';
import { isDeploymentName, runnerOf } from '../contract/names.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { openValues } from '../contract/plan/release-values.js';
import { precedentsOf, type RunsOfTemporal } from '../contract/precedents.js';
import { clockDifference } from '../domain/deployments/clocks.js';
import { messageOf } from '../domain/message.js';
import { type Precedents, refusalToStart } from '../domain/precedents.js';
import { digestOf } from '../plan/core/digest.js';
import { judgeStart } from '../policy/judge-act.js';
import { demandsOf, ownRunnersOf, type Policy } from '../policy/policy.js';

/** @throws from its activities: ApplicationFailure `Refused` */
export function createAdmissionActivities(options: {
  /** The task queue that only this runner serves. */
  runner: string;
  /** Whether this worker serves demo and rehearsal, where the server skips time. */
  allowVirtualTime: boolean;
  /** Where it is kept whom this runner has admitted, besides the plan's evidence folder. */
  state?: string;
  /** Who may start what; without one nothing is asked but that the plan knows who starts it. */
  policy?: Policy;
  /** What came before the run that asks; Temporal's own word when absent. */
  precedents?: (service: string) => Promise<Precedents>;
  /** How Temporal is asked; the client's own way when absent. */
  runsOf?: (client: Client) => RunsOfTemporal;
}): AdmissionActivities {
  const { runsOf = ({ workflow }) => workflow, precedents = askTemporal(runsOf) } = options;
  const checkClock = async ({ clock, workflowTime }: { clock: Clock; workflowTime: number }) => {
    if (clock === 'virtual') {
      if (!options.allowVirtualTime)
        throw refused('virtual time is for demo and rehearsal; this worker runs real deployments');
      return;
    }
    const difference = clockDifference(workflowTime - Date.now());
    if (difference === undefined) return;
    throw refused(`the workflow's clock is ${difference} the wall clock although its time is real`);
  };
  return {
    async admit({ deployment, plan, digest, clock, workflowTime, after, start }) {
      if (clock === 'real' && !isDeploymentName(deployment)) {
        throw refused(
          `a deployment is named by letters, digits, dots and dashes, at most 200, not ${JSON.stringify(deployment)}`,
        );
      }
      const actual = digestOf(plan);
      if (actual !== digest) {
        throw refused(`the plan's digest is ${actual.slice(0, 12)}…, not ${digest.slice(0, 12)}… that was agreed on`);
      }
      const open = clock === 'virtual' ? [] : openValues(plan);
      if (open.length > 0) throw refused(`the plan leaves open what is deployed (${open.join(', ')})`);
      await checkClock({ clock, workflowTime });
      const { policy } = options;
      if (policy) {
        const subject = { deployment, service: plan.service, digest };
        const problem = await judgeStart(policy, subject, begunBy(start ?? {}), Date.now());
        if (problem !== undefined) throw refused(`${problem}, as this worker’s policy has it`);
      }
      // Demos and rehearsals come and go as they like, and deploy to nothing that outlives them.
      const refusal = clock === 'virtual' ? undefined : refusalToStart(await precedents(plan.service), after);
      if (refusal !== undefined) throw refused(refusal);
      const demands = policy && demandsOf(policy, plan.service);
      const runners = policy && ownRunnersOf(policy, { ...plan, admitting: runnerOf(options.runner) });
      const evidence = await evidenceOf(plan);
      // Last of all: what was refused for another reason was not admitted.
      if (clock === 'real') await admitOnce(deployment, [options.state, plan.evidence]);
      return { runner: options.runner, evidence, ...(demands ? { demands } : {}), ...(runners ? { runners } : {}) };
    },
    checkClock,
    async stateOfRun({ workflowId, runId }) {
      const { workflow } = Context.current().client;
      const asked = await workflow.getHandle(workflowId, runId).describe();
      if (asked.status.name === 'RUNNING') return asked.status.name;
      // One that was reset goes on as another run, with the watches that it has begun.
      const last = await workflow.getHandle(workflowId).describe();
      return (firstRunOf(last) === firstRunOf(asked) ? last : asked).status.name;
    },
  };
}

const firstRunOf = ({ raw }: WorkflowExecutionDescription): string | null | undefined =>
  raw.workflowExecutionInfo?.firstRunId;

async function evidenceOf({ evidence }: Pick<ResolvedPlan, 'evidence'>): Promise<string> {
  try {
    return await evidenceIdentity(evidence);
  } catch (error) {
    throw refused(`the evidence folder ${evidence} of this worker cannot be used: ${messageOf(error)}`);
  }
}

/** In each folder, as either can be lost: the runner's own, and the one that runners have in common. */
async function admitOnce(deployment: string, folders: readonly (string | undefined)[]): Promise<void> {
  const run = Context.current().info.workflowExecution?.runId ?? '';
  for (const folder of folders) {
    if (folder === undefined) continue;
    const first = await admittedRun(folder, deployment, run).catch((error: unknown) => {
      throw refused(`whether ${deployment} was admitted before cannot be told: ${messageOf(error)}`);
    });
    if (first === run) continue;
    throw refused(
      `${deployment} was admitted before, for the run ${first}, and is not admitted a second time: this start is a copy of ` +
        'that one, or the run was reset to before its admission; start a new deployment',
    );
  }
}

const askTemporal =
  (runsOf: (client: Client) => RunsOfTemporal) =>
  (service: string): Promise<Precedents> => {
    const { client, info } = Context.current();
    return precedentsOf(runsOf(client), service, info.workflowExecution?.runId);
  };

const refused = (message: string) =>
  ApplicationFailure.create({ type: FailureType.Refused, message: `Refused: ${message}`, nonRetryable: true });

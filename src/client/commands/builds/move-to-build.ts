/** `surefoot move --to-build`: another build carries a deployment on, where its code goes with all that has happened. */
import { type DeployInput, newLedger } from '../../../contract/deployment.js';
import { judgeDecision } from '../../../domain/decisions/decisions.js';
import { decidersUnder } from '../../../domain/decisions/demands.js';
import type { Decision, Ledger } from '../../../domain/ledger/ledger.js';
import { commandQueues } from '../../../domain/runner.js';
import { ownBuild } from '../../../local/release.js';
import { type History, readHistory } from '../../../report/history/history.js';
import { MisfitError, replay } from '../../../report/history/replay.js';
import { openPartsOf, pinTo, type RunningWorkflow } from '../../../temporal/builds.js';
import { type Connected, withConnection } from '../../../temporal/connection.js';
import { type FoundDeployment, findDeployment, readLedger, servicesFor } from '../../../temporal/deployments.js';
import { CliError, EXIT, innermost, usageError } from '../../../temporal/errors.js';
import { queueServices } from '../../../temporal/queue-service.js';
import { notRunning, sendDecision } from '../../../temporal/send-decision.js';
import { nextLine } from '../../rendering/next-line.js';
import pc from '../../terminal/colors.js';
import { note, print, printJson } from '../../terminal/output.js';
import { onlyRole, signDecision } from '../decide.js';
import { type Ground, type LeftPart, type Takeover, takeOver } from './taking-over.js';

interface Move {
  /** Deployment ID, service or workflow ID. */
  reference: string | undefined;
  build: string;
  who: string;
  role?: string;
  why?: string;
  digest?: string;
  /** What it is signed with, where that is asked for. */
  key?: string;
  json: boolean;
}

/** @throws CliError exit 2 where it is refused, 3 where the build has no workers for it, 1 where it was moved in part */
export async function moveToBuild({ reference, json, role, key, ...asked }: Move): Promise<number> {
  const { build, who } = asked;
  mustBeOwn(build);
  return await withConnection(async (connected) => {
    const found = await findDeployment(connected, reference);
    const name = found.deployment ?? found.workflowId;
    const ground = groundOf(connected, { found, who });
    const parts = await ground.look();
    if (parts.length === 0) throw notRunning(found);
    const { ledger, input, isRecorded } = await historyOf(connected, { found, build });
    const { deployment } = ledger;
    const decision: Decision = {
      kind: 'move',
      ...asked,
      role: role ?? onlyRole('move', undefined, ledger),
      deployment,
    };
    if (key !== undefined) await signDecision(decision, ledger, key);
    const approvals = decidersUnder(ledger.demands, input.plan.approvals, input.startedBy);
    const judgement = judgeDecision(ledger, approvals, decision);
    if (!judgement.accepted) throw usageError(`Refused: ${judgement.reason}`, NOTHING_CHANGED);
    if (isRecorded && parts.every((part) => part.build === build))
      throw usageError(`Refused: build ${build} carries ${name} out already`, NOTHING_CHANGED);
    await mustBeServed(connected, { name, build, queues: commandQueues(ledger) });
    const takeover = await takeOver(build, ground);
    mustBeWhole(takeover, { name, build });
    const moved = takeover.moved.map(({ workflowId }) => workflowId);
    const from = [...new Set(parts.flatMap((part) => (part.build === build ? [] : (part.build ?? []))))];
    const now = { ...found, build };
    const reason = found.running ? await record(connected, { found: now, decision, moved }) : undefined;
    if (json) {
      const { workflowId, runId } = found;
      const said = { ...decision, envelope: undefined, reason: reason ?? null };
      printJson({ accepted: true, ...said, moved, deploymentId: name, workflowId, runId });
      return EXIT.good;
    }
    if (reason === undefined) print(`${pc.green('✓')} build ${build} carries out what is left of ${name}`);
    else print(`${pc.green('✓')} move by ${who} (${decision.role}): ${reason}`);
    if (moved.length > 0) print(`  moved: ${moved.join(', ')}`);
    for (const former of from)
      print(`  its worker may go when nothing else runs on it: ${pc.cyan(`surefoot drain ${former} --wait`)}`);
    if (reason === undefined) {
      note(
        `${name} has ended (${found.status.toLowerCase()}): its ledger takes no decision any more. Temporal's history of what was moved says by whom.`,
      );
      return EXIT.good;
    }
    const after = await readLedger(connected, now).catch(() => undefined);
    if (after) print(nextLine(after, { colors: pc, services: await servicesFor(connected, now, after) }));
    return EXIT.good;
  });
}

const NOTHING_CHANGED = 'Nothing was changed. See what is waited for with `surefoot status`.';

/** Only the code of a build says whether it would have decided the same. */
function mustBeOwn(build: string): void {
  const own = ownBuild();
  if (own === build) return;
  throw usageError(
    `This is build ${own}: whether build ${build} would have decided the same is seen under its own code only`,
    `Type it where build ${build} is installed, as in the container or on the machine of its worker, whose log's first line names it. Nothing was changed.`,
  );
}

/** @throws CliError exit 3 where it is not known that the build would do all that the deployment needs */
async function mustBeServed(
  connected: Connected,
  { name, build, queues }: { name: string; build: string; queues: string[] },
): Promise<void> {
  const services = await queueServices(connected, queues, { build });
  const lacking = services.filter(({ state }) => state !== 'served');
  if (lacking.length === 0) return;
  throw new CliError(`Build ${build} cannot carry ${name} on: ${lacking.map(({ text }) => text).join('; ')}`, {
    hint: `${lacking.at(-1)?.advice ?? 'Look at `surefoot versions`, and repeat the command.'} Nothing was changed.`,
    exitCode: EXIT.unreachable,
  });
}

function groundOf(connected: Connected, { found, who }: { found: FoundDeployment; who: string }): Ground {
  return {
    look: () => openPartsOf(connected, found),
    misfitOf: async ({ workflowId, runId }) => {
      try {
        await replay(workflowId, await fetchHistory(connected, { workflowId, runId }));
        return undefined;
      } catch (error) {
        if (error instanceof MisfitError) return innermost(error);
        throw error;
      }
    },
    pin: (part, build) => pinTo(connected, part, { build, identity: `surefoot move by ${who}` }),
  };
}

async function fetchHistory(
  { client }: Connected,
  { workflowId, runId }: Pick<RunningWorkflow, 'workflowId' | 'runId'>,
): Promise<History> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return readHistory(events ?? [], client.options.loadedDataConverter);
}

/**
 * How the deployment stands by the build's own reading of its history: its former workers may be away.
 * @returns also whether it says by whom the build was given it, where it did not begin on it
 */
async function historyOf(
  connected: Connected,
  { found, build }: { found: FoundDeployment; build: string },
): Promise<{ input: DeployInput; ledger: Ledger; isRecorded: boolean }> {
  const history = await fetchHistory(connected, found);
  const input = history.input as DeployInput | undefined;
  if (!input?.plan || !input.deployment) {
    throw new CliError(`The history of ${found.workflowId} cannot be read: what it was started with is no deployment`, {
      hint: 'If payloads are encrypted, set SUREFOOT_PAYLOAD_KEYS to the keys that they were encrypted with. Nothing was changed.',
      exitCode: EXIT.badly,
    });
  }
  const ledger = await ledgerOf(history, { found, input, build });
  const last = ledger.decisions.findLast(({ kind, accepted, ...said }) => kind === 'move' && accepted && said.build);
  const wasMoved = history.events.some((event) => event.workflowExecutionOptionsUpdatedEventAttributes);
  return { input, ledger, isRecorded: !wasMoved || last?.build === build };
}

async function ledgerOf(
  history: History,
  { found, input, build }: { found: FoundDeployment; input: DeployInput; build: string },
): Promise<Ledger> {
  try {
    const published = (await replay(found.workflowId, history)) as Ledger | undefined;
    return published ?? newLedger(input, history.startedAt);
  } catch (error) {
    if (!(error instanceof MisfitError)) throw error;
    throw notFitting([{ part: found, why: innermost(error) }], build);
  }
}

const notFitting = (misfits: Misfit[], build: string): CliError =>
  usageError(
    `Refused: build ${build} does not go with what has happened so far. ${misfits.map(inWords).join('. ')}`,
    'Nothing was changed. Keep the workers of the build that carries it out until it has ended.',
  );

type Misfit = { part: Pick<RunningWorkflow, 'workflowId'>; why: string };

const inWords = ({ part, why }: Misfit): string => `${part.workflowId}: ${why}`;

/** @throws CliError that says exactly what is where */
function mustBeWhole(
  { moved, misfits, left, unseen }: Takeover,
  { name, build }: { name: string; build: string },
): void {
  if (unseen) {
    const parts = unseen.parts.map(({ workflowId }) => workflowId).join(', ');
    throw new CliError(
      `Whether build ${build} has taken ${name} over is not known (${unseen.why}): it was given ${parts}`,
      {
        hint: 'Repeat the same command: it looks again, and goes on with what is left.',
        exitCode: EXIT.unreachable,
      },
    );
  }
  const behind: LeftPart[] = [...misfits, ...left];
  if (behind.length === 0) return;
  const isUnchanged = moved.length === 0 && left.length === 0 && misfits.every(({ part }) => part.build !== build);
  if (isUnchanged) throw notFitting(misfits, build);
  const done = moved.length === 0 ? 'nothing' : moved.map(({ workflowId }) => workflowId).join(', ');
  const stays = behind.map(
    ({ part, why }) => `${inWords({ part, why })} (on ${part.build ? `build ${part.build}` : 'no build'})`,
  );
  throw new CliError(`${name} was moved to build ${build} in part: ${done}. Left: ${stays.join('; ')}`, {
    hint: 'Keep the workers of both builds. The same command, repeated, goes on with what is left, and then writes the move down.',
    exitCode: EXIT.badly,
  });
}

/** The first that the build does for the deployment is to write down who has given it to it: that it answers shows that it took. */
async function record(
  connected: Connected,
  { found, decision, moved }: { found: FoundDeployment; decision: Decision; moved: string[] },
): Promise<string> {
  try {
    return await sendDecision(connected, found, decision);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const parts = moved.length === 0 ? 'it' : moved.join(', ');
    throw new CliError(
      `Build ${decision.build} was given ${parts}, and the ledger does not say so yet: ${error.message}`,
      {
        hint: `Repeat the same command: it only writes the move down. ${error.hint}`,
        exitCode: error.exitCode,
        cause: error,
      },
    );
  }
}

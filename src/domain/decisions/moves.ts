/** Judging a move: where the commands of a deployment are to run from then on, or which build is to carry all of it out. */
import type { Decision, Ledger } from '../ledger/ledger.js';
import {
  affectedBy,
  type CommandQueues,
  commandQueues,
  isQueueOf,
  isRunnerIdentity,
  movesTo,
  type OwnRunners,
  queueFor,
  type RunnerMove,
} from '../runner.js';

type Destination = Pick<Decision, 'to' | 'build'>;

/**
 * Why it cannot be; undefined when it can, if that runner is served, or that build carries the deployment out: which is
 * looked at before it counts.
 */
export function whyNotMoved(
  { runner, runners, claims, outcome }: Ledger,
  { to, build }: Destination,
): string | undefined {
  if (outcome) return `the deployment has already ended: ${outcome}`;
  if (build !== undefined) return to === undefined ? undefined : 'a move is to a runner or to a build: say one of them';
  if (to === undefined) return 'say where to: the identity of another runner, as its log and its runner.json name it';
  if (!isRunnerIdentity(to)) {
    return `"${to.slice(0, 40)}" is no runner's identity: those are 16 characters of 0-9 and a-f`;
  }
  if (runner === undefined) return 'no runner has admitted the deployment yet: any that is served will';
  if (commandQueues({ runner, runners }).every((queue) => isQueueOf(queue, to))) return runsThere(to);
  const other = claims.find((claim) => claim.kind === 'move' && claim.to !== undefined);
  return other && `whether runner ${other.to} is served is being looked at, for ${other.who}`;
}

const runsThere = (to: string, of = ''): string => `its commands${of} run on runner ${to} already`;

/** What a move comes to, in words. @param of whose commands, where that is not all of them */
export const movedTo = ({ to, build }: Destination, of = ''): string =>
  build === undefined
    ? `its commands${of} run on runner ${to} from now on`
    : `build ${build} carries it out from now on`;

/** What a runner says of itself when it is asked whether it is there. */
interface Answer {
  environment?: keyof OwnRunners;
  named?: (keyof OwnRunners)[];
}

/** What a move changes, once its runner has answered: only then it is known whose commands may go there. */
export function judgeMove(
  queues: CommandQueues,
  { identity, queue, answer = {} }: { identity: string; queue: string; answer?: Answer },
): { moves: RunnerMove[]; reason: string } | { refused: string } {
  const moves = movesTo(queues, { identity, queue, named: answer.named });
  const affected = moves.flatMap((move) => affectedBy(queues, move));
  if (affected.length === 0) return { refused: namesOthers(queues, identity) };
  const { environment } = answer;
  const others = environment === undefined ? [] : affected.filter((other) => other !== environment);
  if (others.length > 0) {
    return { refused: `the worker of runner ${identity} serves ${environment} only, and not ${others.join(' and ')}` };
  }
  const of = queues.runners ? ` of ${affected.join(' and ')}` : '';
  if (affected.every((each) => queueFor(queues, each) === queue)) {
    const others = of && ', and it may run no others';
    return { refused: `${runsThere(identity, of)}${others}` };
  }
  return { moves, reason: movedTo({ to: identity }, of) };
}

function namesOthers({ runners = {} }: CommandQueues, identity: string): string {
  const lists = Object.entries(runners).map(([environment, { named }]) => `${environment}: ${named.join(', ')}`);
  return `runner ${identity} is none of those that the policy names (${lists.join('; ')}): name it under \`runners\` in its worker’s policy, and start that again`;
}

/**
 * A build takes a deployment over by the server's word, and by its whole history; then it is written down. So what is said of
 * one holds already, or is refused. @param own the build that hears it, where there are builds
 */
export function whyNotOnBuild(build: string, own: string | undefined): string | undefined {
  if (build === own) return undefined;
  return `${nameOf(own)} carries it out, and to say so changes nothing: \`surefoot move DEPLOYMENT --to-build ${build.slice(0, 80)}\`, typed where that build's code is, looks whether it can take it over`;
}

/** What does a deployment's work is of its own build. @param answered the build of the runner's worker that has answered */
export function whyNotOfBuild(
  runner: string,
  { answered, own }: { answered: string | undefined; own: string | undefined },
): string | undefined {
  if (answered === own) return undefined;
  const other = answered === undefined ? 'names no build' : `is of build ${answered}`;
  const advice =
    own === undefined
      ? 'what began without a build needs a worker without one there'
      : `start \`surefoot worker --build-id ${own} --state DIR\` there, with the code of that build and the runner's state folder`;
  return `the worker of runner ${runner} ${other}, and ${nameOf(own)} carries the deployment out: ${advice}`;
}

const nameOf = (build: string | undefined): string =>
  build === undefined ? 'a worker without a build' : `build ${build}`;

/** People who do their part: one thing at a time, each in a way of their own, and now and then late. */
import { runnerQueue } from '../../src/contract/names.js';
import type { Ledger, OpenQuestion } from '../../src/domain/ledger/ledger.js';
import type { PlayedDeployment } from './deployment.js';

/** How often in a deployment time goes by although somebody is waited for. */
const MOST_LATENESS = 8;

/** Does one of the things that the deployment waits for, or lets time go by. */
export async function helpOut(played: PlayedDeployment, ledger: Ledger): Promise<void> {
  const late = played.attempts.late ?? 0;
  if (late < MOST_LATENESS && played.choose(3) === 0) {
    played.attempts.late = late + 1;
    for (let events = played.choose(10); events >= 0; events -= 1) await played.temporal.step();
    return;
  }
  const open = ledger.questions.filter(({ answer }) => answer === undefined);
  const question = open[played.choose(open.length)];
  if (ledger.held && (question === undefined || played.choose(2) === 0)) {
    const [person] = played.plan.approvals.roster;
    played.send('resume', { who: person?.id, role: person?.roles[0], subject: 'hold' });
  } else if (question?.kind === 'approvals') signOff(played, ledger, question);
  else if (question?.kind === 'runner-not-served') seeToRunner(played, question);
  else if (question) answerSensibly(played, question);
  await played.temporal.step();
}

/** Those who are called at once answer at once, or leave it to the time limit. */
export async function answerCall(played: PlayedDeployment): Promise<void> {
  const { questions } = await played.ledger();
  const question = questions.find(({ kind, answer }) => !answer && (kind === 'concern' || kind === 'rollback-choice'));
  if (question) played.seen.add(`asked: ${question.kind}`);
  if (question && played.choose(3) > 0) answerSensibly(played, question);
}

/** Each person with the role that they are needed for. */
export const SIGNERS = [
  { who: 'ana.souza', role: 'tech-lead' },
  { who: 'carla.mendes', role: 'backend-team' },
  { who: 'diego.alves', role: 'devops' },
  { who: 'fabio.nunes', role: 'qa' },
  { who: 'gabriela.dias', role: 'product-owner' },
  { who: 'elisa.rocha', role: 'devops' },
  { who: 'elisa.rocha', role: 'qa' },
  { who: 'helena.costa', role: 'product-owner' },
];

/** Somebody who is free signs off for a role that is open. */
export function signOff(played: PlayedDeployment, { approvals }: Ledger, { roles, digest = '' }: OpenQuestion): void {
  const open = roles.filter((role) => !approvals.some((approval) => approval.role === role));
  const role = open[played.choose(open.length)];
  const free = SIGNERS.filter(({ who }) => !approvals.some((approval) => approval.who === who));
  const { who } = free.find((signer) => signer.role === role) ?? {};
  if (who && role) played.approve({ who, role, digest });
}

const MACHINES = ['fedcba9876543210', '0123456789abcdef', 'aaaabbbbccccdddd'];

/** Its machine is there again, or is given up for another one. */
function seeToRunner(played: PlayedDeployment, { id }: OpenQuestion): void {
  const tries = (played.attempts[id] ?? 0) + 1;
  played.attempts[id] = tries;
  const others = MACHINES.filter((machine) => !played.lost.has(runnerQueue(machine)));
  const to = others[played.choose(others.length)];
  const isBack = tries > 3 || played.choose(2) === 0 || to === undefined;
  played.seen.add(isBack ? 'served again' : 'moved');
  if (isBack) for (const queue of played.lost) played.serve(queue);
  else played.send('move', { who: 'diego.alves', role: 'devops', why: 'looked at', to });
}

/** Tries again twice, then goes on without it, or gives up. */
function answerSensibly(played: PlayedDeployment, question: OpenQuestion): void {
  const { id, kind, moves, roles } = question;
  const tries = (played.attempts[id] ?? 0) + 1;
  played.attempts[id] = tries;
  const lastResort = moves.includes('skip') ? 'skip' : 'abort';
  // Who is refused again and again does something else in the end.
  const isEnough = tries > (moves.includes('retry') ? 2 : 8) && moves.includes(lastResort);
  const isAgain = moves.includes('retry') && kind !== 'outcome-unknown';
  const move = isEnough ? lastResort : isAgain ? 'retry' : moves[played.choose(moves.length)];
  const option = move === 'rollback' ? ['full', 'code', 'migration'][played.choose(3)] : undefined;
  // What they have seen with their own eyes, where the deployment is not certain of it.
  const isNamed = (option === 'full' || option === 'migration') && played.choose(2) === 0;
  const revision = isNamed ? (played.world.base ?? 'base') : undefined;
  const person = played.plan.approvals.roster.find((candidate) => candidate.roles.some((role) => roles.includes(role)));
  const role = person?.roles.find((candidate) => roles.includes(candidate));
  if (move) played.send(move, { who: person?.id, role, why: 'looked at', subject: id, option, revision });
}

/** A decision by questions and answers at a terminal. Nothing is sent before the last of them is answered with yes. */
import type { ResolvedPlan } from '../../../contract/plan/plan.js';
import { judgeDecision } from '../../../domain/decisions/decisions.js';
import { decidersUnder, isDemanded, knownDeciders } from '../../../domain/decisions/demands.js';
import {
  askedFor,
  type Decider,
  isSignedOnly,
  type Matter,
  mattersFor,
  typedDecision,
  whyRevision,
} from '../../../domain/decisions/matters.js';
import { inertValues } from '../../../domain/inert.js';
import { DECISION_KINDS, type DecisionKind } from '../../../domain/ledger/decision-kinds.js';
import { type Decision, type Ledger, ROLLBACK_KINDS, type RollbackKind } from '../../../domain/ledger/ledger.js';
import { startedWith } from '../../../report/history/started-with.js';
import type { Connected } from '../../../temporal/connection.js';
import { type FoundDeployment, findDeployment, findRun, readLedger } from '../../../temporal/deployments.js';
import { CliError, innermost, usageError } from '../../../temporal/errors.js';
import { listDeployments } from '../../../temporal/list-deployments.js';
import { notRunning } from '../../../temporal/send-decision.js';
import { matterText } from '../../rendering/matter.js';
import pc from '../../terminal/colors.js';
import { note } from '../../terminal/output.js';
import type { AskPerson } from '../../terminal/questions.js';

/** What is told who ends it early, or does not confirm it. */
export const UNDECIDED = 'Nothing was decided: the deployment waits as before.';

/** What was typed already is not asked again. */
export interface Typed {
  subject?: string;
  deployment?: string;
  role?: string;
  why?: string;
  option?: RollbackKind;
  revision?: string;
  to?: string;
  sign?: string;
}

export interface GuidedDecision {
  decision: Decision;
  /** The SSH key that signs it. */
  key?: string;
}

interface Candidate {
  found: FoundDeployment;
  ledger: Ledger;
  matters: Matter[];
}

/** @throws CliError where nothing waits for such a decision, or it is not confirmed */
export async function askDecision(
  connected: Connected,
  { meant, typed, ask }: { meant: DecisionKind; typed: Typed; ask: AskPerson },
): Promise<GuidedDecision> {
  const candidate = await chooseDeployment(await candidatesFor(connected, meant, typed), ask);
  const { ledger, found } = candidate;
  const input = await startedWith(connected, found).catch(() => undefined);
  const plan = input && inertValues(input.plan);
  const matter = await choose(
    ask,
    'Which one?',
    candidate.matters,
    ({ title, subject }) => `${title} (${subject ?? ledger.deployment})`,
  );
  note(matterText(ledger, matter));
  const kind = await choose(ask, 'What do you say?', matter.kinds, (each) => `${each}: ${DECISION_KINDS[each].help}`);
  const decider = await chooseDecider(ask, kind, { ledger, matter, plan, role: typed.role });
  const decision: Decision = {
    kind,
    who: decider.person,
    role: decider.role,
    deployment: ledger.deployment,
    ...(matter.subject === undefined ? {} : { subject: matter.subject }),
    ...(kind === 'approve' ? { digest: ledger.proposal?.digest } : {}),
  };
  Object.assign(decision, await more(ask, decision, { ledger, typed }));
  const key = await keyFor(ask, kind, { ledger, plan, typed });
  return await confirmed(ask, { decision, ...(key === undefined ? {} : { key }) }, { ledger, plan });
}

async function candidatesFor(
  connected: Connected,
  kind: DecisionKind,
  { deployment, subject }: Typed,
): Promise<Candidate[]> {
  const mattersOf = (ledger: Ledger) =>
    mattersFor(kind, ledger).filter((matter) => subject === undefined || matter.subject === subject);
  const of = async (found: FoundDeployment): Promise<Candidate> => {
    const ledger = await readLedger(connected, found);
    return { found, ledger, matters: mattersOf(ledger) };
  };
  const silent: string[] = [];
  const running = async (): Promise<Candidate[]> => {
    const listed = (await listDeployments(connected)).filter(({ outcome }) => outcome === 'running');
    const looks = listed.map(async (each) => {
      try {
        const found = await findRun(connected, each);
        return found?.running ? [await of(found)] : [];
      } catch (error) {
        silent.push(
          `${each.deployment ?? each.workflowId}: ${error instanceof CliError ? error.message : innermost(error)}`,
        );
        return [];
      }
    });
    return (await Promise.all(looks)).flat();
  };
  const named = async (): Promise<Candidate[]> => {
    const found = await findDeployment(connected, deployment);
    if (!found.running) throw notRunning(found);
    return [await of(found)];
  };
  const all = deployment === undefined ? await running() : await named();
  if (silent.length > 0) note(pc.yellow(`What these wait for is not known:\n  ${silent.join('\n  ')}`));
  const waiting = all.filter(({ matters }) => matters.length > 0);
  if (waiting.length > 0) return waiting;
  const known = silent.length > 0 ? ', as far as is known' : '';
  throw usageError(
    `Nothing that runs waits for ${kind}${known}`,
    'See with `surefoot list` what runs, and what it waits for.',
  );
}

const chooseDeployment = (all: readonly Candidate[], ask: AskPerson): Promise<Candidate> =>
  choose(ask, 'Which deployment?', all, ({ ledger: { deployment, title, release, phase } }) => {
    return `${deployment}: ${title}, ${release.previous} → ${release.target}, in ${phase}`;
  });

/** One of several, the first where nothing is said; the only one is not asked for. */
async function choose<Choice>(
  ask: AskPerson,
  question: string,
  choices: readonly Choice[],
  text: (choice: Choice) => string,
): Promise<Choice> {
  const [only] = choices;
  if (only !== undefined && choices.length === 1) return only;
  note(`\n${choices.map((choice, index) => `  ${index + 1}  ${text(choice)}`).join('\n')}`);
  for (;;) {
    const chosen = choices[Number(await ask(question, '1')) - 1];
    if (chosen !== undefined) return chosen;
    note(`Answer with a number from 1 to ${choices.length}.`);
  }
}

/** An answer that may not be empty. */
async function needed(ask: AskPerson, question: string): Promise<string> {
  for (;;) {
    const said = await ask(question);
    if (said !== '') return said;
    note('This has to be said.');
  }
}

interface Known {
  ledger: Ledger;
  plan: ResolvedPlan | undefined;
}

const approvalsOf = ({ ledger, plan }: Known) =>
  plan && decidersUnder(ledger.demands, plan.approvals, ledger.startedBy);

async function chooseDecider(
  ask: AskPerson,
  kind: DecisionKind,
  { matter, role, ...known }: Known & { matter: Matter; role: string | undefined },
): Promise<Pick<Decider, 'person' | 'role'>> {
  const { ledger, plan } = known;
  const deciders = knownDeciders(ledger, plan?.approvals);
  if (deciders === undefined) {
    note('Who may say so is not known here: its plan cannot be read.');
    return { person: await needed(ask, 'Your ID on the roster?'), role: role ?? (await needed(ask, 'Your role?')) };
  }
  const asked = askedFor(kind, matter, { ledger, deciders }).filter((each) => role === undefined || each.role === role);
  const offered = asked.filter(({ whyNot }) => whyNot === undefined);
  const notes = [...new Set(asked.flatMap(({ whyNot }) => whyNot ?? []))];
  if (notes.length > 0) note(pc.dim(`\nNot offered: ${notes.join('; ')}`));
  if (offered.length === 0) throw usageError(`Nobody on the roster may say ${kind} here`, UNDECIDED);
  return await choose(ask, 'Who are you?', offered, (each) => `${each.person} (${each.name}), as ${each.role}`);
}

/** What else such a decision has to say. */
async function more(
  ask: AskPerson,
  { kind, subject }: Decision,
  { ledger, typed }: { ledger: Ledger; typed: Typed },
): Promise<Pick<Decision, 'option' | 'revision' | 'to' | 'why'>> {
  const said: Pick<Decision, 'option' | 'revision' | 'to' | 'why'> = {};
  if (kind === 'rollback') {
    const isAgain = ledger.questions.some((question) => question.id === subject && question.kind === 'rollback-failed');
    const ways = [...(isAgain ? [] : ([undefined] as const)), ...ROLLBACK_KINDS];
    said.option = typed.option ?? (await choose(ask, 'Which way back?', ways, (way) => way ?? 'as the plan chooses'));
    const doubts = whyRevision(ledger, { kind, option: said.option });
    if (doubts !== undefined) note(doubts);
    said.revision = typed.revision ?? (doubts && (await needed(ask, 'Which revision does the database go back to?')));
  }
  if (kind === 'move') said.to = typed.to ?? (await needed(ask, 'Which runner, by its identity?'));
  said.why = typed.why ?? (DECISION_KINDS[kind].asksWhy && (await needed(ask, 'Why? Your reason is kept:')));
  return said;
}

async function keyFor(
  ask: AskPerson,
  kind: DecisionKind,
  { typed, ...known }: Known & { typed: Typed },
): Promise<string | undefined> {
  const approvals = approvalsOf(known);
  const isSigned = isSignedOnly(kind, { ledger: known.ledger, ...(approvals ? { approvals } : {}) });
  if (isSigned === false || typed.sign !== undefined) return typed.sign;
  if (isSigned) return await needed(ask, 'It has to be signed. The path of your SSH key?');
  return (
    (await ask('Whether it has to be signed is not known here. The path of your SSH key (empty: unsigned)?')) ||
    undefined
  );
}

async function confirmed(ask: AskPerson, answered: GuidedDecision, known: Known): Promise<GuidedDecision> {
  const { decision, key } = answered;
  const approvals = approvalsOf(known);
  const judged =
    approvals && !isDemanded(known.ledger.demands, decision.kind)
      ? judgeDecision(known.ledger, { ...approvals, signed: false }, decision)
      : undefined;
  const ahead =
    judged === undefined ? [] : [`${judged.accepted ? 'It would lead to' : 'It would be refused'}: ${judged.reason}`];
  note(['', ...ahead, `The same, typed: ${pc.cyan(typedDecision(decision, key))}`].join('\n'));
  const said = await ask(`${decision.kind} as ${decision.who} (${decision.role})? yes or no`, 'no');
  if (/^(y|yes)$/i.test(said)) return answered;
  throw usageError('It was not confirmed', UNDECIDED);
}

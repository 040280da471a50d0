import { type Command, Option } from 'commander';
import { approvalStatement } from '../../domain/decisions/approvals.js';
import { names } from '../../domain/decisions/decisions.js';
import { isDemanded } from '../../domain/decisions/demands.js';
import { DECISION_KINDS, type DecisionKind } from '../../domain/ledger/decision-kinds.js';
import { type Decision, type Ledger, ROLLBACK_KINDS, type RollbackKind } from '../../domain/ledger/ledger.js';
import { asSaid, saidInDecision } from '../../policy/said-in-decision.js';
import { withConnection } from '../../temporal/connection.js';
import { findDeployment, readLedger, servicesFor } from '../../temporal/deployments.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { notRunning, sendDecision } from '../../temporal/send-decision.js';
import { nextLine } from '../rendering/next-line.js';
import pc from '../terminal/colors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { sealStatement, signStatement } from './trust/signing.js';
import { buildName } from './worker.js';

interface DecideOptions {
  as?: string;
  role?: string;
  why?: string;
  deployment?: string;
  digest?: string;
  option?: RollbackKind;
  revision?: string;
  sign?: string;
  to?: string;
  toBuild?: string;
  json?: boolean;
}

/** As it would be typed. */
function exampleOf(kind: DecisionKind): string {
  const { who, role, subject, to, why, option } = DECISION_KINDS[kind].example;
  const words = ['surefoot', kind, ...(subject ? [subject] : []), '--as', who, '--role', role];
  if (to) words.push('--to', to);
  if (why) words.push('--why', `"${why}"`);
  if (option) words.push('--option', option);
  return words.join(' ');
}

/** The command for one of the things that a person can say. */
export function defineDecision(command: Command, kind: DecisionKind): void {
  if (kind === 'move') {
    command
      .argument('[DEPLOYMENT]', `${WHICH} (default: the one running)`)
      .option('--to <RUNNER>', 'the other runner, by its identity: its log and its runner.json name it')
      .addOption(
        new Option('--to-build <BUILD>', 'the build that is to carry all of it out: typed where its code is')
          .argParser(buildName)
          .conflicts('to'),
      );
  } else command.argument('[SUBJECT]', 'the question, step or criterion, where more than one is open');
  command
    .option('--as <WHO>', "who decides: an ID on the plan's roster")
    .option('--role <ROLE>', 'the role in which this person decides')
    .option('--why <TEXT>', 'the reason')
    .option('--deployment <ID>', `${WHICH} (default: the one running)`)
    .option('--sign <KEY>', 'sign it with this SSH key, where that is asked for')
    .option('--digest <DIGEST>', digestHelp(kind))
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', `\nExample:\n  $ ${exampleOf(kind)}${kind === 'move' ? `\n  $ ${TO_BUILD}` : ''}`);
  if (kind === 'rollback') {
    command.addOption(
      new Option('--option <OPTION>', 'which rollback, instead of the one the plan chooses').choices(ROLLBACK_KINDS),
    );
    command.option('--revision <REVISION>', 'what the database goes back to, where that is not certain; `base`: none');
  }
  command.action(
    exiting((said: string | undefined, options: DecideOptions) =>
      kind === 'move' ? move({ ...options, deployment: said ?? options.deployment }) : decide(kind, said, options),
    ),
  );
}

const TO_BUILD =
  'surefoot move eduautismo --to-build 0.2.0-4be1c2a09d35 --as diego.alves --role devops --why "the old machine goes"';

async function move(options: DecideOptions): Promise<number> {
  const { toBuild: build, deployment: reference, role, why, digest, sign, json = false } = options;
  if (build === undefined) return await decide('move', undefined, options);
  // What it takes to go through histories is loaded for this only.
  const { moveToBuild } = await import('./builds/move-to-build.js');
  return await moveToBuild({ reference, build, who: whoOf('move', options), role, why, digest, key: sign, json });
}

const WHICH = 'deployment ID, service or workflow ID';

const digestHelp = (kind: DecisionKind): string =>
  kind === 'approve'
    ? 'what you approve, as `surefoot status` shows it (default: what is asked for now)'
    : 'refuse when the plan is not this one';

function whoOf(kind: DecisionKind, { as: who }: DecideOptions): string {
  if (!who) throw usageError(`Who decides is missing`, `Add --as WHO, for example: ${exampleOf(kind)}`);
  return who;
}

/** Whoever has not said who decides is asked, where somebody sits there to answer. */
const isAsking = ({ as: who, json }: DecideOptions): boolean =>
  !who && !json && process.stdin.isTTY === true && process.stderr.isTTY === true && process.stdout.isTTY === true;

async function decideByDialogue(meant: DecisionKind, subject: string | undefined, options: DecideOptions) {
  // Only who is asked needs what asks.
  const [{ askDecision, UNDECIDED }, { withQuestions }] = await Promise.all([
    import('./deciding/dialogue.js'),
    import('../terminal/questions.js'),
  ]);
  const terminal = { input: process.stdin, output: process.stderr };
  const { decision, key } = await withConnection((connected) =>
    withQuestions(
      terminal,
      (ask) =>
        askDecision(connected, { meant, typed: { ...options, ...(subject === undefined ? {} : { subject }) }, ask }),
      UNDECIDED,
    ),
  );
  const { kind, who: as } = decision;
  return await decide(kind, decision.subject, {
    ...options,
    ...decision,
    as,
    ...(key === undefined ? {} : { sign: key }),
  });
}

async function decide(kind: DecisionKind, subject: string | undefined, options: DecideOptions): Promise<number> {
  if (isAsking(options)) return await decideByDialogue(kind, subject, options);
  const who = whoOf(kind, options);
  return await withConnection(async (connected) => {
    const found = await findDeployment(connected, options.deployment);
    if (!found.running) throw notRunning(found);
    const { why, option, revision, to } = options;
    const before = await readLedger(connected, found);
    const role = options.role ?? onlyRole(kind, subject, before);
    const { deployment } = before;
    const digest = digestOf(kind, options.digest, before.proposal?.digest);
    const decision: Decision = { kind, who, role, why, subject, deployment, digest, option, revision, to };
    if (options.sign !== undefined) await signDecision(decision, before, options.sign);
    const ledTo = await sendDecision(connected, found, decision);
    const after = await readLedger(connected, found).catch(() => undefined);
    if (options.json) {
      const deploymentId = found.deployment ?? after?.deployment ?? null;
      printJson({
        accepted: true,
        ...decision,
        signature: undefined,
        envelope: undefined,
        reason: ledTo,
        deploymentId,
        workflowId: found.workflowId,
        runId: found.runId,
      });
      return EXIT.good;
    }
    print(`${pc.green('✓')} ${kind} by ${who} (${role}): ${ledTo}`);
    if (after) print(nextLine(after, { colors: pc, services: await servicesFor(connected, found, after) }));
    return EXIT.good;
  });
}

/** As the deployment asks for it: by the policy of its runner, or by its plan. */
export async function signDecision(decision: Decision, before: Ledger, key: string): Promise<void> {
  const { kind, who, role, digest } = decision;
  const { deployment, demands } = before;
  if (isDemanded(demands, kind)) {
    const said = saidInDecision(decision, before);
    if (said.backup !== undefined) note(`what is restored: ${said.backup}`);
    Object.assign(decision, asSaid(decision, said), { envelope: await sealStatement(said, key) });
  } else if (kind === 'approve' && digest !== undefined) {
    decision.signature = await signStatement(approvalStatement({ deployment, digest, role, who }), key);
  } else if (kind !== 'approve') {
    throw usageError(`This deployment asks for no signature to ${kind}`, 'Leave --sign out.');
  }
}

/** What is approved, in full where its beginning was given: a signature is of the whole digest. */
function digestOf(kind: DecisionKind, given: string | undefined, proposed: string | undefined): string | undefined {
  if (kind !== 'approve' || proposed === undefined) return given;
  return given === undefined || names(given, proposed) ? proposed : given;
}

/** The role needs no saying when the one open question has one role that may answer it. */
export function onlyRole(kind: DecisionKind, subject: string | undefined, ledger: Ledger): string {
  const kinds = DECISION_KINDS[kind].answers;
  const open = ledger.questions.filter(
    (question) =>
      kinds.includes(question.kind) && !question.answer && (subject === undefined || question.id === subject),
  );
  const roles = [...new Set(open.flatMap((question) => question.roles))];
  if (roles.length === 1 && roles[0] !== undefined) return roles[0];
  const known = roles.length > 0 ? ` (one of ${roles.join(', ')})` : '';
  throw usageError(`The role in which you ${kind} is missing`, `Add --role ROLE${known}.`);
}

import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { type Command, Option } from 'commander';
import pc from 'picocolors';
import { decideUpdate } from '../../contract/messages.js';
import { approvalStatement } from '../../domain/approvals.js';
import { names } from '../../domain/decisions.js';
import {
  DECISIONS,
  type Decision,
  type DecisionKind,
  type Ledger,
  type OpenQuestion,
  WAYS_BACK,
  type WayBack,
} from '../../domain/ledger.js';
import { type Connected, withConnection } from '../connection.js';
import { type Found, findDeployment, readLedger, unansweredError } from '../deployments.js';
import { CliError, EXIT, innermost, usageError } from '../errors.js';
import { exiting, print, printJson } from '../output.js';
import { nextLine } from '../rendering/status.js';
import { signStatement } from '../signing.js';

const DECIDE_WITHIN = 15_000;

interface DecideOptions {
  as?: string;
  role?: string;
  why?: string;
  deployment?: string;
  digest?: string;
  option?: WayBack;
  revision?: string;
  sign?: string;
  json?: boolean;
}

const DESCRIPTIONS: Record<DecisionKind, string> = {
  approve: 'sign off for a role',
  reject: 'refuse the sign-off and stop the deployment',
  confirm: 'confirm what only a person can know',
  hold: 'hold before the next step',
  resume: 'go on after a hold, or carry on despite a concern',
  retry: 'run the failed step once more',
  skip: 'go on without the failed step',
  override: 'go on outside a freeze, deploy or low-traffic window',
  abort: 'stop; production is rolled back when it has changed',
  rollback: 'roll production back',
};

const EXAMPLES: Record<DecisionKind, string> = {
  approve: 'surefoot approve --as fabio.nunes --role qa',
  reject: 'surefoot reject --as fabio.nunes --role qa --why "the Swagger page shows an old schema"',
  confirm: 'surefoot confirm infrastructure --as diego.alves --role devops',
  hold: 'surefoot hold --as diego.alves --role devops --why "an incident elsewhere"',
  resume: 'surefoot resume --as diego.alves --role devops',
  retry: 'surefoot retry staging.health --as diego.alves --role devops',
  skip: 'surefoot skip staging.logs --as diego.alves --role devops --why "known noise, see ticket 12"',
  override: 'surefoot override --as ana.souza --role tech-lead --why "the fix cannot wait for Monday"',
  abort: 'surefoot abort --as diego.alves --role devops --why "the release is postponed"',
  rollback: 'surefoot rollback --as diego.alves --role devops --why "customers report errors" --option full',
};

/** The questions a decision can answer. */
const ANSWERS: Partial<Record<DecisionKind, OpenQuestion['kind'][]>> = {
  approve: ['approvals'],
  reject: ['approvals'],
  confirm: ['confirmation'],
  resume: ['concern'],
  retry: ['step-failed', 'watch-unknown', 'rollback-failed'],
  skip: ['confirmation', 'step-failed', 'watch-unknown', 'rollback-failed'],
  override: ['window'],
};

/** One command for each thing a person can say. */
export function registerDecisions(program: Command): void {
  for (const kind of DECISIONS) {
    const command = program
      .command(kind)
      .description(DESCRIPTIONS[kind])
      .argument('[SUBJECT]', 'the question, step or criterion, where more than one is open')
      .option('--as <WHO>', "who decides: an ID on the plan's roster")
      .option('--role <ROLE>', 'the role in which this person decides')
      .option('--why <TEXT>', 'the reason')
      .option('--deployment <ID>', 'deployment ID, service or workflow ID (default: the one running)')
      .option('--digest <DIGEST>', digestHelp(kind))
      .option('--json', 'one JSON document on stdout')
      .addHelpText('after', `\nExample:\n  $ ${EXAMPLES[kind]}`);
    if (kind === 'approve') {
      command.option('--sign <KEY>', 'sign the approval with this SSH key');
    }
    if (kind === 'rollback') {
      command.addOption(
        new Option('--option <OPTION>', 'which rollback, instead of the one the plan chooses').choices(WAYS_BACK),
      );
      command.option(
        '--revision <REVISION>',
        'what the database goes back to, where that is not certain; `base`: none',
      );
    }
    command.action(exiting((subject: string | undefined, options: DecideOptions) => decide(kind, subject, options)));
  }
}

const digestHelp = (kind: DecisionKind): string =>
  kind === 'approve'
    ? 'what you approve, as `surefoot status` shows it (default: what is asked for now)'
    : 'refuse when the plan is not this one';

async function decide(kind: DecisionKind, subject: string | undefined, options: DecideOptions): Promise<number> {
  const who = options.as;
  if (!who) throw usageError(`Who decides is missing`, `Add --as WHO, for example: ${EXAMPLES[kind]}`);
  return await withConnection(async (connected) => {
    const found = await findDeployment(connected, options.deployment);
    if (!found.running) throw notRunning(found);
    const { why, option, revision } = options;
    const before = await readLedger(connected, found);
    const role = options.role ?? onlyRole(kind, subject, before);
    const { deployment } = before;
    const digest = digestOf(kind, options.digest, before.proposal?.digest);
    const decision: Decision = { kind, who, role, why, subject, deployment, digest, option, revision };
    if (options.sign !== undefined && digest !== undefined) {
      decision.signature = await signStatement(approvalStatement({ deployment, digest, role, who }), options.sign);
    }
    const ledTo = await send(connected, found, decision);
    const after = await readLedger(connected, found).catch(() => undefined);
    if (options.json) {
      const deploymentId = found.deployment ?? after?.deployment ?? null;
      printJson({
        accepted: true,
        ...decision,
        signature: undefined,
        reason: ledTo,
        deploymentId,
        workflowId: found.workflowId,
        runId: found.runId,
      });
      return EXIT.good;
    }
    print(`${pc.green('✓')} ${kind} by ${who} (${role}): ${ledTo}`);
    if (after) print(nextLine(after, { colors: pc }));
    return EXIT.good;
  });
}

/** What is approved, in full where its beginning was given: a signature is of the whole digest. */
function digestOf(kind: DecisionKind, given: string | undefined, proposed: string | undefined): string | undefined {
  if (kind !== 'approve' || proposed === undefined) return given;
  return given === undefined || names(given, proposed) ? proposed : given;
}

function notRunning(found: Found): CliError {
  const name = found.deployment ?? found.workflowId;
  return usageError(
    `${name} is not running any more (${found.status.toLowerCase()}); nothing can be decided about it`,
    `See how it ended with \`surefoot status ${name}\`.`,
  );
}

/** The role needs no saying when the one open question has one role that may answer it. */
export function onlyRole(kind: DecisionKind, subject: string | undefined, ledger: Ledger): string {
  const kinds = ANSWERS[kind] ?? [];
  const open = ledger.questions.filter(
    (question) =>
      kinds.includes(question.kind) && !question.answer && (subject === undefined || question.id === subject),
  );
  const roles = [...new Set(open.flatMap((question) => question.roles))];
  if (roles.length === 1 && roles[0] !== undefined) return roles[0];
  const known = roles.length > 0 ? ` (one of ${roles.join(', ')})` : '';
  throw usageError(`The role in which you ${kind} is missing`, `Add --role ROLE${known}.`);
}

async function send(connected: Connected, found: Found, decision: Decision): Promise<string> {
  try {
    const update = () => found.handle.executeUpdate(decideUpdate, { args: [decision] });
    return await connected.connection.withDeadline(Date.now() + DECIDE_WITHIN, update);
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      throw usageError(`Refused: ${innermost(error)}`, `See what is waited for with \`surefoot status\`.`);
    }
    if (error instanceof WorkflowNotFoundError) throw notRunning({ ...found, status: 'ended' });
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
    const { message, hint, exitCode } = await unansweredError(connected, found, error);
    throw new CliError(`${message}. The decision was not taken within ${DECIDE_WITHIN / 1_000} s`, {
      hint: `${hint} Then see with \`surefoot status\` whether it has to be repeated.`,
      exitCode,
      cause: error,
    });
  }
}

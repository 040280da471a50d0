import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { Command } from 'commander';
import type { SignedPlan } from '../../contract/deployment.js';
import { type DeployInput, startAttributes } from '../../contract/deployment.js';
import { deployWorkflowId, searchAttributes, TASK_QUEUE } from '../../contract/names.js';
import { watchesOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { releaseText, releaseValues } from '../../contract/plan/release-values.js';
import { formatDuration } from '../../domain/duration.js';
import { universalMinute } from '../../domain/ledger/beginning.js';
import { cell } from '../../domain/ledger/board.js';
import { release } from '../../local/release.js';
import { PlanError } from '../../plan/core/problems.js';
import { nearest } from '../../plan/core/suggest.js';
import { newDeploymentId } from '../../plan/deployment-id.js';
import type { LoadedPlan } from '../../plan/load.js';
import { type Connected, withConnection, workflowLink } from '../../temporal/connection.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import pc from '../terminal/colors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { beginsOn } from './builds/begins-on.js';
import { isAboutSearchAttributes, registerSearchAttributes } from './deployments/search-attributes.js';
import { problemsText, tryReleased, warningsText } from './plan.js';
import { alreadyRunning, mustBeFree, startedOver } from './precedents.js';
import { type AgreedOptions, checkKnown, foundText, saidOf, withAgreedOptions } from './release-options.js';
import { sealStart } from './trust/signing.js';
import { isWaiting, type WaitOptions, waitForStarted, withWaitOptions } from './watching/wait.js';

interface StartOptions extends AgreedOptions, WaitOptions {
  as?: string;
  virtual?: boolean;
  after?: string;
  at?: string;
  whenWindowOpens?: boolean;
  sign?: string;
  signedPlan?: string;
  why?: string;
  json?: boolean;
}

export function defineStart(command: Command): void {
  command.argument('<PLAN>', 'the plan file');
  withWaitOptions(withAgreedOptions(command))
    .option('--as <WHO>', 'who starts it (default: $USER); this person does not approve it unless the plan says so')
    .option('--at <TIME>', 'begin then: with its zone (2026-11-28T02:00-03:00), or the next 02:00')
    .addOption(
      command
        .createOption('--when-window-opens', 'begin when the plan’s deploy window opens; at once when it is open')
        .conflicts('at'),
    )
    .option('--after <RUN>', 'start over one that was ended from outside: its deployment or run ID; with --why')
    .option('--sign <KEY>', 'sign the start with this SSH key, for workers with a policy')
    .option(
      '--signed-plan <FILE>',
      'the plan as somebody has signed it (`surefoot plan sign`), for a policy that asks for it',
    )
    .option('--why <TEXT>', 'what you saw of production, and why it may be deployed to')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nWhat the plan leaves open of the release and nobody says is found out, and shown before anything starts.',
        '\nExamples:',
        '  $ surefoot start plans/eduautismo-performance.yaml --as ana.souza',
        '  $ surefoot start orders.yaml --target v5.1.0 --branch feature/refunds --as maya',
        '  $ surefoot start orders.yaml --target v5.1.0 --as maya --until sign-offs --timeout 30m',
        '  $ surefoot start orders.yaml --target v5.1.0 --as maya --at 02:00',
        '\nExit code 4 with --until or --timeout: it is still on its way.',
      ].join('\n'),
    )
    .addOption(command.createOption('--virtual').hideHelp())
    .action(exiting(start));
}

async function start(file: string, options: StartOptions): Promise<number> {
  if (options.virtual) {
    const hint = 'Leave --virtual out to deploy for real, or try the deployment with `surefoot demo`.';
    throw usageError('Virtual time exists only in demo and rehearsal; start always runs in real time', hint);
  }
  const startedBy = options.as ?? process.env.USER;
  if (!startedBy) throw usageError('Who starts the deployment is not known', 'Add --as WHO.');
  const { bindings, shorten } = options;
  const after = startedOver(options);
  const released = await tryReleased(file, { bindings, shorten, release: saidOf(options), production: true });
  if (released instanceof PlanError) {
    if (options.json) printJson({ ok: false, problems: released.problems });
    note(problemsText(released, file));
    return EXIT.usage;
  }
  const { plan, found } = released;
  checkKnown(released, 'nothing was started');
  checkStarter(startedBy, plan.resolved, options.sign);
  const signedPlan = options.signedPlan === undefined ? undefined : await signedBefore(options.signedPlan, plan);
  const beginning = await beginningOf(plan.resolved, options);
  if (found.length > 0) note(`${plan.resolved.service}: ${releaseText(plan.resolved)}\n${foundText(found)}`);
  return await withConnection(async (connected) => {
    const input: DeployInput = {
      deployment: newDeploymentId(plan.resolved.service),
      plan: plan.resolved,
      digest: plan.digest,
      startedBy,
      clock: 'real',
      ...(beginning?.at === undefined ? {} : { beginsAt: beginning.at }),
      ...(after ? { after } : {}),
      ...(signedPlan ? { signedPlan } : {}),
    };
    if (options.sign !== undefined) input.envelope = await sealStart(input, options.sign);
    await mustBeFree(connected, plan.resolved.service, after);
    const { build, service } = await beginsOn(connected);
    const execution = await startRegistering(connected, input);
    const link = workflowLink(connected, execution);
    const document = {
      ok: true,
      deploymentId: input.deployment,
      ...execution,
      digest: plan.digest,
      release: releaseValues(plan.resolved),
      ...(input.beginsAt === undefined ? {} : { beginsAt: new Date(input.beginsAt).toISOString() }),
      build: build ?? null,
      uiUrl: link ?? null,
      workers: service.state === 'unknown' ? null : service.workers,
    };
    const isOne = !isWaiting(options);
    if (!options.json) tell(input, { ...execution, link, build, begins: beginning?.text });
    else if (isOne) printJson(document);
    if (plan.warnings.length > 0) note(warningsText(plan.warnings));
    if (service.state === 'nobody') {
      note(`${pc.yellow('note')} ${service.text}: nothing happens until you run \`surefoot worker\``);
    }
    if (isOne) return EXIT.good;
    const { code, ...waited } = await waitForStarted(connected, execution, options);
    if (options.json) printJson({ ...document, ...waited });
    return code;
  });
}

async function signedBefore(file: string, plan: LoadedPlan): Promise<SignedPlan> {
  const { readSignedPlan } = await import('./trust/signed-plan.js');
  return readSignedPlan(file, plan);
}

/** @throws CliError for a time that cannot be kept */
async function beginningOf(
  { windows }: ResolvedPlan,
  { at, whenWindowOpens }: StartOptions,
): Promise<{ at?: number; text: string } | undefined> {
  if (at === undefined && !whenWindowOpens) return undefined;
  const { findBeginning } = await import('../../releases/find-beginning.js');
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const found = findBeginning({ at, windows, now: Date.now(), timeZone });
  if ('refused' in found) throw usageError(`${found.refused}: nothing was started`, found.hint);
  return found;
}

/** Who starts it is one of those who decide, spelt as there: in another spelling somebody else would approve it. */
function checkStarter(startedBy: string, { approvals }: ResolvedPlan, signed: string | undefined): void {
  const people = approvals.roster.map(({ id }) => id);
  // Of who signs the worker's policy knows the name.
  if (signed !== undefined || people.length === 0 || people.includes(startedBy)) return;
  const near = nearest(startedBy, people);
  throw usageError(
    `${startedBy} is not on the plan's roster (${people.join(', ')})`,
    near === undefined ? 'Add --as WHO.' : `Did you mean --as ${near}?`,
  );
}

function tell(
  input: DeployInput,
  { workflowId, link, build, begins }: { workflowId: string; link?: string; build?: string; begins?: string },
): void {
  print(`${pc.green('✓')} started ${pc.bold(input.deployment)} as ${input.startedBy}`);
  print(`  release   ${releaseText(input.plan)}`);
  if (begins) print(`  time      ${begins}`);
  if (build) print(`  build     ${build}`);
  print(`  workflow  ${workflowId}`);
  if (link) print(`  Web UI    ${link}`);
  print(`  look      surefoot status ${input.deployment}`);
  print(`  follow    surefoot watch ${input.deployment}`);
}

async function startRegistering(
  connected: Connected,
  input: DeployInput,
): Promise<{ workflowId: string; runId: string }> {
  try {
    return await startWorkflow(connected, input);
  } catch (error) {
    if (!isAboutSearchAttributes(error)) throw error;
  }
  await registerSearchAttributes(connected);
  return await startPatiently(connected, input);
}

/** A server takes a moment to know attributes that were just registered. */
async function startPatiently(
  connected: Connected,
  input: DeployInput,
): Promise<{ workflowId: string; runId: string }> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await startWorkflow(connected, input);
    } catch (error) {
      if (!isAboutSearchAttributes(error) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function startWorkflow(connected: Connected, input: DeployInput): Promise<{ workflowId: string; runId: string }> {
  const workflowId = deployWorkflowId(input.plan.service);
  try {
    const handle = await connected.client.workflow.start('DeployWorkflow', {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: new TypedSearchAttributes([
        ...startAttributes(input),
        { key: searchAttributes.phase, value: 'prerequisites' },
        { key: searchAttributes.verdict, value: 'running' },
      ]),
      staticSummary: `${input.plan.service}: ${releaseText(input.plan)}`,
      staticDetails: staticDetails(input),
      memo: {
        deployment: input.deployment,
        digest: input.digest,
        release: release(),
        ...(input.beginsAt === undefined ? {} : { beginsAt: input.beginsAt }),
      },
    });
    return { workflowId, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) throw await alreadyRunning(connected, workflowId);
    throw error;
  }
}

function staticDetails({ deployment, digest, plan, startedBy, beginsAt }: DeployInput): string {
  const watches = watchesOf(plan).map(({ title, duration }) => `${cell(title)} (${formatDuration(duration)})`);
  return [
    `**${cell(plan.title)}**`,
    `- deployment: \`${deployment}\``,
    `- plan digest: \`${digest}\``,
    `- started by: ${cell(startedBy)}`,
    ...(beginsAt === undefined ? [] : [`- begins at: ${universalMinute(beginsAt)}`]),
    `- watches: ${watches.join(', ') || 'none'}`,
  ].join('\n');
}

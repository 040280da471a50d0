/**
 * Whatever acts is done by somebody's word, as the policy of this very worker has it: looked at here, in this process and
 * right before the act. What Temporal carries is not believed, whoever has written it there.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { storeEvidence } from '../adapters/evidence/evidence-store.js';
import type { EvidencePlace, StepKey } from '../contract/activities/step.js';
import type { Authority } from '../contract/envelope.js';
import { FailureType } from '../contract/errors.js';
import type { StepReport } from '../domain/evidence.js';
import { LARGEST_RECORD, readText } from '../files/bounded-files.js';
import { digestOf } from '../plan/core/digest.js';
import { ACTS, type ActInput } from '../policy/acts.js';
import { type ActJudgement, judgeAct, type UnletAct } from '../policy/judge-act.js';
import { preparePasskeys } from '../policy/passkey.js';
import type { Policy } from '../policy/policy.js';
import { evidencePath } from './commands/recorded-commands.js';

interface Options {
  policy: Policy;
  /** Who this runner is. */
  runner: string;
  /** Its state folder, where it keeps what it has itself seen. */
  state: string;
}

type Input = ActInput & { key?: StepKey; evidence?: EvidencePlace; authority?: Authority };

/** Refuses acts that nobody may have done, and keeps by whose word the others were. One place for all of them. */
export function demandAuthority(options: Options) {
  if (options.policy.passkeys) preparePasskeys();
  return demanding(options);
}

const demanding = (options: Options) => () => ({
  inbound: {
    async execute<I extends { args: unknown[] }>(input: I, next: (input: I) => Promise<unknown>): Promise<unknown> {
      const { activityType: activity, attempt } = activityInfo();
      if (!ACTS.includes(activity)) return next(input);
      const asked = (input.args[0] ?? {}) as Input;
      const judged = await inTurn(() => judge(options, activity, asked));
      const mayHaveBegun = attempt > 1 || (asked.key?.begun ?? []).length > 0;
      if ('refused' in judged) throw mayHaveBegun ? leftAlone(judged) : unauthorised(judged);
      const result = await next(input);
      const { kind, on } = judged.act;
      if (activity === 'checkProduction' && on === 'production')
        await inTurn(() => rememberFound(options, asked, result));
      if (kind === 'look' || kind === 'read') return result;
      if (activity === 'migrate' && kind === 'forward') await inTurn(() => remember(options, asked, result));
      return withProof(asked, judged, result as StepReport);
    },
  },
});

let last: Promise<unknown> = Promise.resolve();

/** What is read and kept in one go: two acts that come at the same moment are not to live on the same word. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work, work);
  last = mine;
  return mine;
}

async function judge(options: Options, activity: string, input: Input): Promise<ActJudgement> {
  const { policy, runner } = options;
  const { authority } = input;
  const deployment = authority?.deployment ?? '';
  const seen = await remembered(options, deployment);
  const { before: migratedFrom, commits: commitsSeen, spent, changed = [] } = seen;
  const asked = { activity, input, authority, runner, migratedFrom, commitsSeen, spent, changed, now: Date.now() };
  const judged = await judgeAct(policy, asked);
  if ('refused' in judged) return judged;
  const { act, spends } = judged;
  const spending = spends.filter((nonce) => spent?.[nonce] === undefined);
  // Before it is done: whatever becomes of it, production may have changed.
  const changing = act.kind === 'forward' && authority ? [digestOf(authority.plan)] : [];
  const changedNow = changing.filter((digest) => !changed.includes(digest));
  if (spending.length === 0 && changedNow.length === 0) return judged;
  const spentNow = Object.fromEntries(spending.map((nonce) => [nonce, act.generation]));
  await keep(options, deployment, { ...seen, spent: { ...spent, ...spentNow }, changed: [...changed, ...changedNow] });
  return judged;
}

/** The words themselves are kept, so that anybody with the policy can open them again. */
async function withProof(
  { key, evidence, authority }: Input,
  { act, by }: Exclude<ActJudgement, UnletAct>,
  result: StepReport,
): Promise<StepReport> {
  if (!key || !evidence) return result;
  const envelopes = authority?.decisions.flatMap(({ envelope }) => envelope ?? []);
  const reference = await storeEvidence(evidence, {
    title: 'By whose word',
    path: evidencePath(key, 'authority.json'),
    content: `${JSON.stringify({ at: new Date().toISOString(), ...act, by, envelopes }, undefined, 2)}\n`,
  });
  return { ...result, evidence: [...result.evidence, reference] };
}

const recordOf = ({ state }: Options, deployment: string): string =>
  join(state, 'migrated', `${encodeURIComponent(deployment).replaceAll('.', '%2E')}.json`);

/** The revision that production had before this runner migrated it: as far as a downgrade goes by itself. */
async function remember(options: Options, { authority }: Input, result: unknown): Promise<void> {
  const { before } = result as { before?: string | null };
  if (before === undefined || !authority) return;
  const seen = await remembered(options, authority.deployment);
  // The first try is the one that migrated: a later one finds the work done.
  if (seen.before === undefined) await keep(options, authority.deployment, { ...seen, before });
}

/** What production has told of its commit: as far as a rollback of code goes by itself. */
async function rememberFound(options: Options, { authority }: Input, result: unknown): Promise<void> {
  const { found } = result as { found?: { commit?: string } };
  if (found?.commit === undefined || !authority) return;
  const seen = await remembered(options, authority.deployment);
  const commits = new Set([...(seen.commits ?? []), found.commit]);
  await keep(options, authority.deployment, { ...seen, commits: [...commits] });
}

interface Seen {
  before?: string | null;
  commits?: string[];
  spent?: Record<string, number>;
  /** By which plans this runner has begun to change production. */
  changed?: string[];
}

async function keep(options: Options, deployment: string, seen: Seen): Promise<void> {
  const file = recordOf(options, deployment);
  await mkdir(join(options.state, 'migrated'), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.part`, JSON.stringify(seen), { mode: 0o600 });
  await rename(`${file}.part`, file);
}

const remembered = (options: Options, deployment: string): Promise<Seen> =>
  readText(recordOf(options, deployment), LARGEST_RECORD).then(
    (text) => JSON.parse(text) as Seen,
    () => ({}),
  );

const unauthorised = ({ refused, wayOut }: UnletAct) =>
  ApplicationFailure.create({
    type: FailureType.NotAuthorised,
    message: `The policy of this runner does not let it be done: ${refused}. Nothing was begun${followed(wayOut)}`,
    nonRetryable: true,
  });

/** Words may end, and a policy may change, while a command is at work. */
const leftAlone = ({ refused, wayOut }: UnletAct) =>
  ApplicationFailure.create({
    type: FailureType.OutcomeUnknown,
    message:
      `The policy of this runner does not let it go on: ${refused}. An earlier attempt may have begun it: how that has ` +
      `ended is not known${followed(wayOut)}`,
    nonRetryable: true,
  });

const followed = (sentences: string | undefined): string => (sentences === undefined ? '' : `. ${sentences}`);

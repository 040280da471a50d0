/** Whether an act may be done now: by the policy of who does it, and by what people have signed. Nothing else counts. */
import type { Authority, SaidDecision } from '../contract/envelope.js';
import { fillRoles } from '../domain/decisions/approvals.js';
import { whyTooMany } from '../domain/decisions/room.js';
import { digestOf } from '../plan/core/digest.js';
import { type ActInput, leadsOn, type PlannedAct, plannedAct } from './acts.js';
import { type CountedWord, CountedWords, type Word, type WordSubject } from './counted-words.js';
import type { Policy, PolicyService } from './policy.js';
import { wayOut } from './way-out.js';

export interface AskedAct {
  activity: string;
  input: ActInput;
  authority: Authority | undefined;
  /** Who does it. */
  runner: string;
  /** The revision that this runner has itself seen production migrated from; undefined where it has seen none. */
  migratedFrom?: string | null;
  /** Commits that production itself has told this runner that it runs. */
  commitsSeen?: readonly string[];
  /** Digests of plans by which this runner has itself begun to change production, by words that all counted then. */
  changed?: readonly string[];
  /** CountedWords that have led this runner back once, by their nonces, and in which attempt. */
  spent?: Readonly<Record<string, number>>;
  /** Epoch milliseconds, by this machine's own clock. */
  now: number;
}

/** `spends`: the nonces of the words that are good for no other attempt from then on. */
export type ActJudgement = { act: PlannedAct; by: Word[]; spends: string[] } | UnletAct;

/** `wayOut`: what to do about it, where a word that comes with the act does not count. */
export interface UnletAct {
  refused: string;
  wayOut?: string;
}

/** Says why not, for people, where an act may not be done. */
export async function judgeAct(policy: Policy, asked: AskedAct): Promise<ActJudgement> {
  const { activity, input, authority, runner, now } = asked;
  if (!authority) return refused('nothing says by whose word it is to be done: the deployment began under no policy');
  const { deployment, plan, decisions } = authority;
  const others = [input.key, input.evidence].filter((part) => part && part.deployment !== deployment);
  if (others.length > 0) return refused('the words that come with it are about another deployment');
  const act = plannedAct(activity, input, plan);
  if (!act) return refused('it is no part of the plan that comes with it');
  const runners = act.on && policy.runners[act.on];
  if (runners && !runners.includes(runner)) return refused(`runner ${runner} does not serve ${act.on}`);
  const subject = { deployment, service: plan.service, digest: digestOf(plan) };
  const tooMany = whyTooMany(decisions);
  if (tooMany !== undefined) return refused(`it comes with ${tooMany}`);
  const { words, bad } = await counted(policy, subject, decisions, now);
  const about: Judged = { act, asked, authority, hasChanged: asked.changed?.includes(subject.digest) ?? false };
  // On the way back, and to who watches, what does not count is left out: it must keep nobody in a broken production.
  const isOnward = leadsOn(activity, act);
  const unbegun = startProblem(policy, words, subject);
  const isStoodFor = unbegun === undefined || (!isOnward && isStoodForByOthers(policy, words, { ...about, subject }));
  const unsaid = isOnward ? bad : undefined;
  const wrong = unsaid ?? (isStoodFor ? undefined : unbegun) ?? actProblem(policy, words, about);
  if (wrong !== undefined)
    return bad === undefined ? refused(wrong) : { refused: wrong, wayOut: wayOut(policy, deployment) };
  return { act, by: words.all, spends: spentBy(personalWords(policy, words, act), act) };
}

/** Whether a deployment may begin at all. @param said its start, and who stands for its plan. @returns why not */
export async function judgeStart(
  policy: Policy,
  subject: WordSubject,
  said: SaidDecision[],
  now: number,
): Promise<string | undefined> {
  const { words, bad } = await counted(policy, subject, said, now);
  const wrong = bad ?? startProblem(policy, words, subject);
  return wrong ?? words.late(['plan', 'start']) ?? words.runOut();
}

/** Whether a deployment that goes on has begun by words that count still, however late it is for another. @returns why not */
export async function judgeBegun(
  policy: Policy,
  subject: WordSubject,
  said: SaidDecision[],
  now: number,
): Promise<string | undefined> {
  const { words, bad } = await counted(policy, subject, said, now);
  const problem = startProblem(policy, words, subject);
  return problem && (bad ?? problem);
}

/** Whether one decision is what its envelope says, and may be said by whom it is of. @returns why not */
export async function judgeWord(
  policy: Policy,
  subject: WordSubject,
  decision: SaidDecision,
  now: number,
): Promise<string | undefined> {
  const { words, bad } = await counted(policy, subject, [decision], now);
  return bad ?? words.late([decision.kind]) ?? words.runOut();
}

/** What is said, as far as it counts; and why the first that does not count does not. */
async function counted(policy: Policy, subject: WordSubject, said: SaidDecision[], now: number) {
  const words = new CountedWords(policy, subject, now);
  return { words, bad: await words.read(said) };
}

const refused = (reason: string): UnletAct => ({ refused: reason });

function startProblem(policy: Policy, words: CountedWords, subject: WordSubject): string | undefined {
  const { services, people } = policy;
  const { service } = subject;
  const rules = services.get(service);
  if (!rules) return `the policy knows no service ${service}`;
  const unlet = planProblem(policy, words, { ...subject, rules });
  if (unlet !== undefined) return unlet;
  const [start, ...more] = words.said('start');
  if (!start) return words.whyNot('start') ?? 'nobody whose word counts has started it';
  if (more.length > 0) return 'it was started twice';
  const { person } = start.word;
  const mayStart = people.get(person)?.roles.some((role) => rules.start.includes(role));
  return mayStart ? undefined : `${person} may not start ${service} (${rules.start.join(', ')} may)`;
}

/** A plan is carried out that the policy names, or that somebody stands for whom it names; any where it names neither. */
function planProblem(
  { people }: Policy,
  words: CountedWords,
  { digest, rules: { plans, planSigners } }: WordSubject & { rules: PolicyService },
): string | undefined {
  if ((!plans && !planSigners) || plans?.includes(digest)) return undefined;
  if (!planSigners) return 'the plan is not one that the policy lets be carried out';
  if (words.said('plan').some(({ word }) => planSigners.includes(word.role))) return undefined;
  const unsigned = words.whyNot('plan');
  if (unsigned !== undefined) return unsigned;
  const signers = [...people.values()].filter(({ roles }) => roles.some((role) => planSigners.includes(role)));
  return (
    `nobody who signs plans (${planSigners.join(', ')}: ${signers.map(({ id }) => id).join(', ')}) has signed this one: ` +
    'one of them types `surefoot plan sign PLAN --as WHO --role ROLE --sign KEY --out FILE`, and it is started with ' +
    '--signed-plan FILE'
  );
}

interface Judged {
  act: PlannedAct;
  asked: AskedAct;
  authority: Authority;
  /** By this very plan, and by this runner's own record. */
  hasChanged: boolean;
}

/**
 * Who has started it, or stands for its plan, may be trusted no more while it is under way. Production is looked after all
 * the same: by this runner where it has changed it itself, else by the word of those who have signed that very plan off.
 */
function isStoodForByOthers(
  policy: Policy,
  words: CountedWords,
  { act, asked, authority, hasChanged, subject }: Judged & { subject: WordSubject },
): boolean {
  if (!policy.services.has(subject.service)) return false;
  if (hasChanged) return true;
  if (act.kind === 'look' || act.kind === 'read')
    return isSignedOff(policy, words, authority) || isVouchedFor(policy, words, subject);
  const isSaid = act.kind === 'end' || personalWords(policy, words, act).some((word) => isGood(word, act, asked));
  return isSaid && isSignedOff(policy, words, authority);
}

/** By signatures: what says without one who it is of, whoever reaches Temporal can say. */
function isSignedOff(policy: Policy, words: CountedWords, authority: Authority): boolean {
  const { approve = [] } = policy.services.get(authority.plan.service) ?? {};
  return approve.length > 0 && policy.signed.has('approve') && missingRoles(policy, words, authority).length === 0;
}

/** The policy itself, or one of those whom it names for that, stands for the plan. */
function isVouchedFor(policy: Policy, words: CountedWords, subject: WordSubject): boolean {
  const rules = policy.services.get(subject.service);
  if (!rules?.plans && !rules?.planSigners) return false;
  return planProblem(policy, words, { ...subject, rules }) === undefined;
}

function actProblem(
  policy: Policy,
  words: CountedWords,
  { act, asked, authority, hasChanged }: Judged,
): string | undefined {
  if (act.kind === 'look' || act.kind === 'read') return undefined;
  if (act.kind === 'end') return unended(words);
  const missing = missingRoles(policy, words, authority);
  const unsigned = missing.length > 0 ? unsignedText(words, missing) : undefined;
  if (act.kind === 'forward') {
    const late = unsigned ?? commitProblem(act, authority) ?? words.early() ?? words.late(['plan', 'start', 'approve']);
    return late ?? unrepeated(policy, words, act);
  }
  if (personalWords(policy, words, act).some((word) => isGood(word, act, asked))) return undefined;
  // What this runner has itself brought there by words that all counted, it takes back though one of them counts no more.
  const unlet = hasChanged ? undefined : unsigned;
  return act.kind === 'cover' ? unlet : (unlet ?? aloneProblem(policy, act, asked));
}

function unsignedText(words: CountedWords, missing: string[]): string {
  const why = words.whyNot('approve');
  return `not signed off as ${missing.join(', ')}${why === undefined ? '' : ` (${why})`}`;
}

/** A branch that has moved since is not what was signed. */
function commitProblem({ commit }: PlannedAct, { commit: signed = '' }: Authority): string | undefined {
  if (commit === undefined || commit === signed) return undefined;
  return `what was signed off is ${signed === '' ? 'no known commit' : `commit ${signed}`}, and not ${commit}`;
}

/** What a rollback that no person has signed must not be. */
function aloneProblem(
  { automaticRollback, decisions }: Policy,
  { kind, generation, beyond, to, commit, backup }: PlannedAct,
  { migratedFrom, commitsSeen = [] }: AskedAct,
): string | undefined {
  const unsaid = `nobody who may roll back (${decisions.rollback?.join(', ')}) has signed that`;
  if (kind === 'restore') return `a restore of ${backup} loses what was written since, and ${unsaid}`;
  if (!automaticRollback) return `the policy rolls nothing back by itself, and ${unsaid}`;
  if (generation > 1) return `it is tried again, and ${unsaid}`;
  if (beyond !== undefined) return `the plan does not go back to ${beyond}, and ${unsaid}`;
  if (commit !== undefined && !commitsSeen.includes(commit))
    return `production has not told this runner that it ran commit ${commit}, and ${unsaid}`;
  if (to === undefined || (migratedFrom !== undefined && to === migratedFrom)) return undefined;
  return `this runner has not migrated production from ${to ?? 'nothing'} itself, and ${unsaid}`;
}

/** Each role by a person of its own, for this very proposal, and none by who started it: by name and by key. */
function missingRoles(
  { services }: Policy,
  words: CountedWords,
  { plan, proposal, commit = '', decisions }: Authority,
): string[] {
  const needed = services.get(plan.service)?.approve ?? [];
  const begun = words.said('start').map(({ word }) => word);
  // Whose start counts no more has still started it.
  const starts = begun.length > 0 ? begun : claimedStarts(decisions);
  const counted = words
    .said('approve')
    .filter(({ statement: of }) => of === undefined || (of.proposal === proposal && of.commit === commit))
    .map(({ word }) => word)
    .filter(({ person, key }) => !starts.some((start) => start.person === person || (key && start.key === key)));
  const people = [...new Set(counted.map(({ person }) => person))].map((id) => ({
    id,
    roles: counted.filter(({ person }) => person === id).map(({ role }) => role),
  }));
  if (fillRoles(people, needed, false)) return [];
  const open = needed.filter((role) => !counted.some((word) => word.role === role));
  return open.length > 0 ? open : needed;
}

const claimedStarts = (decisions: SaidDecision[]): { person: string; key?: string }[] =>
  decisions.filter(({ kind }) => kind === 'start').map(({ who: person }) => ({ person }));

/** A command that is run once more is so by somebody's word, each time. */
function unrepeated({ signed }: Policy, words: CountedWords, { step, generation }: PlannedAct): string | undefined {
  if (!signed.has('retry')) return undefined;
  const retries = words.said('retry').filter(({ word }) => word.subject === step);
  return retries.length >= generation - 1 ? undefined : 'nobody has signed that it is tried again';
}

/** What somebody who may roll back has said of it, and not too long ago: one signature is enough. */
function personalWords({ decisions }: Policy, words: CountedWords, { kind, backup }: PlannedAct): CountedWord[] {
  const roles = decisions.rollback ?? [];
  return (['rollback', 'abort', 'retry'] as const)
    .flatMap((decision) => words.said(decision))
    .filter((counted) => {
      const { word, statement } = counted;
      const isAbout = word.decision !== 'retry' || word.subject === ROLLBACK_QUESTION;
      const isRestore = !statement || (statement.option === 'restore' && statement.backup === backup);
      const isEnough = kind !== 'restore' || isRestore;
      return isAbout && isEnough && roles.includes(word.role) && words.isInTime(counted);
    });
}

/** A word leads back once, whatever steps that takes: to try it again takes another one. */
function isGood({ statement }: CountedWord, { kind, generation }: PlannedAct, { spent = {} }: AskedAct): boolean {
  if (kind === 'cover' || !statement) return true;
  return (spent[statement.nonce] ?? generation) === generation;
}

function spentBy(personal: CountedWord[], { kind }: PlannedAct): string[] {
  if (kind !== 'back' && kind !== 'restore') return [];
  return personal.flatMap(({ statement }) => statement?.nonce ?? []);
}

/** What is left of a command is ended when somebody has said what is to follow it. */
function unended(words: CountedWords): string | undefined {
  const answers = (['retry', 'skip', 'rollback', 'abort'] as const).flatMap((kind) => words.said(kind));
  if (answers.some((answer) => words.isInTime(answer))) return undefined;
  return 'nobody whose word counts has said what is to follow it';
}

/** The question that is asked when a rollback has failed. */
const ROLLBACK_QUESTION = 'rollback';

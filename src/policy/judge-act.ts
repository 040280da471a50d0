/** Whether an act may be done now: by the policy of who does it, and by what people have signed. Nothing else counts. */
import type { Authority, SaidDecision, SignedKind, Statement } from '../contract/envelope.js';
import { fillRoles } from '../domain/decisions/approvals.js';
import { whyTooMany } from '../domain/decisions/room.js';
import { digestOf } from '../plan/core/digest.js';
import { type ActInput, type PlannedAct, plannedAct } from './acts.js';
import { type Opened, openEnvelope } from './open-envelope.js';
import type { Policy } from './policy.js';

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
  /** Words that have led this runner back once, by their nonces, and in which attempt. */
  spent?: Readonly<Record<string, number>>;
  /** Epoch milliseconds, by this machine's own clock. */
  now: number;
}

/** By whose word something is done. */
export interface Word {
  decision: SignedKind;
  person: string;
  role: string;
  subject: string;
  /** Of the key; missing where the policy asks for no signature. */
  key?: string;
}

/** `spends`: the nonces of the words that are good for no other attempt from then on. */
export type ActJudgement = { act: PlannedAct; by: Word[]; spends: string[] } | { refused: string };

/** What the words that come with something have to be about. */
interface Subject {
  deployment: string;
  service: string;
  /** The plan's digest. */
  digest: string;
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
  const words = new Words(policy, subject, now);
  const bad = await words.read(decisions);
  // On the way back, and to who watches, what does not count is left out: it must keep nobody in a broken production.
  const unsaid = act.kind === 'look' || act.kind === 'forward' ? bad : undefined;
  const wrong = unsaid ?? startProblem(policy, words, subject) ?? actProblem(policy, words, { act, asked, authority });
  if (wrong !== undefined) return refused(wrong);
  return { act, by: words.all, spends: spentBy(personalWords(policy, words, act), act) };
}

/** Whether a deployment may begin at all. @returns why not */
export async function judgeStart(
  policy: Policy,
  subject: Subject,
  start: SaidDecision,
  now: number,
): Promise<string | undefined> {
  const words = new Words(policy, subject, now);
  return (await words.read([start])) ?? startProblem(policy, words, subject) ?? words.late(['start']);
}

/** Whether one decision is what its envelope says, and may be said by whom it is of. @returns why not */
export async function judgeWord(
  policy: Policy,
  subject: Subject,
  decision: SaidDecision,
  now: number,
): Promise<string | undefined> {
  const words = new Words(policy, subject, now);
  return (await words.read([decision])) ?? words.late([decision.kind]);
}

const refused = (reason: string) => ({ refused: reason });

interface CountedWord {
  word: Word;
  /** Missing where the policy asks for no signature. */
  statement?: Statement;
}

/** The decisions that come with an act, as far as they count. */
class Words {
  private readonly counted: CountedWord[] = [];
  private readonly nonces = new Set<string>();

  constructor(
    private readonly policy: Policy,
    private readonly subject: Subject,
    private readonly now: number,
  ) {}

  get all(): Word[] {
    return this.counted.map(({ word }) => word);
  }

  /** @returns what is wrong with the first that does not count */
  async read(decisions: SaidDecision[]): Promise<string | undefined> {
    let first: string | undefined;
    // One after the other: which of two is there twice is no matter of luck.
    for (const decision of decisions) {
      const reason = await this.take(decision);
      if (reason !== undefined) first ??= `${decision.kind} by ${decision.who} does not count: ${reason}`;
    }
    return first;
  }

  said(kind: SignedKind): CountedWord[] {
    return this.counted.filter(({ word }) => word.decision === kind);
  }

  /** @returns which of these has come to its end */
  late(kinds: SignedKind[]): string | undefined {
    const late = this.counted.find((counted) => kinds.includes(counted.word.decision) && !this.isInTime(counted));
    return late && `${late.word.decision} by ${late.word.person} does not count any more: it has expired`;
  }

  isInTime({ statement }: CountedWord): boolean {
    return statement === undefined || this.now < Date.parse(statement.expires);
  }

  private async take(decision: SaidDecision): Promise<string | undefined> {
    const { policy } = this;
    const { kind, who, role, subject = '' } = decision;
    const person = policy.people.get(who);
    if (!person) return `${who} is not one of the people of the policy`;
    const opened = policy.signed.has(kind) ? await this.open(decision) : undefined;
    if (opened && 'refused' in opened) return opened.refused;
    if (kind !== 'start') {
      if (!person.roles.includes(role)) return `${who} does not have the role ${role}`;
      const { [kind]: allowed } = policy.decisions;
      if (allowed && !allowed.includes(role)) return `${kind} is said by ${allowed.join(', ')}`;
    }
    const word = { decision: kind, person: who, role, subject, key: opened?.fingerprint };
    this.counted.push({ word, statement: opened?.statement });
    return undefined;
  }

  /** The envelope says what the decision says, of this deployment and plan, and has not been counted yet. */
  private async open({
    kind,
    who,
    role,
    subject = '',
    option = '',
    revision = '',
    to = '',
    build = '',
    envelope,
  }: SaidDecision): Promise<Opened | { refused: string }> {
    if (envelope === undefined) return refused('it is not signed');
    const opened = await openEnvelope(this.policy, envelope, this.now);
    if ('refused' in opened) return opened;
    const { statement } = opened;
    const { deployment, service, digest } = this.subject;
    if (statement.deployment !== deployment) return refused('it was signed for another deployment');
    if (statement.service !== service) return refused('it was signed for another service');
    if (statement.plan !== digest) return refused('it was signed for another plan');
    if (statement.decision !== kind) return refused(`what was signed is ${statement.decision}`);
    if (statement.person !== who) return refused(`it was signed by ${statement.person}`);
    if (statement.role !== role) return refused(`it was signed as ${statement.role}`);
    if (statement.subject !== subject) return refused('it was signed about something else');
    if (statement.option !== option || statement.revision !== revision) return refused('another way back was signed');
    if (statement.to !== to) return refused('it was signed for another runner');
    if (statement.build !== build) return refused('it was signed for another build');
    if (this.nonces.has(statement.nonce)) return refused('it is there twice');
    this.nonces.add(statement.nonce);
    return opened;
  }
}

function startProblem({ services, people }: Policy, words: Words, { service, digest }: Subject): string | undefined {
  const rules = services.get(service);
  if (!rules) return `the policy knows no service ${service}`;
  if (rules.plans && !rules.plans.includes(digest)) return 'the plan is not one that the policy lets be carried out';
  const [start, ...more] = words.said('start');
  if (!start) return 'nobody whose word counts has started it';
  if (more.length > 0) return 'it was started twice';
  const { person } = start.word;
  const mayStart = people.get(person)?.roles.some((role) => rules.start.includes(role));
  return mayStart ? undefined : `${person} may not start ${service} (${rules.start.join(', ')} may)`;
}

function actProblem(
  policy: Policy,
  words: Words,
  { act, asked, authority }: { act: PlannedAct; asked: AskedAct; authority: Authority },
): string | undefined {
  if (act.kind === 'look' || act.kind === 'read') return undefined;
  if (act.kind === 'end') return unended(words);
  const missing = missingRoles(policy, words, authority);
  const unsigned = missing.length > 0 ? `not signed off as ${missing.join(', ')}` : undefined;
  if (act.kind === 'forward') {
    const late = unsigned ?? commitProblem(act, authority) ?? words.late(['start', 'approve']);
    return late ?? unrepeated(policy, words, act);
  }
  if (personalWords(policy, words, act).some((word) => isGood(word, act, asked))) return undefined;
  if (act.kind === 'cover') return unsigned;
  return unsigned ?? aloneProblem(policy, act, asked);
}

/** A branch that has moved since is not what was signed. */
function commitProblem({ commit }: PlannedAct, { commit: signed = '' }: Authority): string | undefined {
  if (commit === undefined || commit === signed) return undefined;
  return `what was signed off is ${signed === '' ? 'no known commit' : `commit ${signed}`}, and not ${commit}`;
}

/** What a rollback that no person has signed must not be. */
function aloneProblem(
  { automaticRollback, decisions }: Policy,
  { kind, generation, beyond, to, commit }: PlannedAct,
  { migratedFrom, commitsSeen = [] }: AskedAct,
): string | undefined {
  const unsaid = `nobody who may roll back (${decisions.rollback?.join(', ')}) has signed that`;
  if (kind === 'restore') return `a restore loses what was written since, and ${unsaid}`;
  if (!automaticRollback) return `the policy rolls nothing back by itself, and ${unsaid}`;
  if (generation > 1) return `it is tried again, and ${unsaid}`;
  if (beyond !== undefined) return `the plan does not go back to ${beyond}, and ${unsaid}`;
  if (commit !== undefined && !commitsSeen.includes(commit))
    return `production has not told this runner that it ran commit ${commit}, and ${unsaid}`;
  if (to === undefined || (migratedFrom !== undefined && to === migratedFrom)) return undefined;
  return `this runner has not migrated production from ${to ?? 'nothing'} itself, and ${unsaid}`;
}

/** Each role by a person of its own, for this very proposal, and none by who started it: by name and by key. */
function missingRoles({ services }: Policy, words: Words, { plan, proposal, commit = '' }: Authority): string[] {
  const needed = services.get(plan.service)?.approve ?? [];
  const starts = words.said('start').map(({ word }) => word);
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

/** A command that is run once more is so by somebody's word, each time. */
function unrepeated({ signed }: Policy, words: Words, { step, generation }: PlannedAct): string | undefined {
  if (!signed.has('retry')) return undefined;
  const retries = words.said('retry').filter(({ word }) => word.subject === step);
  return retries.length >= generation - 1 ? undefined : 'nobody has signed that it is tried again';
}

/** What somebody who may roll back has said of it, and not too long ago: one signature is enough. */
function personalWords({ decisions }: Policy, words: Words, { kind }: PlannedAct): CountedWord[] {
  const roles = decisions.rollback ?? [];
  return (['rollback', 'abort', 'retry'] as const)
    .flatMap((decision) => words.said(decision))
    .filter((counted) => {
      const { word, statement } = counted;
      const isAbout = word.decision !== 'retry' || word.subject === ROLLBACK_QUESTION;
      const isEnough = kind !== 'restore' || !statement || statement.option === 'restore';
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
function unended(words: Words): string | undefined {
  const answers = (['retry', 'skip', 'rollback', 'abort'] as const).flatMap((kind) => words.said(kind));
  if (answers.some((answer) => words.isInTime(answer))) return undefined;
  return 'nobody whose word counts has said what is to follow it';
}

/** The question that is asked when a rollback has failed. */
const ROLLBACK_QUESTION = 'rollback';

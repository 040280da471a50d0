/** The decisions that come with something, as far as they count: each opened, and held against what it is said to say. */
import type { JsonWebKey } from 'node:crypto';
import type { SaidDecision, SignedKind, Statement } from '../contract/envelope.js';
import { CLOCKS_APART } from '../domain/deployments/clocks.js';
import { type Opened, openEnvelope } from './open-envelope.js';
import type { Policy } from './policy.js';

/** By whose word something is done. */
export interface Word {
  decision: SignedKind;
  person: string;
  role: string;
  subject: string;
  /** Of the key; missing where the policy asks for no signature. */
  key?: string;
  /** The identity provider's key, where the signature is its word: it may be gone when somebody looks again. */
  verifiedBy?: JsonWebKey;
}

/** What the words that come with something have to be about. */
export interface WordSubject {
  deployment: string;
  service: string;
  /** The plan's digest. */
  digest: string;
}

export interface CountedWord {
  word: Word;
  /** Missing where the policy asks for no signature. */
  statement?: Statement;
  hasRunOut: boolean;
}

/** The decisions that come with an act, as far as they count. */
export class CountedWords {
  private readonly counted: CountedWord[] = [];
  private readonly uncounted: { kind: SignedKind; text: string }[] = [];
  private readonly nonces = new Set<string>();

  constructor(
    private readonly policy: Policy,
    private readonly subject: WordSubject,
    private readonly now: number,
  ) {}

  get all(): Word[] {
    return this.counted.map(({ word }) => word);
  }

  /** @returns what is wrong with the first that does not count */
  async read(decisions: SaidDecision[]): Promise<string | undefined> {
    // One after the other: which of two is there twice is no matter of luck.
    for (const decision of decisions) {
      if (decision.kind === 'plan' && !this.isPlanAsked) continue;
      const reason = await this.take(decision);
      if (reason === undefined) continue;
      const { kind, who } = decision;
      this.uncounted.push({ kind, text: `${kind} by ${who} does not count: ${reason}` });
    }
    return this.uncounted[0]?.text;
  }

  /** @returns what is wrong with the first of this kind that does not count */
  whyNot(kind: SignedKind): string | undefined {
    return this.uncounted.find((other) => other.kind === kind)?.text;
  }

  said(kind: SignedKind): CountedWord[] {
    return this.counted.filter(({ word }) => word.decision === kind);
  }

  /** @returns which of these has come to its end */
  late(kinds: SignedKind[]): string | undefined {
    const late = this.counted.find((counted) => kinds.includes(counted.word.decision) && !this.isInTime(counted));
    return late && `${late.word.decision} by ${late.word.person} does not count any more: it has expired`;
  }

  /** @returns which of these comes too late to be taken: what has been taken counts on */
  runOut(): string | undefined {
    const { word } = this.counted.find(({ hasRunOut }) => hasRunOut) ?? {};
    return word && `${word.decision} by ${word.person} does not count: its ID token had run out before it was taken`;
  }

  /** @returns which of these is not to count yet */
  early(): string | undefined {
    const early = this.counted.find(({ statement }) => this.now + CLOCKS_APART < Date.parse(statement?.begins ?? ''));
    return early && `${early.word.decision} by ${early.word.person} does not count before ${early.statement?.begins}`;
  }

  isInTime({ statement }: CountedWord): boolean {
    return statement === undefined || this.now < Date.parse(statement.expires);
  }

  /** Nobody has to stand for a plan that the policy names itself: whoever did may be gone by now. */
  private get isPlanAsked(): boolean {
    const { plans, planSigners } = this.policy.services.get(this.subject.service) ?? {};
    return planSigners !== undefined && !plans?.includes(this.subject.digest);
  }

  private async take(decision: SaidDecision): Promise<string | undefined> {
    const { policy } = this;
    const { kind, who, role, subject = '' } = decision;
    const person = policy.people.get(who);
    if (!person) return `${who} is not one of the people of the policy`;
    const opened = isSigned(policy, kind) ? await this.open(decision) : undefined;
    if (opened && 'refused' in opened) return opened.refused;
    if (kind !== 'start') {
      if (!person.roles.includes(role)) return `${who} does not have the role ${role}`;
      const allowed = kind === 'plan' ? undefined : policy.decisions[kind];
      if (allowed && !allowed.includes(role)) return `${kind} is said by ${allowed.join(', ')}`;
    }
    const { fingerprint: key, verifiedBy, statement, hasRunOut = false } = opened ?? {};
    const word = { decision: kind, person: who, role, subject, key, ...(verifiedBy && { verifiedBy }) };
    this.counted.push({ word, statement, hasRunOut });
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
    backup,
    to = '',
    build = '',
    begins,
    envelope,
  }: SaidDecision): Promise<Opened | { refused: string }> {
    if (envelope === undefined) return refused('it is not signed');
    const opened = await openEnvelope(this.policy, envelope, this.now);
    if ('refused' in opened) return opened;
    const { statement } = opened;
    const { deployment, service, digest } = this.subject;
    if (statement.deployment !== (kind === 'plan' ? '' : deployment))
      return refused('it was signed for another deployment');
    if (statement.service !== service) return refused('it was signed for another service');
    if (statement.plan !== digest) return refused('it was signed for another plan');
    if (statement.decision !== kind) return refused(`what was signed is ${statement.decision}`);
    if (statement.person !== who) return refused(`it was signed by ${statement.person}`);
    if (statement.role !== role) return refused(`it was signed as ${statement.role}`);
    if (statement.subject !== subject) return refused('it was signed about something else');
    if (statement.option !== option || statement.revision !== revision) return refused('another way back was signed');
    if (statement.backup !== backup) return refused('the restore of another backup was signed');
    if (statement.to !== to) return refused('it was signed for another runner');
    if (statement.build !== build) return refused('it was signed for another build');
    if (statement.begins !== begins) return refused('it was signed to begin at another time');
    if (this.nonces.has(statement.nonce)) return refused('it is there twice');
    this.nonces.add(statement.nonce);
    return opened;
  }
}

/** Who stands for a plan has signed it, whatever else is signed. */
const isSigned = ({ signed }: Policy, kind: SignedKind): boolean => kind === 'plan' || signed.has(kind);

const refused = (reason: string) => ({ refused: reason });

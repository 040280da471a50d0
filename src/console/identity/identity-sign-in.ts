/**
 * Signing in to the console at an identity provider, and standing for a decision there: each is signed by the person's
 * own passkey, or signed in for anew, with the hash of what is said as the nonce. The runner verifies either by itself.
 */
import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { names } from '../../domain/decisions/decisions.js';
import { isDemanded } from '../../domain/decisions/demands.js';
import { nonceOf, SIGNATURE_KINDS, type SignatureKind, sealedByProvider, statementOf } from '../../policy/dsse.js';
import { type IdentityToken, readToken } from '../../policy/identity-token.js';
import type { Policy } from '../../policy/policy.js';
import { asSaid, saidInDecision } from '../../policy/said-in-decision.js';
import { usageError } from '../../temporal/errors.js';
import {
  PASSKEY_PATH,
  type Send,
  SIGN_IN_PATH,
  type SignedIn,
  type SignIn,
  signInLink,
  type ToProve,
} from '../signed-in.js';
import { accountHolder } from './account-holder.js';
import { KeptForAWhile } from './kept-for-a-while.js';
import { PasskeyEnrolments } from './passkey-enrolments.js';
import { PasskeySignings } from './passkey-signings.js';
import { type AskedProvider, newVerifier, ProviderClient } from './provider-client.js';
import { type SecretCookie, secretCookie } from './secret-cookie.js';
import type { ToSend } from './to-send.js';

/** Milliseconds: a working day, half an hour away from it, and what a person takes at the provider. */
const SESSION = { longest: 8 * 3_600_000, idle: 30 * 60_000 };
const QUESTION = { longest: 10 * 60_000 };

interface Options {
  /** By which accounts are people's; its provider of this issuer is asked. */
  policy: Policy;
  issuer: string;
  /** Of a confidential client. */
  secret?: string;
  /** Under which people reach the console where something in front of it speaks TLS; as they ask for it otherwise. */
  origin?: string;
  clock?: () => number;
}

/** What a browser was sent to the provider with. It comes back with it once, and no other browser does. */
interface Question extends Omit<AskedProvider, 'state'> {
  browser: string;
  /** To come back to. */
  page: string;
  toSend?: ToSend;
}

/** @throws CliError exit 3 where the provider does not answer */
export async function identitySignIn(options: Options): Promise<SignIn> {
  const { policy, issuer, secret } = options;
  const provider = policy.identityProviders.get(issuer);
  if (!provider) throw usageError(`The policy knows no identity provider ${issuer}`, 'Add it to `identityProviders`.');
  const keys = [...policy.people.values()].flatMap((person) => person.keys);
  const byEmail = keys.some((key) => key.kind === 'oidc' && key.public.issuer === issuer && key.public.email);
  const client = await ProviderClient.found(provider, { secret, byEmail: byEmail === true });
  return new IdentitySignIn(client, options);
}

class IdentitySignIn implements SignIn {
  readonly isThere = true;
  readonly pages = new Hono();
  readonly enrolment: PasskeyEnrolments;
  readonly signing: PasskeySignings;
  private readonly sessions: KeptForAWhile<IdentityToken>;
  private readonly questions: KeptForAWhile<Question>;

  constructor(
    private readonly client: ProviderClient,
    private readonly options: Options,
  ) {
    const { clock = Date.now } = options;
    this.sessions = new KeptForAWhile(SESSION, clock);
    this.questions = new KeptForAWhile(QUESTION, clock);
    const browsers = {
      ...{ policy: options.policy, clock, originOf: (request: Request) => this.originOf(request) },
      sessionOf: (request: Request) => this.session(request).read(request),
    };
    this.enrolment = new PasskeyEnrolments({ ...browsers, whoAsks: (request) => this.whoAsks(request) });
    this.signing = new PasskeySignings(browsers);
    this.pages.get('/', ({ req }) => {
      const page = ownPage(req.query('to'));
      return this.ask(req.raw, { page, nonce: randomBytes(32).toString('base64url'), anew: false });
    });
    this.pages.get('/back', ({ req }) => this.back(req.raw));
    this.pages.post('/out', ({ req }) => this.out(req.raw));
  }

  get leadsTo(): readonly string[] {
    return this.client.origins;
  }

  async whoAsks(request: Request): Promise<SignedIn | undefined> {
    const token = this.sessions.get(this.session(request).read(request));
    return token && this.holderOf(token);
  }

  async prove({ decision, ledger, request, page }: ToProve, send: Send): Promise<Response> {
    const signedIn = await this.whoAsks(request);
    if (!signedIn) return redirected(signInLink(page));
    const { kind, who, role } = decision;
    if (who !== signedIn.person)
      throw usageError(
        `You have signed in as ${signedIn.person}, and not as ${who}. Nothing was sent`,
        'Sign out first.',
      );
    if (!isDemanded(ledger.demands, kind)) return await send(decision);
    const proposed = ledger.proposal?.digest ?? '';
    // What is signed names the proposal of now: it is not to be taken from somebody who has read another.
    if (kind === 'approve' && !names(decision.digest ?? '', proposed))
      throw usageError(
        'What you have read is not what is asked for by now. Nothing was sent',
        `Look again, and approve ${proposed.slice(0, 12)}.`,
      );
    const taken: readonly SignatureKind[] = this.options.policy.proofs.get(role) ?? SIGNATURE_KINDS;
    const isTaken = (proof: SignatureKind) => taken.includes(proof);
    const credentials = isTaken('passkey') ? this.signing.credentialsOf(who, request) : [];
    if (!isTaken('oidc') && credentials.length === 0) {
      const message = `As ${role}, ${kind} is proven by ${taken.join(' or ')}, and not by signing in. Nothing was sent`;
      const typed = `Type it: surefoot ${kind} --as ${who} --role ${role} --sign KEY`;
      const signed = `See at ${PASSKEY_PATH} where passkeys sign, or make one there and have it confirmed in the policy.`;
      throw usageError(message, isTaken('ssh') ? typed : signed);
    }
    const said = saidInDecision(decision, ledger);
    const statement = statementOf(said, this.now);
    const toSend = { decision: asSaid(decision, said), statement, send };
    const signIn = (asking: Request) => this.ask(asking, { page, nonce: nonceOf(statement), anew: true, toSend });
    // The person's own device is the stronger proof; who has it not at hand signs in where that is taken.
    if (credentials.length === 0) return await signIn(request);
    const place = this.signing.begin(request, { toSend, credentials, page, ...(isTaken('oidc') && { signIn }) });
    return redirected(place);
  }

  /** Sends the browser to the provider. */
  private async ask(request: Request, about: Pick<Question, 'page' | 'nonce' | 'anew' | 'toSend'>): Promise<Response> {
    const cookie = this.browser(request);
    const browser = cookie.read(request) ?? randomBytes(32).toString('base64url');
    const redirect = `${this.originOf(request)}${SIGN_IN_PATH}/back`;
    const question: Question = { ...about, browser, redirect, verifier: newVerifier() };
    const state = this.questions.put(question);
    return redirected(await this.client.place({ ...question, state }), cookie.written(browser));
  }

  /** A GET, as the provider sends browsers back by links: it does what this browser has begun by a form, once. */
  private async back(request: Request): Promise<Response> {
    const { search, searchParams } = new URL(request.url);
    const state = searchParams.get('state') ?? '';
    const question = this.questions.get(state);
    // Looked at first: who opens the address elsewhere does not spend it.
    if (!question || question.browser !== this.browser(request).read(request))
      throw usageError('This browser has asked for no such sign-in, or too long ago. Nothing was done', 'Begin anew.');
    this.questions.take(state);
    const answer = await this.client.answer(search, { ...question, state });
    if (answer === undefined) return redirected(question.page);
    const token = readToken(Buffer.from(answer));
    const holder = this.holderOf(token);
    if (!holder)
      throw usageError(
        'Your account there is nobody’s here. Nothing was done',
        `Who keeps the policy can add it: issuer ${token.claims.iss}, subject ${token.claims.sub}.`,
      );
    const { toSend } = question;
    if (!toSend) return this.signedIn(request, { token, page: question.page });
    const { decision, statement, send } = toSend;
    if (holder.person !== decision.who)
      throw usageError(
        `${holder.person} has signed in there, and it is ${decision.who} who says it. Nothing was sent`,
        `Sign in there as ${decision.who}.`,
      );
    return await send({ ...decision, envelope: await sealedByProvider(statement, answer) });
  }

  /** Under a new name each time: one that somebody has planted before is nobody's. */
  private signedIn(request: Request, { token, page }: { token: IdentityToken; page: string }): Response {
    const cookie = this.session(request);
    this.sessions.take(cookie.read(request));
    return redirected(page, cookie.written(this.sessions.put(token)));
  }

  private out(request: Request): Response {
    const cookie = this.session(request);
    const token = this.sessions.take(cookie.read(request));
    const place = token && this.client.endPlace(token.text, `${this.originOf(request)}/`);
    return redirected(place ?? '/', cookie.written(undefined));
  }

  private holderOf(token: IdentityToken): SignedIn | undefined {
    return accountHolder(this.options.policy, token, this.now);
  }

  private get now(): number {
    return (this.options.clock ?? Date.now)();
  }

  private originOf(request: Request): string {
    return this.options.origin ?? new URL(request.url).origin;
  }

  private session(request: Request): SecretCookie {
    return secretCookie('surefoot-session', this.originOf(request));
  }

  private browser(request: Request): SecretCookie {
    return secretCookie('surefoot-sign-in', this.originOf(request));
  }
}

/** A page of this console, whatever a link says. */
export function ownPage(asked: string | undefined): string {
  const here = 'http://console';
  const url = asked !== undefined && URL.canParse(asked, here) ? new URL(asked, here) : undefined;
  // With two slashes, what follows is a host to browsers.
  return url?.origin === here && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}` : '/';
}

function redirected(place: string, cookie?: string): Response {
  const headers = new Headers({ Location: place });
  if (cookie !== undefined) headers.append('Set-Cookie', cookie);
  return new Response(null, { status: 303, headers });
}

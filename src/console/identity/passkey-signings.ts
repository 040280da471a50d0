/** Decisions that people sign with their own passkeys: each with the hash of what is said as the challenge, once. */
import { nonceOf, sealedByPasskey } from '../../policy/dsse.js';
import { openEnvelope } from '../../policy/open-envelope.js';
import { readAssertion } from '../../policy/passkey.js';
import type { Policy } from '../../policy/policy.js';
import { isCounting } from '../../policy/words.js';
import { type PasskeySigning, SIGNING_PATH, type ToSign } from '../signed-in.js';
import { KeptForAWhile } from './kept-for-a-while.js';
import type { ToSend } from './to-send.js';

/** Milliseconds: what a person takes with the device. */
const ASKED = { longest: 10 * 60_000 };

const NOT_ASKED = { refused: 'this browser was asked for no such signature, or too long ago' };

/** What is known of the browsers that ask. */
export interface Browsers {
  policy: Policy;
  clock: () => number;
  /** Under which a browser has the console. */
  originOf(request: Request): string;
  /** The name of its session. */
  sessionOf(request: Request): string | undefined;
}

interface Asked {
  toSend: ToSend;
  /** Those that are asked. */
  credentials: string[];
  /** To come back to. */
  page: string;
  /** Signs in for it anew; missing where that does not prove it. */
  signIn?: (request: Request) => Promise<Response>;
}

export class PasskeySignings implements PasskeySigning {
  private readonly asked: KeptForAWhile<Asked & { session: string | undefined }>;

  constructor(private readonly browsers: Browsers) {
    this.asked = new KeptForAWhile(ASKED, browsers.clock);
  }

  /** Of a person, those that sign on this page, and count. */
  credentialsOf(person: string, request: Request): string[] {
    const { policy, clock, originOf } = this.browsers;
    if (!policy.passkeys?.origins.includes(originOf(request))) return [];
    const keys = policy.people.get(person)?.keys ?? [];
    return keys.flatMap((key) => (key.kind === 'passkey' && isCounting(key, clock()) ? [key.public.credential] : []));
  }

  /** @returns the address of the page on which it is signed */
  begin(request: Request, asked: Asked): string {
    return `${SIGNING_PATH}/${this.asked.put({ ...asked, session: this.browsers.sessionOf(request) })}`;
  }

  find(request: Request, name: string): ToSign | undefined {
    const asked = this.found(request, name);
    if (!asked) return undefined;
    const { toSend, credentials, page, signIn } = asked;
    const options = {
      challenge: nonceOf(toSend.statement),
      rpId: this.browsers.policy.passkeys?.id,
      allowCredentials: credentials.map((id) => ({ id, type: 'public-key' })),
      userVerification: 'required',
      timeout: 300_000,
    };
    return { decision: toSend.decision, options: JSON.stringify(options), page, orSignIn: signIn !== undefined };
  }

  async sign(request: Request, name: string, answer: string): Promise<Response | { refused: string }> {
    const { policy, clock } = this.browsers;
    const toSend = this.found(request, name)?.toSend;
    if (!toSend) return NOT_ASKED;
    const envelope = await sealedByPasskey(toSend.statement, async () => readAssertion(Buffer.from(answer))).catch(
      () => undefined,
    );
    if (envelope === undefined) return { refused: 'it is no answer of a browser' };
    // The runner looks for itself; what it would refuse is said here, where it can be signed again.
    const opened = await openEnvelope(policy, envelope, clock());
    if ('refused' in opened) return opened;
    if (!this.asked.take(name)) return NOT_ASKED;
    return await toSend.send({ ...toSend.decision, envelope });
  }

  async signIn(request: Request, name: string): Promise<Response | undefined> {
    return await this.found(request, name)?.signIn?.(request);
  }

  private found(request: Request, name: string): Asked | undefined {
    const asked = this.asked.get(name);
    return asked && asked.session === this.browsers.sessionOf(request) ? asked : undefined;
  }
}

/**
 * Passkeys that people make once they have signed in. What comes of it is a piece for the policy, and decides nothing: it
 * counts when whoever keeps the policy has confirmed it there.
 */
import { creationOptions, madePasskey, placeOn } from '../../policy/passkey-enrolment.js';
import type { Policy } from '../../policy/policy.js';
import { isCounting } from '../../policy/words.js';
import type { Begun, Enrolled, PasskeyEnrolment, SignedIn } from '../signed-in.js';
import { KeptForAWhile } from './kept-for-a-while.js';
import type { Browsers } from './passkey-signings.js';

/** Milliseconds: what a person takes with the device, and with what has come of it. */
const ASKED = { longest: 10 * 60_000 };
const MADE = { longest: 60 * 60_000 };

interface AskedBrowsers extends Omit<Browsers, 'policy'> {
  policy: Pick<Policy, 'people' | 'passkeys'>;
  whoAsks(request: Request): Promise<SignedIn | undefined>;
}

export class PasskeyEnrolments implements PasskeyEnrolment {
  /** By their challenges, which are chance; of one session each, and once. */
  private readonly asked: KeptForAWhile<{ session: string | undefined }>;
  private readonly made: KeptForAWhile<Enrolled>;

  constructor(private readonly browsers: AskedBrowsers) {
    this.asked = new KeptForAWhile(ASKED, browsers.clock);
    this.made = new KeptForAWhile(MADE, browsers.clock);
  }

  async begin(request: Request): Promise<Begun | undefined> {
    const { policy, clock, originOf, sessionOf } = this.browsers;
    const signedIn = await this.browsers.whoAsks(request);
    if (!signedIn) return undefined;
    const keys = policy.people.get(signedIn.person)?.keys ?? [];
    const passkeys = keys.flatMap((key) => (key.kind === 'passkey' ? [{ ...key.public, key }] : []));
    const known = passkeys.filter(({ key }) => isCounting(key, clock())).map(({ fingerprint }) => fingerprint);
    const found = placeOn(originOf(request), policy.passkeys);
    if ('elsewhere' in found) return { known, elsewhere: found.elsewhere };
    const options = await creationOptions({
      person: { id: signedIn.person, name: signedIn.name },
      place: found.place,
      challenge: this.asked.put({ session: sessionOf(request) }),
      known: passkeys.map(({ credential }) => credential),
    });
    return { known, options: JSON.stringify(options) };
  }

  async finish(request: Request, answer: string): Promise<{ name: string } | { refused: string }> {
    const { policy, clock, originOf, sessionOf } = this.browsers;
    const signedIn = await this.browsers.whoAsks(request);
    if (!signedIn) return { refused: 'nobody has signed in' };
    const origin = originOf(request);
    const found = placeOn(origin, policy.passkeys);
    if ('elsewhere' in found) return { refused: `passkeys are made at ${found.elsewhere.join(', ')}` };
    const { place } = found;
    const session = sessionOf(request);
    const isAsked = (challenge: string) => this.asked.get(challenge)?.session === session && this.spent(challenge);
    const made = await madePasskey(answer, { place, origin, isAsked });
    if ('refused' in made) return made;
    const isNew = policy.passkeys === undefined;
    return { name: this.made.put({ ...made, who: signedIn, origin, at: clock(), ...(isNew ? { place } : {}) }) };
  }

  async find(request: Request, name: string): Promise<Enrolled | undefined> {
    const signedIn = await this.browsers.whoAsks(request);
    const enrolled = this.made.get(name);
    return signedIn && enrolled?.who.person === signedIn.person ? enrolled : undefined;
  }

  private spent(challenge: string): boolean {
    return this.asked.take(challenge) !== undefined;
  }
}

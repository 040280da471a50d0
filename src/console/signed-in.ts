/**
 * The seam between the console's pages and signing in: who looks, and who stands for a decision. Pages know nobody by
 * themselves. Behind it: nobody at all ({@link NOBODY}), or an identity provider.
 */
import { Hono } from 'hono';
import type { Decision, Ledger } from '../domain/ledger/ledger.js';
import type { PasskeyPlace } from '../policy/passkey.js';
import type { MadePasskey } from '../policy/passkey-enrolment.js';

/** Somebody who has signed in. */
export interface SignedIn {
  /** By the ID that plan or policy has this person under: `who` of decisions. */
  person: string;
  name: string;
  roles: string[];
}

/** What a person has said on a page, before anything proves that it was this person. */
export interface ToProve {
  decision: Decision;
  /** Of the deployment that it is about, as it stands now: what it asks of decisions, what is signed off. */
  ledger: Ledger;
  /** The browser's own request; a POST, looked at already: its host, its origin and its form's token are right. */
  request: Request;
  /** Who has signed in; nobody where nobody has. */
  signedIn?: SignedIn;
  /** The page to come back to when the person gives up. */
  page: string;
}

/**
 * Hands the decision on to its deployment, and answers the browser with what that led to. Once; it may be called by a
 * later request of the same browser, as when the identity provider has sent it back.
 */
export type Send = (proven: Decision) => Promise<Response>;

/** Of who has signed in: the fingerprints of the passkeys by which they sign already, and how another one is made. */
export type Begun = { known: string[] } & (
  | {
      /** What the browser is asked with, as JSON. */
      options: string;
    }
  | {
      /** None can be made under this origin; under these it can. */
      elsewhere: string[];
    }
);

/** A passkey that somebody has made, before it stands in the policy. */
export interface Enrolled extends MadePasskey {
  who: SignedIn;
  /** On a page of which it was made. */
  origin: string;
  at: number;
  /** Where passkeys sign; missing where the policy says it already. */
  place?: PasskeyPlace;
}

/** Passkeys are made by who has signed in, each for themselves. None counts before the policy has it. */
export interface PasskeyEnrolment {
  /** @returns undefined where nobody has signed in */
  begin(request: Request): Promise<Begun | undefined>;
  /** @param answer as the browser has given it, once. @returns the name under which it is found for a while */
  finish(request: Request, answer: string): Promise<{ name: string } | { refused: string }>;
  /** @returns undefined for everybody but who has made it */
  find(request: Request, name: string): Promise<Enrolled | undefined>;
}

/** A decision that a person is to sign with a passkey. */
export interface ToSign {
  decision: Decision;
  /** What the browser is asked with, as JSON. */
  options: string;
  /** To come back to without deciding. */
  page: string;
  /** Whether signing in for it anew proves it as well. */
  orSignIn: boolean;
}

/** Decisions that wait for their signature by a passkey: each in the session in which it was said, once. */
export interface PasskeySigning {
  /** @returns undefined where this session has said nothing of that name, or too long ago */
  find(request: Request, name: string): ToSign | undefined;
  /** @param answer as the browser has given it. @returns what came of sending it, or why it proves nothing */
  sign(request: Request, name: string, answer: string): Promise<Response | { refused: string }>;
  /** In place of the passkey; undefined where that does not prove it. */
  signIn(request: Request, name: string): Promise<Response | undefined>;
}

export interface SignIn {
  /** Whether people can sign in here at all. Where they cannot, decisions are unsigned, or not taken. */
  isThere: boolean;
  /** Origins that a form of a page may lead to beside the console's own: the provider's. */
  leadsTo: readonly string[];
  /** Missing where nobody can sign in. */
  enrolment?: PasskeyEnrolment;
  signing?: PasskeySigning;
  /** What is asked below {@link SIGN_IN_PATH}: signing in, coming back from the provider, signing out. */
  pages: Hono;
  /** By what this browser's cookie proves. Never by anything that a page or a link says. */
  whoAsks(request: Request): Promise<SignedIn | undefined>;
  /** Has the person stand for this decision, and has it sent then; answers the browser, as by a redirect. */
  prove(said: ToProve, send: Send): Promise<Response>;
}

/** Where who has signed in makes a passkey. */
export const PASSKEY_PATH = '/passkey';

/** Below it decisions are signed by passkeys. */
export const SIGNING_PATH = '/sign';

export const SIGN_IN_PATH = '/sign-in';

/** Where one signs in. @param page the path to come back to */
export const signInLink = (page: string): string => `${SIGN_IN_PATH}?${new URLSearchParams({ to: page })}`;

/** Where one signs out: by POST, with the token that the forms of pages have. */
export const SIGN_OUT_PATH = `${SIGN_IN_PATH}/out`;

/** Without an identity provider: nobody has signed in, and what is said is sent as it is. */
export const NOBODY: SignIn = {
  isThere: false,
  leadsTo: [],
  pages: new Hono(),
  whoAsks: () => Promise.resolve(undefined),
  prove: ({ decision }, send) => send(decision),
};

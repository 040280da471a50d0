/** An identity provider as the console asks it: authorization code flow, with PKCE, state and nonce. */
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  None,
  ResponseBodyError,
  randomPKCECodeVerifier,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import type { IdentityProvider } from '../../policy/identity-token.js';
import { CliError, EXIT, innermost, usageError } from '../../temporal/errors.js';

/** What a question to the provider was, which its answer is held against. */
export interface AskedProvider {
  redirect: string;
  state: string;
  nonce: string;
  verifier: string;
  /** Whether the person has to sign in anew, whoever is signed in there. */
  anew: boolean;
}

/** For one question. */
export const newVerifier = (): string => randomPKCECodeVerifier();

/** Seconds for one answer. */
const ANSWER = 10;

/** Seconds from signing in anew until the answer is here: a page of consent may lie between. */
const LONGEST_SIGN_IN = 600;

export class ProviderClient {
  private constructor(
    private readonly configuration: Configuration,
    private readonly scope: string,
  ) {}

  /**
   * @param options.secret of a confidential client; a public one has none
   * @param options.byEmail whether people are known by their e-mails
   * @throws CliError exit 3 where the provider does not answer, or not as one
   */
  static async found(
    { issuer, audience }: IdentityProvider,
    { secret, byEmail }: { secret?: string; byEmail: boolean },
  ): Promise<ProviderClient> {
    const place = new URL(issuer);
    const isHere = place.protocol === 'http:';
    try {
      const configuration = await discovery(
        place,
        audience,
        undefined,
        secret === undefined ? None() : byProvider(secret),
        {
          timeout: ANSWER,
          // Only this machine is asked without TLS: the policy's schema takes no other.
          execute: isHere ? [allowInsecureRequests, enableNonRepudiationChecks] : [enableNonRepudiationChecks],
        },
      );
      return new ProviderClient(configuration, byEmail ? 'openid email' : 'openid');
    } catch (error) {
      throw new CliError(`The identity provider ${issuer} cannot be asked: ${innermost(error)}`, {
        hint: 'See that it answers at /.well-known/openid-configuration, under this very name.',
        exitCode: EXIT.unreachable,
        cause: error,
      });
    }
  }

  /** Where it sends browsers, and is sent them. */
  get origins(): string[] {
    const { authorization_endpoint: asking, end_session_endpoint: ending } = this.configuration.serverMetadata();
    return [...new Set([asking, ending].flatMap((place) => (place === undefined ? [] : new URL(place).origin)))];
  }

  /** Where a browser is sent with the question. */
  async place({ redirect, state, nonce, verifier, anew }: AskedProvider): Promise<string> {
    const { href } = buildAuthorizationUrl(this.configuration, {
      redirect_uri: redirect,
      scope: this.scope,
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(anew && { max_age: '0' }),
    });
    return href;
  }

  /**
   * @param search what the browser has come back with
   * @returns the ID token, verified; undefined where the person has given up
   * @throws CliError where it is no answer to this question
   */
  async answer(search: string, { redirect, state, nonce, verifier, anew }: AskedProvider): Promise<string | undefined> {
    try {
      const { id_token: token } = await authorizationCodeGrant(this.configuration, new URL(redirect + search), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        ...(anew && { maxAge: LONGEST_SIGN_IN }),
      });
      return token;
    } catch (error) {
      if (error instanceof AuthorizationResponseError && error.error === 'access_denied') return undefined;
      if (isClientRefused(error))
        throw usageError(
          `The identity provider does not know this console: ${innermost(error)}. Nothing was done`,
          'Whoever runs the console gives it the secret of its client there: --client-secret.',
        );
      throw usageError(
        `The identity provider has not vouched for you: ${innermost(error)}. Nothing was done`,
        'Go back, and try it once more.',
      );
    }
  }

  /** Where one signs out there as well. @returns undefined where the provider knows no such place */
  endPlace(token: string, back: string): string | undefined {
    if (this.configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    return buildEndSessionUrl(this.configuration, { id_token_hint: token, post_logout_redirect_uri: back }).href;
  }
}

/** As the provider takes it: by a header, as each has to (RFC 6749, section 2.3.1), but where it says otherwise. */
const byProvider =
  (secret: string): ClientAuth =>
  (server, ...rest) => {
    const { token_endpoint_auth_methods_supported: taken } = server;
    const isByHeader = taken === undefined || taken.includes('client_secret_basic');
    return (isByHeader ? ClientSecretBasic(secret) : ClientSecretPost(secret))(server, ...rest);
  };

const isClientRefused = (error: unknown): boolean =>
  error instanceof WWWAuthenticateChallengeError ||
  (error instanceof ResponseBodyError && error.error === 'invalid_client');

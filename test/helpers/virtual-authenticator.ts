/** A browser's authenticator of its own, which asks nobody, and what a page does to have it sign. */
import type { CDPSession, Page } from 'playwright-core';
import type { PasskeyAssertion } from '../../src/policy/passkey.js';

export interface VirtualAuthenticator {
  cdp: CDPSession;
  authenticatorId: string;
}

export async function virtualAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasUserVerification: true } as const;
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { ...options, hasResidentKey: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return { cdp, authenticatorId };
}

/** The browser is asked by its own API, and answers in its own JSON. */
export const inPage = <T>(page: Page, call: 'create' | 'get', options: object): Promise<T> => {
  const parse = call === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON';
  const publicKey = `PublicKeyCredential.${parse}(${JSON.stringify(options)})`;
  return page.evaluate(`navigator.credentials.${call}({ publicKey: ${publicKey} }).then((made) => made.toJSON())`);
};

/** Has a passkey of this device answer a challenge on a page of localhost. */
export const askIn =
  (page: Page, credential: string, userVerification = 'required') =>
  async (challenge: string): Promise<PasskeyAssertion> => {
    const allowCredentials = [{ id: credential, type: 'public-key' }];
    const asked = { challenge, rpId: 'localhost', allowCredentials, userVerification };
    const { id, response } = await inPage<{ id: string; response: PasskeyAssertion }>(page, 'get', asked);
    const { authenticatorData, clientDataJSON, signature } = response;
    return { id, authenticatorData, clientDataJSON, signature };
  };

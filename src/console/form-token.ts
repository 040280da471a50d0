/**
 * What proves that a form is one of this console's, shown to this browser and to who has signed in there: the signed
 * double-submit cookie of OWASP's cheat sheet on cross-site request forgery.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface FormTokens {
  /** A value for the cookie of a browser that has none yet. */
  newBrowser(): string;
  /** @param person who has signed in there */
  tokenFor(browser: string, person: string | undefined): string;
  isRight(token: string, browser: string, person: string | undefined): boolean;
}

/** Of one start of the console: forms that were shown before are shown again. */
export function formTokens(secret = randomBytes(32)): FormTokens {
  const tokenFor = (browser: string, person: string | undefined) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([browser, person ?? null]))
      .digest('base64url');
  return {
    newBrowser: () => randomBytes(24).toString('base64url'),
    tokenFor,
    isRight(token, browser, person) {
      const [given, right] = [Buffer.from(token), Buffer.from(tokenFor(browser, person))];
      return browser !== '' && given.length === right.length && timingSafeEqual(given, right);
    },
  };
}

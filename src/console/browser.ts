/** What is known of a browser by its cookies: the language that its reader has chosen, and which one it is. */
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { FormTokens } from './form-token.js';
import type { ConsoleWords } from './words/console-words.js';
import { consoleWords, isPageLanguage, languageAsked, type PageLanguage } from './words/language.js';

export interface Browser {
  /** What the tokens of its forms are made for. */
  id: string;
  language: { language: PageLanguage; words: ConsoleWords };
}

const ID = 'surefoot-browser';
const LANGUAGE = 'surefoot-language';
const YEAR = 365 * 24 * 3600;

/**
 * A browser that has no ID gets one. Links from elsewhere bring the cookies along, forms of others do not.
 * @param secure people reach the console by HTTPS alone
 */
export function browserOf(context: Context, { tokens, secure }: { tokens: FormTokens; secure: boolean }): Browser {
  const known = context.get('browser') as Browser | undefined;
  if (known) return known;
  // Over TLS a browser takes it from this very host alone: no neighbour's page plants another one.
  const prefix = secure ? 'host' : undefined;
  const options = { path: '/', httpOnly: true, sameSite: 'Lax', secure, prefix } as const;
  const given = getCookie(context, ID, prefix);
  const id = given || tokens.newBrowser();
  if (!given) setCookie(context, ID, id, options);
  const chosen = context.req.query('lang');
  if (isPageLanguage(chosen)) setCookie(context, LANGUAGE, chosen, { ...options, maxAge: YEAR });
  const kept = getCookie(context, LANGUAGE, prefix);
  const language = [chosen, kept].find(isPageLanguage) ?? languageAsked(context.req.header('Accept-Language') ?? '');
  const browser = { id, language: { language, words: consoleWords(language) } };
  context.set('browser', browser);
  return browser;
}

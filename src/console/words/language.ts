/** Which language a page is in: as its reader has chosen, else as the browser asks. */
import type { ConsoleWords } from './console-words.js';
import { ENGLISH } from './english.js';
import { PORTUGUESE_OF_CONSOLE } from './portuguese.js';

export const LANGUAGES = ['en', 'pt-BR'] as const;
export type PageLanguage = (typeof LANGUAGES)[number];

export const consoleWords = (language: PageLanguage): ConsoleWords =>
  language === 'pt-BR' ? PORTUGUESE_OF_CONSOLE : ENGLISH;

export const otherLanguage = (language: PageLanguage): PageLanguage => (language === 'en' ? 'pt-BR' : 'en');

export const isPageLanguage = (text: string | undefined): text is PageLanguage =>
  LANGUAGES.some((language) => language === text);

/** @param accepted the browser's Accept-Language: the first of ours by weight; English where none is */
export function languageAsked(accepted: string): PageLanguage {
  const asked = accepted.split(',').map((part) => {
    const [tag = '', ...parameters] = part.trim().split(';');
    const weight = parameters
      .find((each) => each.trim().startsWith('q='))
      ?.trim()
      .slice(2);
    return { tag: tag.toLowerCase(), weight: weight === undefined ? 1 : Number(weight) };
  });
  const ours = asked.filter(({ tag, weight }) => weight > 0 && /^(en|pt)(-|$)/.test(tag));
  const [first] = ours.sort((one, other) => other.weight - one.weight);
  return first?.tag.startsWith('pt') ? 'pt-BR' : 'en';
}

/** What every page has: its head, its links, who has signed in, and what is said of decisions here. Pure. */
import { html, lines, type Markup } from '../../report/html/markup.js';
import { entityTagOf } from '../live.js';
import type { SignedIn } from '../signed-in.js';
import { PASSKEY_PATH, SIGN_OUT_PATH, signInLink } from '../signed-in.js';
import type { ConsoleWords } from '../words/console-words.js';
import { otherLanguage, type PageLanguage } from '../words/language.js';

/** Who asks for a page, and how it is to be told. */
export interface PageAsking {
  language: PageLanguage;
  words: ConsoleWords;
  /** Epoch milliseconds; how long things have been running is counted to it. */
  now: number;
  /** That moment does not go on with the reader's clock. */
  standsStill?: boolean;
  /** Of the page, with its query. */
  path: string;
  /** Whether people can sign in here at all. */
  canSignIn: boolean;
  signedIn?: SignedIn;
  /** What forms of this browser have to bring. */
  token: string;
}

export const STYLE_PATH = '/console.css';
export const SCRIPT_PATH = '/console.js';
export const ICON_PATH = '/icon.svg';
export const LIVE_PATH = '/live';
/** The field of a form that holds {@link PageAsking.token}. */
export const TOKEN_FIELD = 'token';

export interface PageContent {
  title: string;
  main: Markup;
  /** It is told when it is another by now. */
  isLive?: boolean;
}

export function framed({ title, main, isLive = false }: PageContent, asking: PageAsking): Markup {
  const { language, words, path, now } = asking;
  const live = isLive ? html` data-live="${liveLink(path, now, main)}"` : undefined;
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Surefoot</title>
<link rel="icon" href="${ICON_PATH}" type="image/svg+xml">
<link rel="stylesheet" href="${STYLE_PATH}">
<script src="${SCRIPT_PATH}" defer></script>
</head>
<body data-now="${now}"${live}>
<a class="skip" href="#main">${words.frame.skip}</a>
<header class="top">
<a class="name" href="/">Surefoot</a>
<nav aria-label="${words.frame.sections}"><ul>${links(asking)}</ul></nav>
${who(asking)}${asking.canSignIn ? undefined : html`<p class="unsigned">${words.frame.unsigned}</p>`}
</header>
<main id="main" tabindex="-1">
${main}
</main>
<footer>
<p>${words.frame.asOf(universalTime(now))} <a href="${path}">${words.frame.again}</a></p>
<p><a href="${inLanguage(path, otherLanguage(language))}" lang="${otherLanguage(language)}" hreflang="${otherLanguage(language)}">${words.frame.otherLanguage}</a></p>
</footer>
</body>
</html>
`;
}

/** Where a browser is told that it shows what is not so any more. */
function liveLink(page: string, at: number, { text }: Markup): string {
  return `${LIVE_PATH}?${new URLSearchParams({ page, at: String(at), shown: entityTagOf(text) })}`;
}

function links({ words, path }: PageAsking): Markup[] {
  const pages = { '/': words.pages.deployments, '/waiting': words.pages.waiting, '/history': words.pages.history };
  const here = path.split('?')[0];
  return Object.entries(pages).map(
    ([to, title]) => html`<li><a href="${to}"${to === here ? html` aria-current="page"` : undefined}>${title}</a></li>`,
  );
}

function who(asking: PageAsking): Markup | undefined {
  const { canSignIn, signedIn, words, path } = asking;
  if (!canSignIn) return undefined;
  if (!signedIn) return html`<p class="who"><a href="${signInLink(path)}">${words.frame.signIn}</a></p>`;
  return html`<form class="who" method="post" action="${SIGN_OUT_PATH}">${tokenField(asking)}<span>${words.frame.signedInAs(signedIn.name)}</span> <a href="${PASSKEY_PATH}"${path.split('?')[0] === PASSKEY_PATH ? html` aria-current="page"` : undefined}>${words.pages.passkey}</a> <button class="quiet">${words.frame.signOut}</button></form>`;
}

export const tokenField = ({ token }: Pick<PageAsking, 'token'>): Markup =>
  html`<input type="hidden" name="${TOKEN_FIELD}" value="${token}">`;

/** The same page in another language. */
function inLanguage(path: string, language: PageLanguage): string {
  const [page, query] = path.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('lang', language);
  return `${page}?${parameters}`;
}

/** Universal time to the second, said to be so: no page knows where its reader is. */
export const universalTime = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** A page that says that something cannot be, or was not done. */
export function problemPage(
  { title, text }: ConsoleWords['problems'][keyof ConsoleWords['problems']],
  { asking, more = [] }: { asking: PageAsking; more?: readonly string[] },
): Markup {
  const main = html`<h1>${title}</h1>
<p>${text}</p>
${lines(more.map((each) => html`<p lang="en">${each}</p>`))}
<p><a href="/">${asking.words.pages.deployments}</a></p>`;
  return framed({ title, main }, asking);
}

/** A person's passkeys: those that the policy has, one that is to be made, and the piece of the policy that it makes. Pure. */
import { html, type Markup } from '../../report/html/markup.js';
import { POLICY_CHECK, policyPiece } from '../identity/policy-piece.js';
import { type Begun, type Enrolled, PASSKEY_PATH, signInLink } from '../signed-in.js';
import { type PageAsking, type PageContent, tokenField } from './frame.js';
import { factsList, listOf } from './parts.js';

/** The field of the form that holds what the browser has answered. */
export const PASSKEY_FIELD = 'answer';

/** @param begun missing where nobody has signed in */
export function passkeyPage(
  { begun, refused }: { begun: Begun | undefined; refused: string | undefined },
  asking: PageAsking,
): PageContent {
  const { words, path } = asking;
  const { passkey } = words;
  const signIn = html`<p class="note">${passkey.signIn} <a class="button" href="${signInLink(path)}">${words.frame.signIn}</a></p>`;
  const main = html`<h1>${words.pages.passkey}</h1>
${refused === undefined ? undefined : refusedBanner(passkey.refused, refused)}
<p>${passkey.what}</p>
${begun ? html`${knownOnes(begun, asking)}\n${making(begun, asking)}` : signIn}`;
  return { title: words.pages.passkey, main };
}

/** Why what a browser has answered is not taken. */
export const refusedBanner = (title: string, why: string): Markup =>
  html`<div class="banner bad" role="alert"><p class="state">${title}</p><p class="next" lang="en">${why}</p></div>`;

const knownOnes = ({ known }: Begun, { words: { passkey } }: PageAsking): Markup =>
  known.length === 0
    ? html`<p>${passkey.none}</p>`
    : html`<p>${passkey.known}</p>${listOf(known.map((fingerprint) => html`<code>${fingerprint}</code>`))}`;

function making(begun: Begun, asking: PageAsking): Markup {
  const { passkey } = asking.words;
  if ('elsewhere' in begun) {
    const places = begun.elsewhere.map((origin) => html`<a href="${origin}${PASSKEY_PATH}">${origin}</a>`);
    return html`<div class="note"><p>${passkey.elsewhere}</p>${listOf(places)}</div>`;
  }
  return html`<form method="post" action="${PASSKEY_PATH}" data-create="${begun.options}" data-given-up="${passkey.givenUp}" data-known="${passkey.isKnown}" data-failed="${passkey.failed}">
${tokenField(asking)}<input type="hidden" name="${PASSKEY_FIELD}" value="">
<noscript><p class="note">${passkey.script}</p></noscript>
<p>${passkey.decidesNothing}</p>
<p><button>${passkey.make}</button></p>
<p role="status"></p>
</form>`;
}

/** What has been made, and what is to be done with it. */
export function enrolledPage(enrolled: Enrolled, asking: PageAsking): PageContent {
  const { words, path } = asking;
  const { passkey } = words;
  const main = html`<h1>${words.pages.passkey}</h1>
<div class="banner asks" role="status"><p class="state">${passkey.made}</p><p class="next">${passkey.toConfirm}</p></div>
${factsList([[passkey.fingerprint, html`<code>${enrolled.fingerprint}</code>`]])}
<ol>
<li>${passkey.send}</li>
<li>${passkey.confirm} <code>${POLICY_CHECK}</code></li>
<li>${passkey.start}</li>
</ol>
<pre lang="en"><code>${policyPiece(enrolled)}</code></pre>
<p><a class="button" href="${path.split('?')[0]}/policy.yaml" download>${passkey.download}</a></p>`;
  return { title: words.pages.passkey, main };
}

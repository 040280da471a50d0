/** A decision before it is signed: what is said, and the passkey's own form. Pure. */
import { html } from '../../report/html/markup.js';
import type { ToSign } from '../signed-in.js';
import { type PageAsking, type PageContent, tokenField } from './frame.js';
import { deploymentPath, factsList } from './parts.js';
import { PASSKEY_FIELD, refusedBanner } from './passkey-page.js';

/** The field of the form's other button. */
export const SIGN_IN_INSTEAD = 'instead';

/** @param refused why what was signed before proves nothing */
export function signingPage(
  { toSign, refused }: { toSign: ToSign; refused: string | undefined },
  asking: PageAsking,
): PageContent {
  const { words, path, signedIn } = asking;
  const { passkey, decision: said } = words;
  const { decision, options, page, orSignIn } = toSign;
  const { kind, who, role, deployment = '', digest, why, option, revision, to } = decision;
  const instead = html` <button class="quiet" name="${SIGN_IN_INSTEAD}" value="yes">${passkey.signInInstead}</button>`;
  const main = html`<h1>${passkey.toSign}</h1>
${refused === undefined ? undefined : refusedBanner(passkey.notSigned, refused)}
<p>${said.confirmText(signedIn?.name ?? who, role)}</p>
${factsList([
  [words.pages.decision, words.answers[kind].name],
  [passkey.deployment, html`<a href="${deploymentPath(deployment)}">${deployment}</a>`],
  [said.digest, digest === undefined ? undefined : html`<code>${digest}</code>`],
  [said.option, option && words.rollbacks[option]],
  [said.revision, revision],
  [said.runner, to],
  [said.reason, why === undefined ? undefined : html`<q>${why}</q>`],
])}
<form method="post" action="${path.split('?')[0]}" data-get="${options}" data-given-up="${passkey.signingGivenUp}" data-failed="${passkey.notSigned}:">
${tokenField(asking)}<input type="hidden" name="${PASSKEY_FIELD}" value="">
<noscript><p class="note">${passkey.script}</p></noscript>
<p><button>${passkey.sign}</button>${orSignIn ? instead : undefined} <a href="${page}">${said.back}</a></p>
<p role="status"></p>
</form>`;
  return { title: passkey.toSign, main };
}

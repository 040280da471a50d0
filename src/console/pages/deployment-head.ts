/** A deployment's name, above each page of it. Pure. */
import { html, type Markup } from '../../report/html/markup.js';
import type { DeploymentLook } from '../look.js';
import { deploymentPath } from './parts.js';

export function deploymentHead({ ledger, planned }: DeploymentLook): Markup {
  const language = planned ? html` lang="${planned.plan.language}"` : undefined;
  return html`<h1><span${language}>${ledger.title}</span> <small><a href="${deploymentPath(ledger.deployment)}">${ledger.deployment}</a></small></h1>`;
}

/** What is looked at in a real browser: the API's documentation (checklist 1.6). */

import { NoBrowser, withPage } from '../../adapters/application/browser.js';
import { logIn } from '../../adapters/application/login.js';
import { type DocumentationFinding, type Identity, SwaggerUi } from '../../adapters/application/swagger-ui.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { redact } from '../../adapters/evidence/redaction.js';
import { readSecret } from '../../adapters/evidence/secrets.js';
import type { DocumentationActivities } from '../../contract/activities/application.js';
import type { EvidencePlace, StepKey } from '../../contract/activities/step.js';
import { DOCUMENTATION_FACTS } from '../../contract/checks.js';
import type { ApiDocumentation } from '../../contract/plan/application.js';
import type { Environment } from '../../contract/plan/environment.js';
import { type Fact, type StepReport, unknownFact } from '../../domain/evidence.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

export function createBrowserActivities(): DocumentationActivities {
  return {
    /** Facts: {@link DOCUMENTATION_FACTS}, always all of them. */
    checkApiDocumentation: (input) =>
      withHeartbeat(async (signal) => {
        try {
          return { ...(await look(input, signal)), browser: true };
        } catch (error) {
          if (!(error instanceof NoBrowser)) throw error;
          const facts = DOCUMENTATION_FACTS.map((name) => unknownFact(name, `not looked at: ${error.message}`));
          return { summary: error.message, facts, evidence: [], browser: false };
        }
      }),
  };
}

interface BrowserObservation {
  key: StepKey;
  evidence: EvidencePlace;
  environment: Environment;
  documentation: ApiDocumentation;
}

function look(
  { key, evidence, environment, documentation }: BrowserObservation,
  signal: AbortSignal,
): Promise<StepReport> {
  return withPage(signal, async (observed) => {
    const swagger = new SwaggerUi(observed, documentation);
    const secrets: string[] = [];
    const identity = async () => {
      const found = await identityOf(environment, signal);
      if (!('refused' in found)) secrets.push(found.token ?? '', found.password ?? '');
      return found;
    };
    const read = await swagger.read(environment.api + documentation.path);
    const findings: Record<string, DocumentationFinding | undefined> = {
      ...read,
      example: read.listed.ok ? await swagger.tryOut(identity) : undefined,
    };
    const facts = DOCUMENTATION_FACTS.map((name): Fact => {
      const finding = findings[name];
      if (!finding) return unknownFact(name, redact(`not looked at (${read.listed.text})`, secrets));
      return { name, ok: finding.ok, text: redact(finding.text, secrets) };
    });
    const picture = await storeEvidence(evidence, {
      title: `Picture of ${documentation.path}, without tokens and answers`,
      path: evidencePath(key, 'documentation.png'),
      content: await swagger.picture(),
    });
    const log = await storeEvidence(evidence, {
      title: `Console and requests of ${documentation.path}`,
      path: evidencePath(key, 'browser.log'),
      content: observed.log.text((line) => redact(line, secrets)),
    });
    const held = facts.filter(({ ok }) => ok).length;
    const summary = `${documentation.path} in a browser: ${held} of ${facts.length} facts hold`;
    return { summary, facts, evidence: [picture, log] };
  });
}

async function identityOf(environment: Environment, signal: AbortSignal): Promise<Identity | { refused: string }> {
  const login = await logIn(environment, signal);
  if ('refused' in login) return login;
  const [, token] = /^Bearer (.+)$/.exec(login.headers.authorization ?? '') ?? [];
  const method = environment.login;
  if (!method || !('password' in method)) return { token };
  return { token, username: method.username, password: await readSecret(method.password) };
}

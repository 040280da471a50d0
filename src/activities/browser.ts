/** What is looked at in a real browser: the API's documentation (checklist 1.6). */
import { NoBrowser, withPage } from '../adapters/browser.js';
import { storeEvidence } from '../adapters/evidence-store.js';
import { logIn } from '../adapters/login.js';
import { redact } from '../adapters/redaction.js';
import { readSecret } from '../adapters/secrets.js';
import { type Finding, type Identity, SwaggerUi } from '../adapters/swagger-ui.js';
import type { DocumentationActivities, EvidencePlace, StepKey } from '../contract/activities.js';
import { DOCUMENTATION_FACTS } from '../contract/checks.js';
import type { ApiDocumentation, Environment } from '../contract/plan.js';
import { type Fact, type StepReport, unknownFact } from '../domain/evidence.js';
import { attended } from './attendance.js';
import { evidencePath } from './recorded-commands.js';

export function createBrowserActivities(): DocumentationActivities {
  return {
    /** Facts: {@link DOCUMENTATION_FACTS}, always all of them. */
    checkApiDocumentation: (input) =>
      attended(async (signal) => {
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

interface Look {
  key: StepKey;
  evidence: EvidencePlace;
  environment: Environment;
  documentation: ApiDocumentation;
}

function look({ key, evidence, environment, documentation }: Look, signal: AbortSignal): Promise<StepReport> {
  return withPage(signal, async (observed) => {
    const swagger = new SwaggerUi(observed, documentation);
    const secrets: string[] = [];
    const identity = async () => {
      const found = await identityOf(environment, signal);
      if (!('refused' in found)) secrets.push(found.token, found.password);
      return found;
    };
    const read = await swagger.read(environment.api + documentation.path);
    const findings: Record<string, Finding | undefined> = {
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
      content: redact(`${observed.log.join('\n')}\n`, secrets),
    });
    const held = facts.filter(({ ok }) => ok).length;
    const summary = `${documentation.path} in a browser: ${held} of ${facts.length} facts hold`;
    return { summary, facts, evidence: [picture, log] };
  });
}

async function identityOf(environment: Environment, signal: AbortSignal): Promise<Identity | { refused: string }> {
  const login = await logIn(environment, signal);
  if ('refused' in login) return login;
  const { username, password } = environment.login;
  const token = (login.headers.authorization ?? '').replace(/^Bearer /, '');
  return { token, username, password: await readSecret(password) };
}

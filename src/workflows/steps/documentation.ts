/** Checklist 1.6: the API's documentation, in a browser where the worker has one, else as a person sees it. */
import { DOCUMENTATION_FACTS } from '../../contract/checks.js';
import { attestationOf, byWhom } from '../../domain/evidence.js';
import { STEPS } from '../../domain/steps.js';
import { longChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';

export async function documentation(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const { apiDocumentation } = plan;
  const environment = plan.environments.staging;
  if (!apiDocumentation || !environment) return;
  await deployment.step(STEPS.swagger, async (key, summary) => {
    const report = await placed(deployment, longChecks).checkApiDocumentation.executeWithOptions({ summary }, [
      { key, evidence, environment, documentation: apiDocumentation },
    ]);
    if (report.browser) return report;
    const boxes = plan.items.filter(({ by }) => by.some(({ step }) => step === STEPS.swagger.id));
    const answer = await deployment.ask({
      kind: 'confirmation',
      id: STEPS.swagger.id,
      title: `Does ${environment.api}${apiDocumentation.path} work in your browser?`,
      text: [...boxes.map(({ title }) => title), report.summary].join('; '),
      roles: apiDocumentation.otherwise,
      moves: ['confirm'],
    });
    const text = `confirmed ${byWhom(answer)}`;
    const by = attestationOf(answer);
    const facts = DOCUMENTATION_FACTS.map((name) => ({ name, ok: true, text, by }));
    return { summary: text, facts, evidence: report.evidence };
  });
}

/** The console's page of a question. To open it decides nothing: mail scanners and previews follow links. */
import type { DeploymentEvent } from './events.js';

/** @param console its base URL. @param id the question's; `hold` stands for a hold, which is no question */
export const questionPage = (console: string, { deployment, id }: { deployment: string; id: string }): string =>
  `${console}/deployments/${encodeURIComponent(deployment)}/questions/${encodeURIComponent(id)}`;

/** Where an event asks people something, and the plan says where the console is. */
export function pageOf(
  { console }: { console?: string },
  { event, about }: { event: DeploymentEvent; about: { deployment: string } },
): { page?: string } {
  if (console === undefined || !('question' in event) || event.kind === 'question-answered') return {};
  return { page: questionPage(console, { deployment: about.deployment, id: event.question.id }) };
}

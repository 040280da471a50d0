/** The console's page of a question. To open it decides nothing: mail scanners and previews follow links. */
import type { DeploymentEvent } from './events.js';

/** What people are reminded of by the ID of a hold: it is answered as it is given, and is no question. */
export const HOLD_ID = 'hold';

/** @param console its base URL. @param id the question's */
export function questionPage(console: string, { deployment, id }: { deployment: string; id: string }): string {
  const page = `${console}/deployments/${encodeURIComponent(deployment)}/decide`;
  return id === HOLD_ID ? page : `${page}/${encodeURIComponent(id)}`;
}

/** What an event asks people, if anything, and its page where the plan says where the console is. */
export function askedBy(
  { console }: { console?: string },
  { event, about }: { event: DeploymentEvent; about: { deployment: string } },
): { asks?: string; page?: string } {
  if (!('question' in event) || event.kind === 'question-answered') return {};
  const { id } = event.question;
  return { asks: id, ...(console && { page: questionPage(console, { deployment: about.deployment, id }) }) };
}

/** What only people can know: every confirmation of a list, asked for at the same time. */
import type { Confirmation } from '../../contract/plan/plan.js';
import { attestationOf, byWhom } from '../../domain/evidence.js';
import type { Deployment } from '../run/deployment.js';

export async function confirmAll(deployment: Deployment, confirmations: Confirmation[]): Promise<void> {
  await Promise.all(confirmations.map((confirmation) => confirm(deployment, confirmation)));
}

async function confirm(deployment: Deployment, confirmation: Confirmation): Promise<void> {
  await deployment.step(confirmation, async () => {
    const answer = await deployment.ask({
      kind: 'confirmation',
      id: confirmation.id,
      title: confirmation.title,
      text: confirmation.items.join('; '),
      roles: confirmation.roles,
      moves: ['confirm'],
    });
    const text = `confirmed ${byWhom(answer)}`;
    return { summary: text, facts: [{ name: 'confirmed', ok: true, text, by: attestationOf(answer) }], evidence: [] };
  });
}

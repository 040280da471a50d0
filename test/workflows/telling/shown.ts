/** A deployment that does nothing but come from phase to phase, by the deployment's own means. */
import type { DeployInput, DeployResult } from '../../../src/contract/deployment.js';
import { carryOut } from '../../../src/workflows/deploy.js';
import { Deployment } from '../../../src/workflows/run/deployment.js';

/** @param input the commit, where the repository is to say it */
export async function shown(input: DeployInput & { commit?: string }): Promise<DeployResult> {
  const deployment = new Deployment(input);
  const ask = (id: string, roles: string[]) =>
    deployment.ask({ kind: 'confirmation', id, title: `Is ${id} ready?`, text: id, roles, moves: ['confirm'] });
  return carryOut(deployment, async () => {
    // Where it stands once it has been admitted.
    deployment.ledger.runner = 'forge-runner';
    if (input.commit !== undefined) deployment.ledger.commit = input.commit;
    deployment.enter('staging');
    await ask('manual', ['qa']);
    deployment.enter('production');
    await ask('access', ['devops']);
    deployment.enter('closing');
  });
}

import { join } from 'node:path';
import { projectFolder } from '../../src/local/folders.js';

export const ENVIRONMENTS = ['staging', 'production'] as const;

export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** What differs between the two environments, as the checklist has it. */
export const SPECIFICATIONS: Record<EnvironmentName, { database: string; plans: number; username: string }> = {
  staging: { database: 'eduautismo_staging', plans: 1_200, username: 'test@example.com' },
  production: { database: 'eduautismo_prod', plans: 20_000, username: 'prod_test@example.com' },
};

/** The release that both environments start from. */
export const STARTING_VERSION = 'v1.2.3';

/** Where the target's parts lie below the state folder. */
export function targetLayout(home: string) {
  return {
    /** The sources, in the checkout. */
    sources: join(projectFolder(), 'sandbox', 'target'),
    repository: join(home, 'repository'),
    operations: join(home, 'ops'),
    /** What the target's own tests came to, as `junit.xml`. */
    testReports: join(home, 'test-reports'),
    virtualEnvironment: join(home, 'venv'),
    secrets: join(home, 'secrets'),
    environment: (name: EnvironmentName) => join(home, 'environments', name),
  };
}

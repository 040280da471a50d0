/** Deployments that Temporal no longer has: which, and where their archives are looked for. */
import { Option } from 'commander';
import type { Archived } from '../../report/history/archive.js';
import type { Connected } from '../../temporal/connection.js';
import { type FoundDeployment, lookForDeployment } from '../../temporal/deployments.js';
import { usageError } from '../../temporal/errors.js';

/** The plan's evidence folder, which only the plan and the deployment itself know. */
export const evidenceOption = (): Option =>
  new Option('--evidence <FOLDER>', 'where the archives are of deployments that Temporal no longer has').default(
    'evidence',
  );

/** @throws CliError when neither Temporal nor the evidence folder has it */
export async function findWithArchives(
  connected: Connected,
  reference: string | undefined,
  store: string,
): Promise<{ found: FoundDeployment } | { archived: Archived }> {
  const found = await lookForDeployment(connected, reference);
  if (found) return { found };
  const where = `${connected.address}, namespace ${connected.namespace}`;
  if (reference === undefined) {
    throw usageError(
      `There is no deployment at ${where}`,
      'Start one with `surefoot start PLAN --as WHO`, check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or name one that is archived.',
    );
  }
  const { findArchived } = await import('../../report/history/archive.js');
  const archived = await findArchived(store, reference);
  if (archived) return { archived };
  throw usageError(
    `There is no deployment, service or workflow "${reference}" at ${where}, and no archive of it in ${store}`,
    'Name the evidence folder of its plan with --evidence, or check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.',
  );
}

/** For people: that Temporal has been left out of it. */
export const archiveText = ({ store, at }: { store: string; at: number }): string =>
  `Temporal no longer has this deployment: it is told from its archive of ${new Date(at).toISOString()} in ${store}`;

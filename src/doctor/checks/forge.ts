/** The forge knows the token and the repository. Nothing is written. */
import { probeForge } from '../../adapters/forge/forges.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext } from './check.js';

export const forgeChecks = ({ plan: { forge } }: CheckContext): Check[] =>
  forge === undefined
    ? []
    : [
        {
          id: 'forge',
          step: STEPS.admission.id,
          run: async ({ signal, patience }) => [{ name: 'forge', ...(await probeForge(forge, { signal, patience })) }],
        },
      ];

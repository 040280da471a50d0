/** The forge that is told how deployments stand. */
import { z } from 'zod';
import { reference, strict, text } from '../core/basics.js';

const common = {
  token: reference('credentials'),
  environment: text()
    .default('production')
    .describe('What production is called there; services that share a repository and commits need one each'),
};

export const forge = z
  .discriminatedUnion('kind', [
    strict({
      kind: z.literal('github').describe('GitHub: deployments and commit statuses, by a token that may write both'),
      host: reference('hosts').optional().describe('A key of `hosts`: the API; `https://api.github.com` when left out'),
      repository: text()
        .regex(/^[\w.-]+\/[\w.-]+$/, 'Not owner/name')
        .describe('The repository, as `owner/name`'),
      ...common,
    }),
    strict({
      kind: z.literal('gitlab').describe('GitLab: deployments and commit statuses, by a token with the scope `api`'),
      host: reference('hosts').optional().describe('A key of `hosts`: GitLab; `https://gitlab.com` when left out'),
      repository: text()
        .regex(/^[\w.-]+(\/[\w.-]+)+$/, 'Not group/name')
        .describe('The project, as `group/name`, with all its groups'),
      ...common,
    }),
  ])
  .describe('Where deployments are shown beside the commit; telling it neither delays nor fails one');

export type AuthoredForge = z.output<typeof forge>;

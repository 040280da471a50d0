/** The forge that has the code, where deployments are shown beside the commit. */
import type { SecretReference } from './environment.js';

/** `api` is the base URL of its REST API. `environment` is what production is called there. */
export type Forge = { api: string; token: SecretReference; environment: string } & (
  | { kind: 'github'; owner: string; repository: string }
  /** `project`: its path with all groups. */
  | { kind: 'gitlab'; project: string }
);

export type ForgeKind = Forge['kind'];

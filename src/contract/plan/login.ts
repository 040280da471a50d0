/** What is to be known of a login, in whichever way it is made. */
import type { EndpointCheck } from './application.js';
import type { EnvironmentName, Login, SecretReference } from './environment.js';
import type { ResolvedPlan } from './plan.js';

/** The references to secrets that a login reads. */
export function loginSecrets(login: Login): SecretReference[] {
  switch (login.kind) {
    case 'token':
      return [login.token];
    case 'command':
      return [];
    default:
      return [login.password];
  }
}

/** It goes along with each request: that there is one says nothing of whether the application takes it. */
export const isOnlySent = ({ kind }: Login): boolean => kind === 'token' || kind === 'basic';

/** The first check of an environment that reads something as its user, by which a login can be tried. */
export const readingCheck = (
  { functional, smoke }: Pick<ResolvedPlan, 'functional' | 'smoke'>,
  environment: EnvironmentName,
): EndpointCheck | undefined =>
  (environment === 'staging' ? functional : smoke).find(
    ({ method, login, sample, status }) => method === 'GET' && login && sample === undefined && status < 300,
  );

/** Who logs in and where, for people: `ana@example.com at https://api.example.com/login`. */
export function loginText(login: Login, api: string): string {
  switch (login.kind) {
    case 'token':
      return `the token for ${api}`;
    case 'command':
      return `the token that ${login.command.run[0]} prints for ${api}`;
    case 'basic':
      return `${login.username} at ${api}`;
    default:
      return `${login.username} at ${api}${login.path}`;
  }
}

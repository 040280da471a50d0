/** What is to be known of a login, in whichever way it is made. */
import type { Login, SecretReference } from './environment.js';

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

/** How the test user is let in: what a plan may write, and what becomes of it. */
import { z } from 'zod';
import type { Login } from '../../contract/plan/environment.js';
import { duration, reference, strict, text, urlPath } from '../core/basics.js';
import { WORKER_FOLDER, workerFolder } from '../core/command-folder.js';
import { onlyEnvironment } from '../core/own-placeholders.js';
import type { Path } from '../core/problems.js';
import type { MachineMaps, Resolution } from '../core/resolution.js';

const header = () => text().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'Not the name of an HTTP header');

const send = strict({
  header: header().describe('Header that carries it'),
  scheme: text().regex(/^\S+$/, 'Holds a space').optional().describe('Word before it, as `Token`; none when left out'),
})
  .optional()
  .describe('How the token is sent; `Authorization: Bearer …` when left out');

const username = text().describe('The test user');
const password = reference('credentials').describe('A key of `credentials`: the password');

const byPassword = strict({
  kind: z
    .enum(['json', 'form'])
    .optional()
    .describe('How it is sent: `json` (when left out), or `form`, as OAuth2’s password grant wants it'),
  path: urlPath().describe('Where the application takes a user name and password'),
  username,
  password,
  fields: strict({
    username: text().describe('Name of the field for the user name'),
    password: text().describe('Name of the field for the password'),
  })
    .optional()
    .describe('What the two are called; `username` and `password` when left out'),
  also: z.record(text(), text()).optional().describe('What else is sent, as `grant_type: password`'),
  token: z
    .union(
      [
        strict({ field: text().describe('Field path in the JSON of the answer, as `data.token`') }),
        strict({ header: header().describe('Header of the answer') }),
        strict({ cookie: text().describe('Cookie that the answer sets; it is sent back') }),
      ],
      { error: 'Write one of field, header, cookie' },
    )
    .optional()
    .describe('Where the token stands; `field: access_token` when left out'),
  send,
});

export const login = z.discriminatedUnion('kind', [
  byPassword,
  strict({ kind: z.literal('basic').describe('HTTP’s own: name and password with each request'), username, password }),
  strict({
    kind: z.literal('token').describe('A token that does not change'),
    token: reference('credentials').describe('A key of `credentials`: the token'),
    send,
  }),
  strict({
    kind: z.literal('command').describe('A command of the worker that prints a token'),
    command: strict({
      run: z
        .array(text(), { error: 'Write the command as a list of arguments: [./token.sh, "{environment}"]' })
        .min(1, 'The command is empty')
        .describe('Program and arguments; `{environment}` is filled in. No shell reads it'),
      in: reference('folders').optional().describe(WORKER_FOLDER),
      timeout: duration().prefault('10s').describe('Longest time it may take'),
    }).describe('The command'),
    field: text().optional().describe('Field path of the token in the JSON that it prints; all of it when left out'),
    send,
  }),
]);

export type AuthoredLogin = z.output<typeof login>;

export function resolveLogin(resolution: Resolution<MachineMaps>, authored: AuthoredLogin, path: Path): Login {
  switch (authored.kind) {
    case 'token':
      return { ...authored, token: resolution.secret(authored.token, [...path, 'token']) };
    case 'command': {
      const { run, in: folder, timeout } = authored.command;
      onlyEnvironment(resolution, run, [...path, 'command', 'run']);
      const place = workerFolder(resolution, folder, [...path, 'command', 'in']);
      return { ...authored, command: { run, on: 'worker' as const, folder: place, timeout } };
    }
    case 'basic':
      return { ...authored, password: resolution.secret(authored.password, [...path, 'password']) };
    default: {
      const { kind, ...rest } = authored;
      if (rest.send !== undefined && rest.token !== undefined && 'cookie' in rest.token)
        resolution.report([...path, 'send'], 'A cookie is sent back as a cookie: leave `send` out');
      const secret = resolution.secret(authored.password, [...path, 'password']);
      return { ...(kind === 'form' ? { kind } : {}), ...rest, password: secret };
    }
  }
}

/** The demo's own identity provider (OpenID Connect): a click signs in as any stand-in. It proves nothing of who clicks. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type Provider from 'oidc-provider';
import { ensureSecret } from '../../sandbox/local/secrets.js';
import type { Person } from '../domain/decisions/approvals.js';
import { html, type Markup } from '../report/html/markup.js';
import { CliError } from '../temporal/errors.js';

export interface DemoIdentityProvider {
  issuer: string;
  /** An ID token for somebody who has signed in just now, without a click. */
  vouch(subject: string, nonce: string): Promise<string>;
  stop(): void;
}

interface Options {
  port: number;
  people: Person[];
  /** The client's ID. */
  audience: string;
  /** Where its browsers come from and go back to. */
  origins: string[];
  /** A folder. */
  secrets: string;
}

const ALGORITHM = 'RS256';
const HOUR = 3_600;
/** Below it somebody chooses who signs in. */
const CHOICE = '/choice/';

/** @throws CliError where the provider's library is not installed */
export async function startIdentityProvider(options: Options): Promise<DemoIdentityProvider> {
  const { port, audience } = options;
  const issuer = `http://127.0.0.1:${port}`;
  const key = await ownKey(options.secrets);
  const provider = await quietly(async () => newProvider(issuer, { ...options, key }));
  const answer = provider.callback();
  const server = createServer((request, response) => {
    // The name of somebody else that leads to this machine would make it their page's own.
    if (request.headers.host !== new URL(issuer).host) return void response.writeHead(421).end();
    if (!request.url?.startsWith(CHOICE)) return void answer(request, response);
    choose(provider, { ...options, request, response }).catch(() => response.writeHead(400).end('Begin anew.\n'));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer,
    vouch: async (subject, nonce) =>
      new SignJWT({ nonce, auth_time: Math.floor(Date.now() / 1_000) })
        .setProtectedHeader({ alg: ALGORITHM, kid: key.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(await importJWK(key, ALGORITHM)),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The same from demo to demo, as that of other providers. */
async function ownKey(secrets: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const made = { ...(await exportJWK(privateKey)), kid: 'demo', alg: ALGORITHM, use: 'sig' };
  return JSON.parse(await readFile(await ensureSecret(secrets, 'identity-provider', JSON.stringify(made)), 'utf8'));
}

/** What the library warns of as it is loaded is for those who run it for others. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = () => {};
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}

async function newProvider(
  issuer: string,
  { key, people, audience, origins }: Options & { key: JWK },
): Promise<Provider> {
  const { default: OidcProvider } = await import('oidc-provider').catch((cause) => {
    throw new CliError('People cannot sign in to the demo: oidc-provider is not installed', {
      hint: 'Use --ask in a checkout of Surefoot, after `npm ci` there.',
      cause,
    });
  });
  return new OidcProvider(issuer, {
    clients: [
      {
        client_id: audience,
        token_endpoint_auth_method: 'none',
        redirect_uris: origins.map((origin) => `${origin}/sign-in/back`),
        post_logout_redirect_uris: origins.map((origin) => `${origin}/`),
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    claims: { openid: ['sub'] },
    ttl: { AccessToken: HOUR, Grant: HOUR, IdToken: HOUR, Interaction: HOUR, Session: HOUR },
    findAccount: (_, id) =>
      people.some((person) => person.id === id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
    interactions: { url: (_, { uid }) => `${CHOICE}${uid}` },
    // Nobody is asked whether the console may know who they are.
    async loadExistingGrant({ oidc: { provider, session } }) {
      const grant = new provider.Grant({ clientId: audience, accountId: session?.accountId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        logoutSource(ctx, form) {
          const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out</button>';
          ctx.body = page('Sign out?', html``).text.replace('</main>', `${form}<p>${button}</p></main>`);
        },
      },
    },
    renderError(ctx, { error_description: why, error }) {
      ctx.type = 'html';
      ctx.body = page('Not signed in', html`<p>${why ?? error}</p>`).text;
    },
  });
}

async function choose(
  provider: Provider,
  { people, request, response }: Options & { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  if (request.method === 'POST') {
    const accountId = new URLSearchParams(await text(request)).get('account') ?? '';
    return await provider.interactionFinished(request, response, { login: { accountId } });
  }
  await provider.interactionDetails(request, response);
  const button = ({ id, name, roles }: Person) =>
    html`<li><button name="account" value="${id}">${name}</button> ${roles.join(', ')}</li>`;
  const main = html`<p>The demo’s identity provider takes a click for a proof. Yours asks for more.</p>
<form method="post"><ul>${people.map(button)}</ul></form>`;
  response
    .writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...HEADERS })
    .end(page('Who are you?', main).text);
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
};

const STYLE =
  ':root{color-scheme:light dark}body{font:1rem/1.6 system-ui;max-width:32rem;margin:2rem auto;padding:0 1rem}' +
  'ul{list-style:none;padding:0}li{margin:.6rem 0}button{font:inherit;padding:.5rem 1rem}';

const page = (title: string, main: Markup): Markup =>
  html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
${main}
</main></body>
</html>
`;

/** A real identity provider on the loopback, and a browser with cookies that signs in there as anybody. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';

export interface RealProvider {
  issuer: string;
  /** Public. */
  key: JWK;
  stop(): Promise<void>;
}

/** @param client its ID, and where its browsers may come back to: pages below these origins */
export async function realProvider({
  client,
  back,
  secret,
}: {
  client: string;
  back: string[];
  /** Of a confidential client, and how the provider takes it. */
  secret?: { value: string; by: 'client_secret_basic' | 'client_secret_post' };
}): Promise<RealProvider> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const named = { kid: 'provider-2026', alg: 'RS256', use: 'sig' };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client,
        token_endpoint_auth_method: secret?.by ?? 'none',
        ...(secret && { client_secret: secret.value }),
        redirect_uris: back.map((origin) => `${origin}/sign-in/back`),
        post_logout_redirect_uris: back.map((origin) => `${origin}/`),
      },
    ],
    ...(secret && { clientAuthMethods: [secret.by] }),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), ...named }] },
    cookies: { keys: ['a key of the test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    // In the ID token as well: a runner asks for nothing else.
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
    }),
  });
  server.on('request', provider.callback());
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { issuer, key: { ...(await exportJWK(publicKey)), ...named }, stop };
}

interface Cookie {
  name: string;
  value: string;
  path: string;
}

/** Follows redirects as a browser does, so that each can be looked at. */
export class TestBrowser {
  private readonly cookies = new Map<string, Cookie[]>();

  /** @param answer for addresses of the application under test; anything else is asked over the network */
  constructor(
    private readonly own: string,
    private readonly answer: (request: Request) => Response | Promise<Response>,
  ) {}

  async go(url: string, form?: Record<string, string>): Promise<{ response: Response; next?: string }> {
    const { origin, pathname } = new URL(url);
    const headers = new Headers();
    const cookies = (this.cookies.get(origin) ?? []).filter(({ path }) => pathname.startsWith(path));
    if (cookies.length > 0) headers.set('cookie', cookies.map(({ name, value }) => `${name}=${value}`).join('; '));
    const body = form && new URLSearchParams(form);
    headers.set('host', new URL(url).host);
    if (body) headers.set('origin', origin);
    const request = new Request(url, { headers, redirect: 'manual', ...(body && { method: 'POST', body }) });
    const response = await (origin === this.own ? this.answer(request) : fetch(request));
    for (const line of response.headers.getSetCookie()) this.keep(origin, line);
    const place = response.headers.get('location');
    return { response, ...(place !== null && { next: new URL(place, url).href }) };
  }

  /** Signs in at the provider, from where the application has sent it. @returns where that sends it back to */
  async signInAt(place: string, account: string): Promise<string> {
    return await this.until(place, async (page) => {
      const text = await page.response.text();
      const action = /<form[^>]* action="([^"]+)"/.exec(text)?.[1] ?? '';
      const isLogin = text.includes('name="login"');
      // Where another was signed in before, the provider has the browser sign them out by a form that sends itself.
      const hidden = [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
      const form = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]));
      return await this.go(action, { ...form, ...(isLogin && { login: account, password: 'any' }) });
    });
  }

  /** What the provider asks at first; undefined where it asks nothing and sends the browser back. */
  async askedAt(place: string): Promise<'login' | 'consent' | undefined> {
    let asked: 'login' | 'consent' | undefined;
    await this.until(place, async (page) => {
      asked = (await page.response.text()).includes('name="login"') ? 'login' : 'consent';
      return { response: page.response, next: `${this.own}/` };
    });
    return asked;
  }

  /** Gives up at the provider. @returns where that sends it back to */
  async giveUpAt(place: string): Promise<string> {
    return await this.until(place, async (page) => {
      const abort = /href="([^"]+\/abort)"/.exec(await page.response.text())?.[1] ?? '';
      return await this.go(abort);
    });
  }

  cookie(name: string): string | undefined {
    return this.cookies.get(this.own)?.find((cookie) => cookie.name === name)?.value;
  }

  plant(name: string, value: string): void {
    this.keep(this.own, `${name}=${value}; Path=/`);
  }

  /** Until it is sent back to the application. */
  private async until(
    place: string,
    act: (page: { response: Response }) => Promise<{ response: Response; next?: string }>,
  ): Promise<string> {
    let next: string | undefined = place;
    for (let steps = 0; steps < 20 && next !== undefined; steps += 1) {
      if (new URL(next).origin === this.own) return next;
      const page: { response: Response; next?: string } = await this.go(next);
      next = page.next ?? (await act(page)).next;
    }
    throw new Error(`The provider has not sent the browser back from ${place}`);
  }

  private keep(origin: string, line: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/);
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const told = (key: string) =>
      attributes.find((each) => each.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
    const path = told('path') ?? '/';
    const others = (this.cookies.get(origin) ?? []).filter((each) => each.name !== name || each.path !== path);
    const expires = told('expires');
    const isGone = told('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now());
    this.cookies.set(origin, isGone ? others : [...others, { name, value, path }]);
  }
}

/** Keys of an identity provider, as a runner asks for them and remembers them. */
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { publishedKeys } from '../../src/activities/published-keys.js';
import { json, serve } from '../helpers/server.js';
import { temporaryFolder } from './support.js';

async function pair(kid: string): Promise<{ privateKey: CryptoKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } };
}

const tokenBy = (key: CryptoKey, kid: string, said = 'a') =>
  new SignJWT({ said }).setProtectedHeader({ alg: 'ES256', kid }).sign(key);

/** A provider that publishes these keys, as far as discovery goes. */
async function providerOf(keys: JWK[]) {
  const published = { keys, issuer: '', place: '' };
  const site = await serve((request, response) => {
    if (request.url === '/jwks') return json(response, { keys: published.keys });
    json(response, { issuer: published.issuer, jwks_uri: published.place });
  });
  published.issuer = site.url;
  published.place = `${site.url}/jwks`;
  return { site, published, issuer: site.url };
}

test('a token that was once seen to be signed by a published key stays so, when the provider has taken another', async () => {
  const [old, next] = [await pair('old'), await pair('next')];
  const { published, issuer } = await providerOf([old.jwk]);
  const state = temporaryFolder();
  const token = await tokenBy(old.privateKey, 'old');
  expect(await publishedKeys(state)(issuer, token)).toEqual({ keys: [old.jwk] });
  published.keys = [next.jwk];
  // After a restart of the worker, too.
  expect(await publishedKeys(state)(issuer, token)).toEqual({ keys: [old.jwk] });
  // Whoever has got hold of the old key by now makes nothing new with it.
  const later = await tokenBy(old.privateKey, 'old', 'b');
  expect(await publishedKeys(state)(issuer, later)).toEqual({ keys: [next.jwk] });
  expect(await publishedKeys(temporaryFolder())(issuer, token)).toEqual({ keys: [next.jwk] });
});

test('where the provider does not answer, its keys are unknown, with the reason; it is not asked for each word', async () => {
  const { privateKey, jwk } = await pair('one');
  const { site, issuer } = await providerOf([jwk]);
  const find = publishedKeys(temporaryFolder());
  site.handle = (_, response) => json(response, {}, 503);
  const unknown = { unknown: expect.stringContaining('/.well-known/openid-configuration answered 503') };
  expect(await find(issuer, await tokenBy(privateKey, 'one'))).toEqual(unknown);
  expect(await find(issuer, await tokenBy(privateKey, 'one', 'b'))).toEqual(unknown);
  expect(site.requests).toHaveLength(1);
});

test('keys are not taken from who says that it is another, nor from a place that is not known by TLS', async () => {
  const { privateKey, jwk } = await pair('one');
  const { published, issuer } = await providerOf([jwk]);
  const token = await tokenBy(privateKey, 'one');
  published.issuer = 'https://accounts.example.com';
  expect(await publishedKeys(temporaryFolder())(issuer, token)).toEqual({
    unknown: expect.stringContaining('another provider'),
  });
  published.issuer = issuer;
  published.place = 'http://keys.example.com/jwks';
  expect(await publishedKeys(temporaryFolder())(issuer, token)).toEqual({ unknown: expect.stringContaining('TLS') });
});

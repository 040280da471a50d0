/** The console behind a proxy that speaks TLS: known by one name, and handing out what stays with that name. */
import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type Served, serveConsole } from '../../src/console/serve.js';
import { NOBODY } from '../../src/console/signed-in.js';
import { deploymentsWith } from './looks.js';

let served: Served | undefined;
afterEach(() => served?.stop());

/** As a proxy asks that hands on the name by which it was asked. */
function askedAs(host: string): Promise<{ status: number | undefined; cookies: string[] }> {
  return new Promise((resolve, reject) => {
    request(served?.url ?? '', { headers: { host } }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, cookies: response.headers['set-cookie'] ?? [] });
    })
      .on('error', reject)
      .end();
  });
}

test('behind a proxy it answers to that name alone, and its cookies stay with it and go over TLS', async () => {
  const { deployments } = deploymentsWith({});
  served = await serveConsole({ port: 0, deployments, signIn: NOBODY, origin: 'https://surefoot.example.com' });
  const { status, cookies } = await askedAs('surefoot.example.com');
  expect(status).toBe(200);
  expect(cookies).not.toEqual([]);
  for (const cookie of cookies) expect(cookie).toMatch(/^__Host-[^;]+;.*; Secure/);
  for (const other of [new URL(served.url).host, 'localhost', 'surefoot.example.com.evil.example']) {
    expect((await askedAs(other)).status, other).toBe(421);
  }
});

test('without one it answers to this machine’s names', async () => {
  served = await serveConsole({ port: 0, deployments: deploymentsWith({}).deployments, signIn: NOBODY });
  const { host, port } = new URL(served.url);
  expect((await askedAs(host)).status).toBe(200);
  expect((await askedAs(`localhost:${port}`)).status).toBe(200);
  expect((await askedAs('surefoot.example.com')).status).toBe(421);
});

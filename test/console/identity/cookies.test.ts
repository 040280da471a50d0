/** What signing in keeps in a browser and in memory, and where a link may lead to: by OWASP's cheat sheets. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownPage } from '../../../src/console/identity/identity-sign-in.js';
import { KeptForAWhile } from '../../../src/console/identity/kept-for-a-while.js';
import { secretCookie } from '../../../src/console/identity/secret-cookie.js';

const asking = (cookie: string) => new Request('http://127.0.0.1:8080/', { headers: { cookie } });

test('over TLS a cookie is of this host alone, and goes over TLS alone; on loopback scripts cannot read it either', () => {
  const secure = secretCookie('surefoot-session', 'https://surefoot.example.com');
  expect(secure.written('a')).toBe('__Host-surefoot-session=a; Path=/; HttpOnly; Secure; SameSite=Lax');
  const here = secretCookie('surefoot-session', 'http://127.0.0.1:8080');
  expect(here.written('a')).toBe('surefoot-session=a; Path=/; HttpOnly; SameSite=Lax');
  expect(here.written(undefined)).toMatch(/^surefoot-session=; Max-Age=0; Path=\/;/);
});

test('over TLS a cookie without the beginning that a browser vouches for is not read', () => {
  const { read } = secretCookie('surefoot-session', 'https://surefoot.example.com');
  expect(read(asking('surefoot-session=a'))).toBeUndefined();
  expect(read(asking('other=b; __Host-surefoot-session=a'))).toBe('a');
  expect(read(new Request('https://surefoot.example.com/'))).toBeUndefined();
});

test('no link leads from signing in to a page of somebody else', () => {
  expect(ownPage('/waiting?role=qa')).toBe('/waiting?role=qa');
  const elsewhere = [
    'https://evil.test/',
    '//evil.test/',
    '/\\evil.test',
    '\\\\evil.test',
    'javascript:alert(1)',
    ' //e.t',
  ];
  for (const asked of [...elsewhere, '/..//evil.test', '/%2e%2e//evil.test', '/\t/evil.test', '', undefined]) {
    expect(new URL(ownPage(asked), 'https://here.test').origin).toBe('https://here.test');
  }
  const pieces = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2f',
    '%2e',
    '@',
    ':',
    'https:',
    'evil.test',
    '\t',
    '\n',
    '?',
    '#',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      expect(new URL(ownPage(parts.join('')), 'https://here.test').origin).toBe('https://here.test');
    }),
  );
});

test('what is kept for a while is gone then, is taken once, and the oldest makes room', () => {
  let now = 0;
  const kept = new KeptForAWhile<number>({ longest: 100, idle: 40 }, () => now);
  const [one, two] = [kept.put(1), kept.put(2)];
  expect(one).toMatch(/^[\w-]{43}$/);
  for (now = 30; now < 100; now += 30) expect(kept.get(one)).toBe(1);
  expect(kept.get(two)).toBeUndefined();
  now = 100;
  expect(kept.get(one)).toBeUndefined();
  const three = kept.put(3);
  expect(kept.take(three)).toBe(3);
  expect(kept.take(three)).toBeUndefined();
  const oldest = kept.put(4);
  const names = Array.from({ length: 10_000 }, (_, value) => kept.put(value));
  expect(kept.get(oldest)).toBeUndefined();
  expect(kept.get(names[0])).toBe(0);
  expect(kept.get(undefined)).toBeUndefined();
});

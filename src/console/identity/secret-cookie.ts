/**
 * Cookies that only the console reads and no other site sets, by OWASP's cheat sheet on sessions. `Lax`, as people come
 * by links, from mail and from the identity provider: what is sent from there as a form brings none along.
 */
import { parse, serialize } from 'hono/utils/cookie';

export interface SecretCookie {
  read(request: Request): string | undefined;
  /** @param value undefined takes it away. @returns the value of a Set-Cookie header */
  written(value: string | undefined): string;
}

/** @param origin under which the browser has the console: without TLS it can only be this machine */
export function secretCookie(name: string, origin: string): SecretCookie {
  const secure = origin.startsWith('https:');
  // With this beginning a browser takes it over TLS alone, and from this very host.
  const full = secure ? `__Host-${name}` : name;
  return {
    read: (request) => parse(request.headers.get('cookie') ?? '', full)[full],
    written: (value) =>
      serialize(full, value ?? '', {
        path: '/',
        httpOnly: true,
        sameSite: 'Lax',
        secure,
        ...(value === undefined && { maxAge: 0 }),
      }),
  };
}

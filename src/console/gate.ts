/**
 * What every request passes, and what every answer says to the browser: by OWASP's cheat sheets on HTTP headers, content
 * security policy and cross-site request forgery, and against names that lead to this machine (DNS rebinding).
 */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';

/** Bytes: a reason of 2,000 characters, and all else that a form holds. */
const LONGEST_FORM = 20_000;

/** @param leadsTo origins that a form of ours may lead to beside our own, as an identity provider's */
export const headers = (leadsTo: readonly string[]): MiddlewareHandler =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'", ...leadsTo],
      frameAncestors: ["'none'"],
    },
    crossOriginEmbedderPolicy: 'require-corp',
    // Nothing is told to others; without a referrer for ourselves a form would come without its origin.
    referrerPolicy: 'same-origin',
    xFrameOptions: 'DENY',
    // Who came by HTTPS stays there; browsers do not heed it from loopback without it.
    strictTransportSecurity: 'max-age=31536000',
  });

/** Nothing of a page stays in a browser, or between; what never changes under its name says so itself. */
export const notKept: MiddlewareHandler = async (context, next) => {
  await next();
  if (!context.res.headers.has('Cache-Control')) context.res.headers.set('Cache-Control', 'no-store');
};

/**
 * Answers to the names of `origins` alone: a page of somebody else whose name leads to this machine is another origin's,
 * whatever the browser takes it for.
 */
export const ownNames = (origins: readonly string[], refuse: () => Response): MiddlewareHandler => {
  const hosts = new Set(origins.map((origin) => new URL(origin).host));
  return async (context, next) => {
    if (!hosts.has(context.req.header('Host') ?? '')) return refuse();
    await next();
  };
};

/** Who only looks is let in from anywhere; what is sent has to come from a page of ours, as the browser says. */
export const ownPages = (
  origins: readonly string[],
  refuse: (context: Parameters<MiddlewareHandler>[0]) => Response,
): MiddlewareHandler => {
  return async (context, next) => {
    const { method } = context.req;
    if (method !== 'GET' && method !== 'HEAD' && !origins.includes(context.req.header('Origin') ?? '')) {
      return refuse(context);
    }
    await next();
  };
};

export const shortForms = (refuse: (context: Parameters<MiddlewareHandler>[0]) => Response): MiddlewareHandler =>
  bodyLimit({ maxSize: LONGEST_FORM, onError: refuse });

/** The page on which a person signs a decision with a passkey, and from which it is sent. */
import type { Context, Hono } from 'hono';
import type { ConsoleContext } from './console-context.js';
import { framed } from './pages/frame.js';
import { PASSKEY_FIELD } from './pages/passkey-page.js';
import { SIGN_IN_INSTEAD, signingPage } from './pages/signing-page.js';
import { SIGNING_PATH } from './signed-in.js';

export function signingRoutes(app: Hono, console: ConsoleContext): void {
  const { signing } = console.signIn;
  if (!signing) return;
  const nameIn = (context: Context) => context.req.param('name') ?? '';
  const show = async (context: Context, refused?: string) => {
    const toSign = signing.find(context.req.raw, nameIn(context));
    if (!toSign) return await console.problem(context, 'notFound', refused === undefined ? [] : [refused]);
    const asking = await console.asking(context);
    const page = signingPage({ toSign, refused }, asking);
    return context.html(framed(page, asking).text, refused === undefined ? 200 : 422);
  };
  app.get(`${SIGNING_PATH}/:name`, (context) => show(context));
  app.post(`${SIGNING_PATH}/:name`, async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const name = nameIn(context);
    if (form.has(SIGN_IN_INSTEAD)) return (await signing.signIn(context.req.raw, name)) ?? (await show(context));
    const done = await signing.sign(context.req.raw, name, form.get(PASSKEY_FIELD) ?? '');
    return 'refused' in done ? await show(context, done.refused) : done;
  });
}

/** The pages on which somebody who has signed in makes a passkey, and has it for the policy. They decide nothing. */
import type { Context, Hono } from 'hono';
import type { ConsoleContext } from './console-context.js';
import { policyPiece } from './identity/policy-piece.js';
import { framed } from './pages/frame.js';
import { enrolledPage, PASSKEY_FIELD, passkeyPage } from './pages/passkey-page.js';
import { type Enrolled, PASSKEY_PATH, type PasskeyEnrolment } from './signed-in.js';

export function enrollingRoutes(app: Hono, console: ConsoleContext): void {
  const { enrolment } = console.signIn;
  if (!enrolment) return;
  app.get(PASSKEY_PATH, async (context) => await asked(context, { console, enrolment }));
  app.post(PASSKEY_PATH, async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const made = await enrolment.finish(context.req.raw, form.get(PASSKEY_FIELD) ?? '');
    if ('refused' in made) return await asked(context, { console, enrolment, refused: made.refused });
    return context.redirect(`${PASSKEY_PATH}/${made.name}`, 303);
  });
  const show = (address: string, shown: (context: Context, enrolled: Enrolled) => Promise<Response> | Response) =>
    app.get(address, async (context) => {
      const enrolled = await enrolment.find(context.req.raw, context.req.param('name') ?? '');
      return enrolled ? await shown(context, enrolled) : await console.problem(context, 'notFound');
    });
  show(`${PASSKEY_PATH}/:name`, async (context, enrolled) => {
    const asking = await console.asking(context);
    return console.answer(context, enrolledPage(enrolled, asking), asking);
  });
  show(`${PASSKEY_PATH}/:name/policy.yaml`, (context, enrolled) =>
    context.body(policyPiece(enrolled), 200, {
      'Content-Type': 'application/yaml; charset=utf-8',
      'Content-Disposition': 'attachment; filename="passkey.yaml"',
    }),
  );
}

async function asked(
  context: Context,
  { console, enrolment, refused }: { console: ConsoleContext; enrolment: PasskeyEnrolment; refused?: string },
): Promise<Response> {
  const [begun, asking] = await Promise.all([enrolment.begin(context.req.raw), console.asking(context)]);
  const page = passkeyPage({ begun, refused }, asking);
  return context.html(framed(page, asking).text, refused === undefined ? 200 : 422);
}

/** From a form to a decision: shown, filled in, confirmed, proven, sent. Only a form's second step sends, and only by POST. */
import type { Context, Hono } from 'hono';
import type { Decision } from '../domain/ledger/ledger.js';
import { CliError } from '../temporal/errors.js';
import type { ConsoleContext } from './console-context.js';
import type { DeploymentLook } from './look.js';
import { answeredPage, CONFIRMED, confirmationPage, decisionPage } from './pages/decision-page.js';
import { framed, type PageAsking } from './pages/frame.js';
import { deploymentPath } from './pages/parts.js';
import { decisionOf, sayableOf } from './saying.js';
import type { Send } from './signed-in.js';

const ADDRESSES = ['/deployments/:deployment/decide', '/deployments/:deployment/decide/:question'];

export function decidingRoutes(app: Hono, console: ConsoleContext): void {
  for (const address of ADDRESSES) {
    app.get(address, async (context) => {
      const [look, asking] = await Promise.all([console.looked(context), console.asking(context)]);
      if (!look) return await console.problem(context, 'notFound');
      const sayable = sayableOf(look, context.req.param('question'), asking);
      return console.answer(context, decisionPage({ look, sayable, asking }), asking);
    });
    app.post(address, async (context) => await said(context, console));
  }
}

async function said(context: Context, console: ConsoleContext): Promise<Response> {
  const form = new URLSearchParams(await context.req.text());
  const [look, asking] = await Promise.all([console.looked(context), console.asking(context)]);
  if (!look) return await console.problem(context, 'notFound');
  const sayable = sayableOf(look, context.req.param('question'), asking);
  if (sayable.mayNot) return context.html(framed(decisionPage({ look, sayable, asking }), asking).text, 409);
  const read = decisionOf(form, { look, sayable });
  if ('lacks' in read) {
    const page = decisionPage({ look, sayable, asking }, { form, lacks: read.lacks });
    return context.html(framed(page, asking).text, 422);
  }
  const { decision } = read;
  if (form.get(CONFIRMED) !== 'yes') {
    return console.answer(context, confirmationPage({ look, sayable, asking }, { decision, form }), asking);
  }
  const page = deploymentPath(look.ledger.deployment);
  const { signedIn } = asking;
  const proving = { decision, ledger: look.ledger, request: context.req.raw, ...(signedIn ? { signedIn } : {}), page };
  return await console.signIn.prove(proving, sending(look, asking, console));
}

/** Once, whatever calls it again: a browser's "back" sends nothing twice. */
function sending(look: DeploymentLook, asking: PageAsking, { deployments }: ConsoleContext): Send {
  let isSent = false;
  return async (proven: Decision) => {
    const answer = (content: Parameters<typeof answeredPage>[1], status: number) =>
      new Response(framed(answeredPage(proven, content, asking), asking).text, {
        status,
        headers: { 'Content-Type': 'text/html; charset=UTF-8' },
      });
    if (isSent) return answer({ isTaken: false, text: 'it was sent before' }, 409);
    isSent = true;
    try {
      return answer({ isTaken: true, text: await deployments.send(look.ledger.deployment, proven) }, 200);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      return answer({ isTaken: false, text: error.message, hint: error.hint }, 409);
    }
  };
}

/** The console's pages by their addresses. Who gets here is let in by the gate; what is shown, pages say. */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { doraCsv } from '../domain/deployments/dora-csv.js';
import { CliError, innermost } from '../temporal/errors.js';
import { CONSOLE_ICON } from './assets/icon.js';
import { CONSOLE_SCRIPT } from './assets/script.js';
import { CONSOLE_STYLE } from './assets/style.js';
import { browserOf } from './browser.js';
import type { ConsoleContext, ConsoleOptions } from './console-context.js';
import { decidingRoutes } from './deciding.js';
import { enrollingRoutes } from './enrolling.js';
import { formTokens } from './form-token.js';
import { headers, notKept, ownNames, ownPages, shortForms } from './gate.js';
import { tellOfChanges } from './live.js';
import type { DeploymentLook } from './look.js';
import { deploymentPage } from './pages/deployment-page.js';
import { deploymentsPage, wantedRows } from './pages/deployments-page.js';
import {
  framed,
  ICON_PATH,
  LIVE_PATH,
  type PageAsking,
  type PageContent,
  problemPage,
  SCRIPT_PATH,
  STYLE_PATH,
  TOKEN_FIELD,
} from './pages/frame.js';
import { historyPage, periodAsked, periodOf } from './pages/history-page.js';
import { pageAsked } from './pages/parts.js';
import { evidencePage } from './pages/proof-part.js';
import { waitingPage } from './pages/waiting-page.js';
import { watchPage } from './pages/watches-part.js';
import { SIGN_IN_PATH } from './signed-in.js';
import { signingRoutes } from './signing.js';

const STATUS = { notFound: 404, forbidden: 403, form: 403, tooLong: 413, failed: 503 } as const;

export function consoleApp({
  deployments,
  signIn,
  origins,
  tokens = formTokens(),
  clock = Date.now,
}: ConsoleOptions): Hono {
  const app = new Hono();
  const secure = origins.every((origin) => origin.startsWith('https:'));
  const browser = (context: Context) => browserOf(context, { tokens, secure });
  const console: ConsoleContext = {
    deployments,
    signIn,
    tokens,
    clock,
    browser,
    async asking(context) {
      const { language, id } = browser(context);
      const signedIn = await signIn.whoAsks(context.req.raw);
      return {
        ...language,
        now: clock(),
        path: pathOf(context),
        canSignIn: signIn.isThere,
        signedIn,
        token: tokens.tokenFor(id, signedIn?.person),
      };
    },
    answer: (context, content, asking) => context.html(framed(content, asking).text),
    async problem(context, kind, more) {
      const asking = await console.asking(context);
      const page = problemPage(asking.words.problems[kind], { asking, more });
      return context.html(page.text, STATUS[kind]);
    },
    looked: (context) => deployments.look(context.req.param('deployment') ?? ''),
  };
  app.use(headers(signIn.leadsTo), notKept);
  app.use(
    ownNames(origins, () => new Response(`This is ${origins[0]}, and answers to no other name.\n`, { status: 421 })),
  );
  app.use(ownPages(origins, (context) => console.problem(context, 'forbidden')));
  app.use(shortForms((context) => console.problem(context, 'tooLong')));
  app.use(ownForms(console));
  assets(app);
  pages(app, console);
  decidingRoutes(app, console);
  enrollingRoutes(app, console);
  signingRoutes(app, console);
  app.route(SIGN_IN_PATH, signIn.pages);
  app.notFound((context) => console.problem(context, 'notFound'));
  app.onError((error, context) => console.problem(context, 'failed', reasonsOf(error)));
  return app;
}

const pathOf = ({ req }: Context): string => {
  const { pathname, search } = new URL(req.url);
  return `${pathname}${search}`;
};

/** What an error says to people; what it does not say to them is not shown. */
function reasonsOf(error: unknown): string[] {
  return error instanceof CliError ? [error.message, error.hint] : [innermost(error)];
}

/** Whatever is sent, below signing in as well, is a form that this browser was shown while the same person was signed in. */
const ownForms =
  (console: ConsoleContext): MiddlewareHandler =>
  async (context, next) => {
    const { method, raw } = context.req;
    if (method === 'GET' || method === 'HEAD') return await next();
    const form = new URLSearchParams(await raw.clone().text());
    const signedIn = await console.signIn.whoAsks(raw);
    const isOwn = console.tokens.isRight(form.get(TOKEN_FIELD) ?? '', console.browser(context).id, signedIn?.person);
    return isOwn ? await next() : await console.problem(context, 'form');
  };

function assets(app: Hono): void {
  const kept = { 'Cache-Control': 'private, max-age=300' };
  const serve = (path: string, type: string, text: string) =>
    app.get(path, (context) => context.body(text, 200, { ...kept, 'Content-Type': `${type}; charset=utf-8` }));
  serve(STYLE_PATH, 'text/css', CONSOLE_STYLE);
  serve(SCRIPT_PATH, 'text/javascript', CONSOLE_SCRIPT);
  serve(ICON_PATH, 'image/svg+xml', CONSOLE_ICON);
}

/** What an address shows; undefined where there is nothing of it. */
type Shown = (context: Context, asking: PageAsking) => Promise<PageContent | undefined>;

function pages(app: Hono, console: ConsoleContext): void {
  const { deployments, clock } = console;
  const ofDeployment = (
    show: (look: DeploymentLook, asking: PageAsking, context: Context) => PageContent | undefined,
  ): Shown => {
    return async (context, asking) => {
      const look = await console.looked(context);
      return look && show(look, asking, context);
    };
  };
  const show = (address: string, shown: Shown) =>
    app.get(address, async (context) => {
      const asking = await console.asking(context);
      const content = await shown(context, asking);
      return content ? console.answer(context, content, asking) : await console.problem(context, 'notFound');
    });
  show('/', async ({ req }, asking) =>
    deploymentsPage(await deployments.all(), wantedRows(new URL(req.url).searchParams), asking),
  );
  show('/waiting', async ({ req }, asking) =>
    waitingPage(await deployments.all(), req.query('role') || undefined, asking),
  );
  show('/history', async ({ req }, asking) => {
    const days = periodAsked(new URL(req.url).searchParams);
    return historyPage(await deployments.figures(periodOf(days, asking.now)), days, asking);
  });
  show('/deployments/:deployment', ofDeployment(deploymentPage));
  show(
    '/deployments/:deployment/evidence',
    ofDeployment((look, asking, { req }) => evidencePage(look, pageAsked(new URL(req.url).searchParams), asking)),
  );
  show(
    '/deployments/:deployment/watches/:number',
    ofDeployment((look, asking, { req }) => watchPage(look, Number(req.param('number')), asking)),
  );
  app.get('/history.csv', async ({ req, body }) => {
    const period = periodOf(periodAsked(new URL(req.url).searchParams), clock());
    const { services } = await deployments.figures(period);
    return body(doraCsv(services, period), 200, {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': 'attachment; filename="dora.csv"',
    });
  });
  app.get('/deployments/:deployment/evidence/file', async (context) => {
    const look = await console.looked(context);
    if (!look) return await console.problem(context, 'notFound');
    const found = await deployments.evidence(look, context.req.query('path') ?? '');
    if ('unused' in found) return await console.problem(context, 'notFound', [found.unused]);
    // Whatever it holds, a browser shows it as text.
    return context.text(found.text);
  });
  app.get(LIVE_PATH, async (context) => {
    const { page: path = '/', at, shown } = context.req.query();
    const { pathname, searchParams } = new URL(path, 'http://console');
    const [, deployment] = /^\/deployments\/([^/]+)$/.exec(pathname) ?? [];
    const asking = await console.asking(context);
    // As it was at the moment that the browser shows: that time has gone on changes no page.
    const asked = { ...asking, path, now: Number(at) || asking.now };
    const page = async () => {
      if (deployment !== undefined) {
        const look = await deployments.look(decodeURIComponent(deployment));
        return look ? deploymentPage(look, asked).main.text : '';
      }
      const all = await deployments.all();
      const { main } =
        pathname === '/waiting'
          ? waitingPage(all, searchParams.get('role') || undefined, asked)
          : deploymentsPage(all, wantedRows(searchParams), asked);
      return main.text;
    };
    return tellOfChanges(context, { shown, page });
  });
}

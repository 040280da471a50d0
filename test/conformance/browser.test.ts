/** A real browser before real pages. */
import { type ObservedPage, withPage } from '../../src/adapters/application/browser.js';
import { SwaggerUi } from '../../src/adapters/application/swagger-ui.js';
import type { ApiDocumentation } from '../../src/contract/plan/application.js';
import { type Handler, serve } from '../helpers/server.js';
import { type Answer, answerOf, conforms, type Situations } from './reader.js';

const SECRET = 'row-of-somebody-else';
const html =
  (body: string, status = 200): Handler =>
  (request, response) =>
    void response
      .writeHead(request.url === '/favicon.ico' ? 404 : status, { 'content-type': 'text/html' })
      .end(`<!doctype html><title>Plans</title>${body}`);
/** Milliseconds after which a page that does not come is given up. */
const SHORT = 2_500;

function situations(
  read: (url: string, page: ObservedPage) => Promise<Answer>,
  value: Situations['value'],
): Situations {
  const before = (handle: Handler, limit = 25_000) => {
    return async (): Promise<Answer> => {
      const { url } = await serve(handle);
      const seen = await answerOf(() => withPage(AbortSignal.timeout(limit), (page) => read(url, page)));
      return 'known' in seen ? (seen.known as Answer) : seen;
    };
  };
  return {
    value: typeof value === 'function' ? before(html('<h1>Plans</h1>')) : value,
    none: before(html('', 404)),
    hidden: before(html(SECRET, 403)),
    partial: before((request, response) => {
      if (request.url === '/favicon.ico') return void response.writeHead(404).end();
      response.writeHead(200, { 'content-length': '10000', 'content-type': 'text/html' });
      response.write('<title>Plans</title><h1>', () => response.destroy());
    }, SHORT),
    error: before(html(SECRET, 500)),
    hang: before(() => {}, SHORT),
    nonsense: before((request) => void request.socket.end('this is not HTTP\r\n\r\n')),
    huge: before((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('<p>more</p>'.repeat(5_000)));
        response.once('drain', more);
      };
      response.writeHead(200, { 'content-type': 'text/html' });
      more();
    }, SHORT),
    rateLimit: before(html('slower, please', 429)),
  };
}

/** What a page shows is known when nothing went wrong in it. */
const titleOf = async (url: string, { page, log: { problems } }: ObservedPage): Promise<Answer> => {
  await page.goto(url);
  return problems.first === undefined ? { known: await page.title() } : { unknown: problems.first };
};

conforms(
  'adapters/application/browser.ts',
  situations(titleOf, async () => ({ known: '' })),
  { secrets: [SECRET] },
);

const DOCUMENTATION: ApiDocumentation = {
  path: '/docs',
  endpoint: { method: 'GET', path: '/plans' },
  parameters: ['skip'],
  fields: ['items'],
  otherwise: ['qa'],
};

const findingsOf = async (url: string, page: ObservedPage): Promise<Answer> => {
  const { loads, listed } = await new SwaggerUi(page, DOCUMENTATION).read(`${url}/docs`);
  const bad = [loads, listed].find(({ ok }) => !ok);
  return bad ? { unknown: bad.text } : { known: loads.text };
};

conforms(
  'adapters/application/swagger-ui.ts',
  situations(findingsOf, {
    impossible:
      'a page in order needs an application of its own: test/activities/application/documentation.test.ts reads several',
  }),
  { secrets: [SECRET] },
);

/** Looks at deployments without a Temporal, and a console that knows nothing else. */
import type { Hono } from 'hono';
import { consoleApp } from '../../src/console/app.js';
import type { ConsoleRow, DeploymentLook, Deployments } from '../../src/console/look.js';
import type { PageAsking } from '../../src/console/pages/frame.js';
import { NOBODY, type SignIn } from '../../src/console/signed-in.js';
import { consoleWords, type PageLanguage } from '../../src/console/words/language.js';
import type { DoraMetrics } from '../../src/domain/deployments/dora.js';
import type { ListedDeployment } from '../../src/domain/deployments/listed.js';
import type { Decision, Ledger } from '../../src/domain/ledger/ledger.js';
import { usageError } from '../../src/temporal/errors.js';
import { questionWith, START } from '../client/ledgers.js';
import { goodLedger, plan, reportWith } from '../report/reports.js';

export const NOW = START + 3_600_000;
export const HOST = '127.0.0.1:8080';
export const ORIGIN = `http://${HOST}`;

const RUNNING: Partial<Ledger> = { outcome: undefined, reason: undefined, endedAt: undefined, phase: 'approval' };

/** One that runs, of the shipped plan, unless a test says otherwise. */
export function lookWith(parts: Partial<Ledger> = {}, more: Partial<DeploymentLook> = {}): DeploymentLook {
  const ledger = goodLedger({ ...RUNNING, ...parts });
  const running = ledger.outcome === undefined;
  return {
    found: {
      workflowId: 'surefoot/eduautismo/production',
      runId: 'run',
      running,
      status: running ? 'RUNNING' : 'COMPLETED',
    },
    ledger,
    services: [],
    inVirtualTime: false,
    planned: {
      plan: { ...plan, approvals: { ...plan.approvals, signed: false } },
      document: reportWith({ ...RUNNING, ...parts }),
      view: { watches: [], loads: [], indexes: [] },
    },
    ...more,
  };
}

export const signOffs = (parts: Partial<Parameters<typeof questionWith>[0]> = {}) =>
  questionWith({
    kind: 'approvals',
    id: 'sign-offs',
    title: 'Sign-offs',
    roles: ['qa', 'dba'],
    moves: ['approve', 'reject'],
    text: 'everything is proven',
    ...parts,
  });

export const askingWith = (parts: Partial<PageAsking> = {}, language: PageLanguage = 'en'): PageAsking => ({
  language,
  words: consoleWords(language),
  now: NOW,
  path: '/',
  canSignIn: false,
  token: 'a-token',
  ...parts,
});

export const listedWith = (parts: Partial<ListedDeployment> = {}): ListedDeployment => ({
  workflowId: 'surefoot/shop/production',
  runId: parts.deployment ?? 'run',
  deployment: 'shop-20251124-120000-ab12',
  service: 'shop',
  outcome: 'succeeded',
  target: 'v2',
  startedAt: START,
  endedAt: START + 60_000,
  ...parts,
});

export const FIGURES: DoraMetrics = {
  frequency: { value: 1.5, of: 6, without: 0 },
  leadTime: { value: null, of: 0, without: 6 },
  failureRate: { value: 0.5, of: 6, without: 0 },
  timeToRestore: { value: 600_000, of: 3, without: 1 },
};

export interface Trial {
  app: Hono;
  sent: Decision[];
  /** As a browser of the console asks, which keeps its cookies. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  text(path: string): Promise<string>;
  /** Sends a form as its page has it, filled in so. */
  send(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
}

interface Known {
  looks?: DeploymentLook[];
  rows?: ConsoleRow[];
  /** Why the deployment refuses what is sent to it. */
  refusal?: string;
  evidence?: Deployments['evidence'];
}

/** Deployments that are what a test says, and keep what is sent to them. */
export function deploymentsWith({ looks = [], rows = [], refusal, evidence }: Known) {
  const sent: Decision[] = [];
  const deployments: Deployments = {
    all: async () => ({ rows, unknown: [] }),
    look: async (deployment) => looks.find(({ ledger }) => ledger.deployment === deployment),
    evidence: evidence ?? (async (_, path) => ({ unused: `${path}: there is no such file` })),
    figures: async () => ({ services: new Map([['shop', FIGURES]]), all: FIGURES, notes: ['one is not counted'] }),
    async send(_, decision) {
      if (refusal !== undefined) throw usageError(`Refused: ${refusal}`, 'See what is waited for.');
      sent.push(decision);
      return `signed off as ${decision.role}`;
    },
  };
  return { deployments, sent };
}

export function consoleWith({ signIn = NOBODY, ...known }: Known & { signIn?: SignIn }): Trial {
  const { deployments, sent } = deploymentsWith(known);
  const app = consoleApp({ deployments, signIn, origins: [ORIGIN], clock: () => NOW });
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has('Host')) headers.set('Host', HOST);
    if (cookies.size > 0) headers.set('Cookie', [...cookies].map((pair) => pair.join('=')).join('; '));
    const answer = await app.request(`${ORIGIN}${path}`, { ...init, headers });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    return answer;
  };
  const text = async (path: string) => (await ask(path)).text();
  return {
    app,
    sent,
    ask,
    text,
    async send(path, fields, headers = {}) {
      const [, token = ''] = /name="token" value="([^"]*)"/.exec(await text(path)) ?? [];
      const body = new URLSearchParams({ token, ...fields });
      return await ask(path, { method: 'POST', body, headers: { Origin: ORIGIN, ...headers } });
    },
  };
}

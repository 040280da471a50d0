/**
 * The plan as the workflows see it: resolved (no names left to look up), plain data, no secrets.
 * The authored form and its validation live in `src/plan`. Durations are milliseconds.
 */
import type { Approvals, Person } from '../domain/approvals.js';
import type { Criterion, RollbackOption } from '../domain/criteria.js';

export type { Approvals, Person };

/** Where a secret is found by the process that uses it: `env:NAME` or `file:PATH`. Never the secret itself. */
export type SecretReference = string;

export type EnvironmentName = 'staging' | 'production';

/** Where commands of an environment run. */
export type Server =
  | { kind: 'local' }
  | { kind: 'ssh'; host: string; user?: string; port?: number; knownHosts?: string };

export interface Database {
  host: string;
  port: number;
  name: string;
  user: string;
  password: SecretReference;
}

export interface Environment {
  name: EnvironmentName;
  /** Base URL of the application, without a trailing slash. */
  api: string;
  server: Server;
  /** The folder on the server that migration commands run in (`/app/backend`). */
  application: string;
  /** Folders put first on PATH for commands of this environment. */
  tools: string[];
  database: Database;
  login: { path: string; username: string; password: SecretReference };
}

/** A command as an argument list; `{environment}`, `{version}`, `{url}`, `{seconds}`, `{revision}` are filled in. */
export interface Command {
  run: string[];
  /** On the machine of the worker, or on the environment's server. */
  on: 'worker' | 'server';
  /** The folder it runs in. */
  folder: string;
  /** Longest time it may take. */
  timeout: number;
}

export interface Commands {
  deploy: Command;
  waitForHealth?: Command;
  logs: Command;
  restartService: Command;
  restartWorkers?: Command;
  maintenanceOn?: Command;
  maintenanceOff?: Command;
  databaseMonitor?: Command;
  metricsReport?: Command;
}

export interface Migration {
  tool: string;
  /** The revision the deploy brings the database to. */
  revision: string;
  current: Command;
  upgrade: Command;
  downgrade: Command;
  /** Per statement, by PGOPTIONS. */
  lockTimeout: number;
  statementTimeout: number;
  /** Longest total time in production (checklist 3.4: 30 s). */
  within: number;
}

export interface IndexExpectations {
  table: string;
  /** Total number of indexes on the table after the migration, when the plan states it. */
  total?: number;
  expected: { name: string; columns: string[] }[];
  /** Queries whose plans must be able to use an index of the list. */
  queries: { name: string; sql: string; uses: string }[];
}

export type JsonType = 'array' | 'integer' | 'number' | 'string' | 'boolean' | 'object';

/** One request of the functional or smoke checks with what must be true of the answer. */
export interface EndpointCheck {
  id: string;
  title: string;
  method: 'GET' | 'POST';
  path: string;
  query: Record<string, string>;
  login: boolean;
  status: number;
  /** Field paths and JSON types; `items[].id` looks into every element. */
  structure?: Record<string, JsonType>;
  /** Field paths of which every value must equal this. `{sample}` is the value taken by `sample`. */
  each?: Record<string, string>;
  /** Takes a value from the answer of an earlier check: `{sample}` in path, query and each. */
  sample?: { check: string; field: string };
  /** Walks the pages: none overlap, together they hold `total` elements. */
  pages?: { size: number; items: string; key: string; total: string };
  /** Repeats the request and holds the 95th percentile of the response time against a limit. */
  repeat?: { times: number; p95: number };
}

export interface LoadTest {
  id: string;
  title: string;
  requests: number;
  concurrency: number;
  path: string;
  /** Time after which a request counts as timed out. */
  timeout: number;
}

/** Limits of checklist 1.5: shares in percent, times in milliseconds. */
export interface LoadLimits {
  successRate: number;
  p95: number;
  p99: number;
  timeouts: number;
}

/** A label selector on a Prometheus text metric: equal values, or a regular expression with `~`. */
export interface Selector {
  name: string;
  labels?: Record<string, string>;
}

/** How a metric's value is had. `window` is the span that rates and quantiles look back over. */
export type MetricSource =
  | { kind: 'scrape'; url: string; window: number; read: ScrapeReading }
  | { kind: 'health'; url: string; window: number; read: 'restarts' | 'down' }
  | { kind: 'postgres'; database: Database; window: number; read: PostgresReading }
  | { kind: 'logs'; command: Command; environment: EnvironmentName; window: number; pattern: string };

export type ScrapeReading =
  | { ratio: { of: Selector; to: Selector } }
  | { quantile: { q: number; histogram: Selector } }
  | { mean: { histogram: Selector } }
  | { rate: Selector }
  | { gauge: Selector }
  | { share: { of: Selector; to: Selector } };

export type PostgresReading =
  | { deadlocks: true }
  | { blocked: { longerThan: number } }
  | { slowQueries: { longerThan: number } }
  | { lostRows: { table: string } };

/** A metric that criteria may name. Ratios and shares are in percent, times in milliseconds, rates per minute or second. */
export interface Metric {
  name: string;
  title: string;
  unit: string;
  source: MetricSource;
}

/** A stretch of time in which metrics are watched. */
export interface Watch {
  id: string;
  title: string;
  environment: EnvironmentName;
  duration: number;
  tick: number;
  metrics: Metric[];
  criteria: Criterion[];
  /** What a broken `require` criterion leads to while production is watched. */
  gate: 'rollback' | 'ask';
  /** How long a person may take over a `consider` question, and what happens then. */
  consider: { within: number; otherwise: 'continue' | 'rollback' };
}

/** A question only a person can answer: these items, by someone with this role. */
export interface Confirmation {
  id: string;
  title: string;
  roles: string[];
  items: string[];
}

export interface ResolvedPlan {
  service: string;
  title: string;
  language: string;
  release: { repository: string; branch: string; target: string; previous: string };
  evidence: string;
  environments: Record<EnvironmentName, Environment>;
  commands: Commands;
  migration: Migration;
  indexes: IndexExpectations;
  prerequisites: { minimumRows: { table: string; rows: number }; tools: string[]; scripts: string[] };
  criticalLogs: string;
  healthPath: string;
  healthWithin: number;
  functional: EndpointCheck[];
  smoke: EndpointCheck[];
  loadTests: LoadTest[];
  loadLimits: LoadLimits;
  confirmations: { prerequisites: Confirmation[]; staging: Confirmation[]; preparation: Confirmation[] };
  approvals: Approvals;
  soak: Watch;
  watches: Watch[];
  production: {
    maintenance: { enabled: boolean; drain: number };
    restart: boolean;
    loadTest?: { test: LoadTest; approvedBy: string };
  };
  rollback: {
    /** The option for a step that fails after production has changed. */
    onStepFailure: RollbackOption;
    /** The checklist's longest estimates. */
    estimates: Record<RollbackOption, number>;
    /** The path that must answer 200 after a full rollback. */
    verifyPath: string;
  };
  announcements: { webhook?: string };
}

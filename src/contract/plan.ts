/**
 * The plan as the workflows see it: resolved (no names left to look up), plain data, no secrets.
 * The authored form and its validation live in `src/plan`. Durations are milliseconds.
 */
import type { Approvals, Person } from '../domain/approvals.js';
import type { Comparison, Criterion, RollbackOption } from '../domain/criteria.js';
import type { Item } from '../domain/items.js';
import type { Notifications } from '../domain/notifications.js';
import type { Trend } from '../domain/trends/trend.js';

export type { Approvals, Item, Person };

/** Where a secret is found by the process that uses it: `env:NAME` or `file:PATH`. Never the secret itself. */
export type SecretReference = string;

export type EnvironmentName = 'staging' | 'production';

/** Where commands of an environment run. */
export type Server =
  | { kind: 'local' }
  | { kind: 'ssh'; host: string; user?: string; port?: number; knownHosts?: string };

/** libpq's `sslmode`. */
export const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** What the plan says of TLS to a database; the rest is PGSSL* of the worker's environment, as for libpq. */
export interface DatabaseTls {
  mode?: TlsMode;
  /** Files on the worker's machine, or `system` for the authorities that the system trusts. */
  rootCertificate?: string;
  certificate?: string;
  key?: string;
}

export interface Database {
  host: string;
  port: number;
  name: string;
  user: string;
  password: SecretReference;
  tls?: DatabaseTls;
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
  /** `alembic`, or another tool whose `current` prints the revision on its last line. */
  tool: string;
  /** The revision the deploy brings the database to. */
  revision: string;
  current: Command;
  /** Prints the newest revisions of the code, one a line. */
  heads?: Command;
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
  queries: PlannedQuery[];
}

export interface PlannedQuery {
  name: string;
  /** One SELECT, with `$1` and so on where the application sends parameters. */
  sql: string;
  /** Sample values for them, in their order. */
  parameters?: string[];
  /** The index that its plan must be able to use. */
  uses: string;
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
  /** Whether the list that comes back agrees with the number that comes with it, and is not empty when there is something. */
  data?: { items: string; total: string };
  /** Finding nothing to look at is no failure of `structure`, `each` and `pages`. */
  mayBeEmpty?: boolean;
  /** Takes a value from the answer of an earlier check: `{sample}` in path, query and each. */
  sample?: { check: string; field: string };
  /** Walks the pages: none overlap, together they hold `total` elements, and nothing comes after them. */
  pages?: { size: number; items: string; key: string; total: string };
  /** Repeats the request and holds the 95th percentile of the response time against a limit. */
  repeat?: { times: number; p95: number };
}

/** The API's documentation as people use it, in a browser (checklist 1.6). */
export interface ApiDocumentation {
  /** The page of the Swagger UI. */
  path: string;
  /** The endpoint that must be listed there, and that can be tried out. */
  endpoint: { method: EndpointCheck['method']; path: string };
  /** Its query parameters. */
  parameters: string[];
  /** Fields of its answer. */
  fields: string[];
  /** Roles of those who vouch for it where the worker finds no browser. */
  otherwise: string[];
}

/** What users see while maintenance mode is on (checklist 3.2, 3.7). */
export interface MaintenanceMessage {
  /** A path that users visit; with maintenance mode off it answers 200 to the test user. */
  path: string;
  status: number;
  /** Words of the message. */
  text: string;
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
  | { kind: 'logs'; command: Command; environment: EnvironmentName; window: number; pattern: string }
  | KeptSource
  | {
      kind: 'command';
      command: Command;
      environment: EnvironmentName;
      tools: string[];
      window: number;
      /** Field path of the number in the JSON that it prints; the whole of it when absent. */
      field?: string;
    };

/** The most values that one tick brings of a metric: each crosses Temporal and stays in a history. */
export const MOST_VALUES = 120;

/** A source that keeps history: asked for every value since the last tick, `resolution` apart, up to `delay` ago. */
export type KeptSource = { window: number; resolution: number; delay: number } & (
  | {
      kind: 'prometheus';
      place: PrometheusPlace;
      query: string;
      /** Series that are 1 while what is measured is there; worked out from the query when absent. */
      up?: string;
    }
  | { kind: 'datadog'; place: DatadogPlace; queries: Record<string, string>; formula: string }
  | { kind: 'cloudwatch'; place: AwsPlace; queries: Record<string, CloudWatchQuery>; formula: string }
  | { kind: 'cloudwatch-logs'; place: AwsPlace; group: string; filter: string }
);

export interface CloudWatchQuery {
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  /** `Average`, `Sum`, `p95` and the like. */
  statistic: string;
}

export interface PrometheusPlace {
  api: string;
  token?: SecretReference;
  login?: { username: string; password: SecretReference };
}

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
  /** Judged over all samples, once the watch has run to its end. */
  trends: Trend[];
  /** What a broken `require` criterion leads to while production is watched. */
  gate: 'rollback' | 'ask';
  /** How long a person may take over a `consider` question, and what happens then. */
  consider: { within: number; otherwise: 'continue' | 'rollback' };
}

/** A question only a person can answer: these items, by someone with this role. `items` are the titles of the plan's items that it settles. */
export interface Confirmation {
  id: string;
  title: string;
  roles: string[];
  items: string[];
}

/** Where the proof of review and tests is read, and what the tests must reach (checklist, Pré-requisitos). */
export interface Review {
  source: { kind: 'git' } | { kind: 'github'; api: string; token: SecretReference; owner: string; repository: string };
  tests: {
    /** Smallest share of tests that pass, in percent; skipped ones don't count. */
    passRate: number;
    /** The commit whose check runs and statuses at GitHub count: what is deployed, or the pull request's last. */
    checks?: 'target' | 'head';
    /** A JUnit file on the worker's machine. */
    junit?: string;
  };
}

/** An AWS account as the worker reaches it; without credentials, those that the AWS SDK finds by itself. */
export interface AwsPlace {
  region: string;
  /** Another address than AWS's own. */
  endpoint?: string;
  credentials?: { accessKeyId: SecretReference; secretAccessKey: SecretReference };
}

export interface DatadogPlace {
  api: string;
  apiKey: SecretReference;
  applicationKey: SecretReference;
}

/** Something that must be reachable with the rights named; the checks change nothing. */
export type Access = { id: string; title: string } & (
  | { kind: 'aws'; place: AwsPlace; account?: string; buckets: string[] }
  | { kind: 'cloudwatch'; place: AwsPlace; rights: ('metrics' | 'alarms' | 'logs')[] }
  | { kind: 'datadog'; place: DatadogPlace; rights: ('metrics' | 'monitors')[] }
  | { kind: 'prometheus'; place: PrometheusPlace }
  | { kind: 'http'; url: string; token?: SecretReference; status: number }
);

/** Alerts that must be configured (checklist 4.3), and where they are. */
export interface Alerts {
  source:
    | { kind: 'rules-file'; file: string }
    | { kind: 'prometheus'; place: PrometheusPlace }
    | { kind: 'datadog'; place: DatadogPlace }
    | { kind: 'cloudwatch'; place: AwsPlace };
  expected: ExpectedAlert[];
}

export interface ExpectedAlert {
  id: string;
  title: string;
  /** Its name in the source. */
  name: string;
  /** When it fires, as the source has it: in the source's own unit. */
  breach: { comparison: Comparison; threshold: number };
  /** What its query must hold, as the metric's name. */
  words: string[];
}

/** Where dumps are kept. */
export type BackupStore =
  | { kind: 'folder'; folder: string }
  | {
      kind: 's3';
      bucket: string;
      /** Without slashes at its ends; empty: the whole bucket. */
      prefix: string;
      place: AwsPlace;
      encryption: 'AES256' | 'aws:kms';
      /** The KMS key; the account's own for S3 when absent. */
      kmsKey?: string;
      /** Whether a missing expiration rule is added to the bucket. */
      setLifecycle: boolean;
    };

export interface Backup {
  store: BackupStore;
  /** How long a dump is kept, milliseconds. */
  retention: number;
  /** The smallest share of the previous dump's size that is plausible, percent. */
  smallest: number;
  /** Connects to the server where dumps are restored on trial, in a database of their own. */
  scratch: Database;
}

/**
 * When production may be touched, by the clocks of a time zone. Dates and times are that zone's own: `2026-12-20T18:00`,
 * `09:00`.
 */
export interface Windows {
  /** IANA name, as `America/Sao_Paulo`. */
  timeZone: string;
  /** Nothing is done to production then, whatever the windows say. */
  freeze: Freeze[];
  /** When the production phase may begin; at any time when there are none. */
  deploy: WeeklyWindow[];
  /** When production may be load-tested (checklist 4.4). */
  lowTraffic: WeeklyWindow[];
  /** Roles that may go on outside a window, with a reason. */
  overrideBy: string[];
}

export interface Freeze {
  title: string;
  from: string;
  to: string;
}

/** The same times each week. */
export interface WeeklyWindow {
  /** The days on which it begins: 1 Monday to 7 Sunday. */
  days: number[];
  from: string;
  /** At most `24:00`. Not after `from`: it ends on the next day. */
  to: string;
}

export interface ResolvedPlan {
  service: string;
  title: string;
  language: string;
  release: {
    repository: string;
    branch: string;
    target: string;
    previous: string;
    /** Files that the target must hold, from the repository's top. */
    files: string[];
  };
  evidence: string;
  environments: Record<EnvironmentName, Environment>;
  backup: Backup;
  commands: Commands;
  migration: Migration;
  indexes: IndexExpectations;
  prerequisites: { minimumRows: { table: string; rows: number }; tools: string[]; scripts: string[] };
  criticalLogs: string;
  /** A line that the application logs when it has started well. */
  startedLogs?: string;
  healthPath: string;
  healthWithin: number;
  functional: EndpointCheck[];
  apiDocumentation?: ApiDocumentation;
  smoke: EndpointCheck[];
  loadTests: LoadTest[];
  loadLimits: LoadLimits;
  confirmations: { prerequisites: Confirmation[]; staging: Confirmation[]; preparation: Confirmation[] };
  approvals: Approvals;
  soak: Watch;
  watches: Watch[];
  production: {
    maintenance: { enabled: boolean; drain: number; message?: MaintenanceMessage };
    restart: boolean;
    /** `impact`: criteria of the last watch that users must not feel the test in. */
    loadTest?: { test: LoadTest; approvedBy: string; impact: string[] };
  };
  windows?: Windows;
  rollback: {
    /** The option for a step that fails after production has changed. */
    onStepFailure: RollbackOption;
    /** The checklist's longest estimates. */
    estimates: Record<RollbackOption, number>;
    /** The option that is taken whatever broke, and whatever staging has shown. */
    pin?: RollbackOption;
    /** How long people may choose another option before a rollback that nobody asked for begins; 0: it begins at once. */
    overrideWithin: number;
    /** The path that must answer 200 after a full rollback. */
    verifyPath: string;
    /** What a migration that cannot be undone leads to; left out: refuse. */
    irreversible?: 'refuse' | 'allow';
    /** IDs of the smoke checks that the previous release must pass on the new schema; left out: all. */
    previousChecks?: string[];
  };
  notifications: Notifications;
  review?: Review;
  access?: Access[];
  alerts?: Alerts;
  /** Every reference to a secret that the plan uses. */
  secrets: SecretReference[];
  /** The boxes of the checklist, in its order. */
  items: Item[];
  /** The team's own checklist, Markdown; its boxes are the items, in their order. */
  document?: string;
}

/** What the application must answer. */
import type { Command } from './commands.js';

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
  pages?: Pages;
  /** Repeats the request and holds the 95th percentile of the response time against a limit. */
  repeat?: { times: number; p95: number };
}

/** How an application is seen to be up, and where it says what runs, where that is not as usual. */
export interface HealthReading {
  /** It is up when the port can be connected to, or the command ends with 0; by an HTTP request when left out. */
  by?: { port: number } | { command: Command };
  /** 200 when left out. */
  status?: number;
  /** What the answer must say besides. */
  expect?: { field: string; is: string } | { header: string; is: string } | { text: string };
  /**
   * Where it says its version; in the JSON field `version` when left out. `runs`: a command that ends with 0 where
   * `{version}` runs; `none`: nothing tells.
   */
  version?: Told | { runs: Command } | 'none';
  /** Where it says which commit runs; nowhere when left out. */
  commit?: Told;
  /** Where it says when it was started; in the JSON field `started_at` when left out. */
  startedAt?: Told;
  /** Folders put first on PATH for its commands. */
  tools?: string[];
  /** Names of the worker's variables that its commands are given. */
  variables?: string[];
}

/** A JSON field, a header, the group of a pattern over the answer, or the line that a command prints. */
export type Told = { field: string } | { header: string } | { text: string } | { command: Command };

/** A list that is read page by page; `items` is a field path, `.` the whole answer. */
export interface Pages {
  size: number;
  items: string;
  key: string;
  /** Field path of the number of elements; left out where the application tells none. */
  total?: string;
  /** By `skip` and `limit` when left out. */
  by?: PageParameters;
}

/** How a page is asked for: names of query parameters, the field of the next cursor, or `Link` headers (RFC 8288). */
export type PageParameters =
  | { offset: string; limit: string }
  | { page: string; size: string; first: number }
  | { cursor: string; limit: string; next: string }
  | { link: true; limit: string };

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

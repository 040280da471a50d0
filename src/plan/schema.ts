/** The authored plan: what a person writes. `resolvePlan` turns it into what the workflows read. */
import { z } from 'zod';
import { CHANGING, CHANGING_STEPS, type ChangingStep } from '../domain/steps.js';
import { acknowledge } from './advice.js';
import { health } from './application/health.js';
import { login } from './application/login.js';
import {
  apiDocumentation,
  endpointCheck,
  indexes,
  load,
  maintenanceMessage,
  productionLoadTest,
} from './application/schema.js';
import { approvals, confirmations } from './approvals/schema.js';
import { backup } from './backup/schema.js';
import { items } from './checklist/schema-items.js';
import { commands, migration } from './commands/schema.js';
import { variables } from './commands/variables.js';
import {
  databasePlace,
  duration,
  durationOrNone,
  id,
  named,
  pattern,
  prose,
  reference,
  releaseName,
  secretReference,
  strict,
  table,
  text,
  urlPath,
  version,
  wholeNumber,
} from './core/basics.js';
import { forge } from './forge/schema.js';
import { trend } from './metrics/schema-trends.js';
import { criterion, soakSchema, watchSchema } from './metrics/schema-watches.js';
import { metric, provider } from './metrics/sources/registry.js';
import { notifications } from './notifications/schema.js';
import { namedRequest, ownCheckLists } from './own-checks/schema.js';
import { access, alerts, review } from './proofs/schema.js';
import { windows } from './windows/schema.js';

const hosts = named(z.string({ error: 'A URL is expected' })).describe(
  'Machines: `https://…`, `postgresql://user@host:port/name` (with libpq’s `?sslmode=…&sslrootcert=…&sslcert=…&sslkey=…`; not a pooler’s address), `ssh://user@host:port`, or `local:` for the worker’s own. No passwords',
);
const credentials = named(secretReference()).describe(
  'Where secrets are found: `env:NAME`, `file:PATH`, `exec:/HELPER WORDS`, `vault:PATH#KEY` or `aws-sm:NAME#KEY`',
);
const folders = named(text()).describe('Folders; relative ones start from the folder of the file they are written in');

const environment = strict({
  api: reference('hosts')
    .optional()
    .describe('A key of `hosts`: base URL of the application. Needed, here or in `both`'),
  server: reference('hosts')
    .optional()
    .describe('A key of `hosts`: where commands with `on: server` run; the worker’s machine when left out'),
  application: reference('folders').optional().describe('A key of `folders`: where migrations run on the server'),
  tools: z.array(reference('folders')).default([]).describe('Keys of `folders`, put first on PATH'),
  variables: variables.optional(),
  database: databasePlace().optional().describe('The database and its password'),
  login: login.optional().describe('The test user of checks and load tests; nobody logs in when left out'),
});

const stepFailures = strict(
  Object.fromEntries(
    CHANGING_STEPS.map((name) => {
      const help = `${CHANGING[name].title}: \`ask\` people, or \`roll-back\` (default)`;
      return [name, z.enum(['ask', 'roll-back']).optional().describe(help)];
    }),
  ) as Record<ChangingStep, z.ZodOptional<z.ZodEnum<{ ask: 'ask'; 'roll-back': 'roll-back' }>>>,
);

const requests = z
  .array(z.union([reference('requests'), endpointCheck], { error: 'Write a key of `requests`, or a check' }))
  .min(1, 'No check is listed');

const OPTION = z.enum(['migration', 'code', 'full']);

export const planSchema = strict({
  surefoot: z.literal(1, { error: 'The version of the format: write 1' }).describe('Version of this format: 1'),
  include: z
    .array(text())
    .min(1, 'No file is listed')
    .optional()
    .describe(
      'Files with further sections of this plan, from the folder of this file; each section comes whole from one file',
    ),
  service: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'A service is named in lower-case letters, digits and "-", at most 40')
    .describe('The service; one deployment of it can be live at a time'),
  title: text().optional().describe('What people read; the service when left out'),
  language: text()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'Not a language tag; write for example pt-BR')
    .default('en')
    .describe('Language of the titles, as `pt-BR`'),
  hosts: hosts.default({}),
  credentials: credentials.default({}),
  folders: folders.default({}),
  release: strict({
    repository: reference('folders').optional().describe('A key of `folders`: the git repository'),
    branch: version()
      .optional()
      .describe('The branch that must have been merged; said for each deployment (`--branch`) when left out'),
    target: releaseName().optional().describe('What is deployed; said for each deployment (`--target`) when left out'),
    previous: releaseName()
      .optional()
      .describe(
        'The version that production runs until then, and that a rollback of code deploys; asked of production when left out',
      ),
    files: z.array(text()).default([]).describe('Files that the target must hold, from the repository’s top'),
  }).describe('What is deployed'),
  evidence: reference('folders')
    .default('evidence')
    .describe('A key of `folders`: where evidence is kept; `evidence` beside this file when there is no such key'),
  evidenceRetention: duration()
    .optional()
    .describe(
      'How long evidence is kept after a deployment’s end, before `surefoot evidence prune` may remove it; for good when left out',
    ),
  environments: strict({
    both: environment
      .optional()
      .describe(
        'What both have alike, and neither says itself; `{environment}` is filled in, as in `"{environment}-api"`',
      ),
    staging: environment.optional().describe('Where the deployment is proven first; it has the keys that `both` has'),
    production: environment.describe('Where it goes when staging is well; it has the keys that `both` has'),
  }).describe('The places'),
  backup: backup.optional().describe('How the databases are backed up before anything changes'),
  commands: commands.describe('The team’s own scripts'),
  migration: migration.optional().describe('The database migration'),
  indexes: indexes.optional().describe('Indexes that must be there and be used afterwards'),
  prerequisites: strict({
    minimumRows: strict({
      table: table().describe('A table'),
      rows: wholeNumber().describe('Fewest rows in it'),
    })
      .optional()
      .describe('Test data that staging must hold'),
    tools: z.array(text()).default([]).describe('Programs that must be on the worker’s PATH'),
    scripts: strict({
      in: reference('folders'),
      files: z.array(text()).describe('Paths in that folder'),
    })
      .optional()
      .describe('Scripts that must be there and be executable'),
  })
    .prefault({})
    .describe('What must be there before anything starts'),
  health: health.describe('The health check'),
  logs: strict({
    critical: pattern().describe('Regular expression (RE2) of a critical line'),
    started: pattern().optional().describe('Regular expression (RE2) of the line that tells of a good start'),
  })
    .optional()
    .describe('What logs must not show, and must: what `commands.logs` prints'),
  requests: named(namedRequest)
    .default({})
    .describe('Requests by name, each written once for `functional`, `smoke` and `checks`'),
  functional: requests
    .optional()
    .describe('Functional checks on staging: requests, each with its `id`, or keys of `requests`'),
  apiDocumentation: apiDocumentation.optional().describe('The API’s documentation, tried out in a browser'),
  load: load.optional().describe('Load tests'),
  review: review.optional().describe('Where the proof of review, approval and tests is'),
  access: named(access).optional().describe('What must be reachable, with the rights named'),
  alerts: alerts.optional().describe('Alerts that must be configured before production'),
  providers: named(provider).default({}).describe('Services that keep metrics'),
  metrics: named(metric).default({}).describe('Metrics that criteria may name'),
  criteria: named(criterion).default({}).describe('Rules over metrics'),
  trends: named(trend).default({}).describe('What the samples of a whole watch must say together'),
  soak: soakSchema.optional().describe('The time that staging must run well before production'),
  confirmations: confirmations.describe('What only people know'),
  approvals: approvals
    .optional()
    .describe('Sign-offs, and who decides. Left out: nobody signs, and whoever starts it decides, as `operator`'),
  production: strict({
    maintenance: strict({
      enabled: z.boolean().describe('Whether maintenance mode is used'),
      drain: durationOrNone().describe('Longest wait for requests in flight'),
      message: maintenanceMessage.optional().describe('What users see meanwhile'),
    })
      .default({ enabled: false, drain: 0 })
      .describe('Maintenance mode'),
    restart: z.boolean().default(false).describe('Whether the service is restarted after the migration'),
    loadTest: productionLoadTest.optional().describe('A light load test after 24 hours'),
    onFailure: stepFailures.optional().describe('What follows when a step fails after production has changed'),
  })
    .prefault({})
    .describe('Options of the production phase'),
  smoke: requests.optional().describe('Checks on production, as `functional`'),
  checks: ownCheckLists
    .optional()
    .describe('Checks of the team’s own, by phase, in order: each is a step at the end of its phase (docs/checks.md)'),
  watches: z
    .array(watchSchema)
    .min(1, 'Production is not watched')
    .optional()
    .describe('How production is watched, in order'),
  items: items.describe('The boxes of the checklist, in its order'),
  document: text()
    .optional()
    .describe(
      'The team’s own checklist, a Markdown file from the folder of this file; its boxes are the items, and it comes back filled in',
    ),
  windows: windows.optional().describe('When production may be touched'),
  rollback: strict({
    onStepFailure: OPTION.optional().describe(
      'For a step that fails after production has changed; without it both go back, or the code where there is no migration',
    ),
    pin: OPTION.optional().describe('The option that is taken whatever broke, and whatever staging has shown'),
    overrideWithin: durationOrNone()
      .prefault('0s')
      .describe('How long people may choose another option before an automatic rollback begins'),
    estimates: strict({
      migration: duration().optional().describe('Only the migration goes back'),
      code: duration().optional().describe('Only the code goes back'),
      full: duration().optional().describe('Both go back'),
    })
      .default({})
      .describe('Longest expected times'),
    verifyPath: urlPath().optional().describe('Path that answers 200 after a full rollback'),
    irreversible: z
      .enum(['refuse', 'allow'])
      .optional()
      .describe(
        'A migration that staging cannot undo, or that the previous release cannot live with: `refuse` asks people (default), `allow` goes on without that way back',
      ),
    previousChecks: z
      .array(id())
      .optional()
      .describe('Checks of `smoke` that the previous release must pass on the new schema; all of them when left out'),
  })
    .prefault({})
    .describe('Rollback'),
  notifications: notifications.optional().describe('Who is told what'),
  forge: forge.optional(),
  acknowledge: acknowledge.optional().describe('What is left out although it makes deployments weaker, and why'),
});

/** A plan after validation, before names are looked up. Durations are milliseconds. */
export type AuthoredPlan = z.output<typeof planSchema>;

/** What a bindings file may hold: other values for entries of the plan's three machine maps, and nothing else. */
export const bindingsSchema = strict({
  surefoot: z.literal(1, { error: 'The version of the format: write 1' }).describe('Version of this format: 1'),
  plan: prose().optional().describe('The plan file that these bindings are for, from this file’s folder'),
  hosts: hosts.default({}),
  credentials: credentials.default({}),
  folders: folders.default({}),
});

/**
 * Every block of YAML on the pages for people is read as what it is: a plan or part of one, bindings, a policy, a scenario,
 * a job of a pipeline, a service of the compose file. What a block is its own keys say, or a comment before it:
 * `<!-- yaml: KIND -->`.
 */
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CBORType, encodeCBOR } from '@levischuck/tiny-cbor';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { MILESTONES } from '../../src/domain/deployments/until.js';
import { parseDuration } from '../../src/domain/duration.js';
import { PlanError } from '../../src/plan/core/problems.js';
import { loadPlan } from '../../src/plan/load.js';
import { loadPolicy } from '../../src/policy/policy.js';
import { loadScenario } from '../../src/rehearsal/scenario/scenario.js';
import { TEMPLATES } from '../ci/templates.js';
import { objections } from './named-commands.js';
import { codeIn, codeOf, PAGES } from './pages.js';

type Mapping = Record<string, unknown>;
type Block = ReturnType<typeof codeIn>['blocks'][number];

const folder = mkdtempSync(join(tmpdir(), 'surefoot-yaml-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
cpSync('plans', join(folder, 'plans'), { recursive: true });

const read = (file: string): Mapping => parse(readFileSync(file, 'utf8'), { maxAliasCount: -1 });
const write = (name: string, content: Mapping): string => {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, stringify(content, { aliasDuplicateObjects: false }));
  return file;
};

/** What is wrong by a loader, a problem a line; nothing where it takes the file. */
function problemsOf(load: () => unknown): string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof PlanError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
}

/** Public keys, where a page leaves them out. */
const written = (text: string): string =>
  text
    .replaceAll('AAAA…', sshKey)
    .replaceAll('credential: "…"', 'credential: AAECAwQFBgcICQoLDA0ODw')
    .replaceAll('key: "…"', `key: ${coseKey()}`);

function sshKey(): string {
  const point = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const parts = [Buffer.from('ssh-ed25519'), point].flatMap((part) => [Buffer.from([0, 0, 0, part.length]), part]);
  return Buffer.concat(parts).toString('base64');
}

function coseKey(): string {
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const [across, up] = [x, y].map((part) => new Uint8Array(Buffer.from(part, 'base64url')));
  const key = new Map<number, CBORType>([
    ...[[1, 2] as const, [3, -7] as const, [-1, 1] as const],
    ...([
      [-2, across],
      [-3, up],
    ] as [number, CBORType][]),
  ]);
  return Buffer.from(encodeCBOR(key as CBORType)).toString('base64');
}

/** Whole plans, into one of which a part has to fit. */
const WHOLE = ['web-and-database', 'eduautismo-performance'].map((name) => read(`plans/${name}.yaml`));

/** A page names machines and secrets that its reader has: what one is called is not the point of each block. */
const LENT: Mapping = {
  hosts: Object.fromEntries(
    ['prometheus', 'datadog', 'github', 'forge'].map((name) => [name, `https://${name}.example.com`]),
  ),
  credentials: Object.fromEntries(
    ['KEY', 'prometheus', 'datadog-api', 'datadog-application', 'github', 'forge-token', 'test', 'api-key'].map(
      (name) => [name, `env:${name.toUpperCase().replaceAll('-', '_')}`],
    ),
  ),
  folders: { scripts: '.', 'test-reports': '.' },
  providers: {
    prometheus: { kind: 'prometheus', host: 'prometheus' },
    datadog: { kind: 'datadog', host: 'datadog', apiKey: 'datadog-api', applicationKey: 'datadog-application' },
    cloud: { kind: 'cloudwatch', region: 'sa-east-1' },
  },
};

/** Sections of entries by name: what a part has goes beside what is there. Any other section it has whole. */
const BY_NAME = ['hosts', 'credentials', 'folders', 'providers', 'commands', 'requests', 'metrics', 'approvals'];

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function beside(one: Mapping, other: Mapping, sections: readonly string[] = BY_NAME): Mapping {
  const entries = Object.entries(other).map(([key, value]) => {
    const before = one[key];
    return [key, sections.includes(key) && isMapping(before) && isMapping(value) ? { ...before, ...value } : value];
  });
  return { ...one, ...Object.fromEntries(entries) };
}

/** Problems of a part in the plan into which it fits best. */
function problemsInPlan(part: (plan: Mapping) => Mapping): string[] {
  let fewest: string[] | undefined;
  for (const whole of WHOLE) {
    const plan = beside(whole, LENT);
    const problems = problemsOf(() => loadPlan(write('plans/part.yaml', beside(plan, part(plan)))));
    if (problems.length === 0) return [];
    if (fewest === undefined || problems.length < fewest.length) fewest = problems;
  }
  return fewest ?? [];
}

/** Files that a page shows begin with their names. */
const nameOf = (text: string): string | undefined => /^# (\S+\.yaml)\n/.exec(text)?.[1];

/** Where signatures are wanted, everybody has a key. */
function withKeys(plan: Mapping, { signed, roster = {} }: Mapping): Mapping {
  const { roster: everybody } = plan.approvals as { roster: Record<string, Mapping> };
  if (signed !== true) return {};
  const keyed = Object.entries(everybody).map(([id, person]) => [id, { ...person, keys: [`ssh-ed25519 ${sshKey()}`] }]);
  return { roster: { ...Object.fromEntries(keyed), ...(roster as Mapping) } };
}

interface Kind {
  /** Whether these keys are of it: the first kind that says so counts. A kind that a comment names has none. */
  is?: (block: Mapping) => boolean;
  /** What is wrong with such a block. */
  wrong: (block: Mapping, text: string) => string[] | Promise<string[]>;
}

const has =
  (...keys: string[]) =>
  (block: Mapping): boolean =>
    keys.every((key) => Object.hasOwn(block, key));

const KINDS: Record<string, Kind> = {
  bindings: {
    is: has('surefoot', 'plan'),
    wrong: (block) => {
      const bindings = write('plans/bindings.yaml', block);
      return problemsOf(() => loadPlan(join(folder, 'plans', String(block.plan)), { bindings }));
    },
  },
  'plan that includes others': {
    is: has('surefoot', 'include'),
    wrong: (block, text) => {
      const home = dirname(nameOf(text) ?? '.');
      const files = (block.include as string[]).map((file) => join(folder, home, file));
      const missing = files.filter((file) => !existsSync(file));
      if (missing.length > 0) return missing.map((file) => `${file}: is on no block of the page`);
      const given = new Set(files.flatMap((file) => Object.keys(read(file))));
      const rest = Object.entries(WHOLE[0] ?? {}).filter(([section]) => section === 'surefoot' || !given.has(section));
      const file = write(nameOf(text) ?? 'plan.yaml', { ...Object.fromEntries(rest), ...block });
      return problemsOf(() => loadPlan(file));
    },
  },
  policy: {
    is: has('policy'),
    wrong: (block) => problemsOf(() => loadPolicy(write('policy.yaml', block))),
  },
  'part of a policy': {
    is: (block) => Object.keys(block).every((key) => key === 'runners'),
    wrong: (block) => problemsOf(() => loadPolicy(write('policy.yaml', { ...policyOfThePage(), ...block }))),
  },
  scenario: {
    is: (block) => has('scenario')(block) || has('world')(block),
    wrong: ({ plan: _, ...block }) => {
      const whole = { scenario: 'Of a page', expect: { outcome: 'succeeded' }, ...block };
      return problemsOf(() => loadScenario(write('scenario.yaml', whole), 'plans/eduautismo-performance.yaml'));
    },
  },
  'workflow of GitHub': { is: has('jobs'), wrong: wrongInWorkflow },
  'pipeline of GitLab': { is: has('include'), wrong: wrongInPipeline },
  'compose file': {
    is: (block) => has('services')(block) && !has('people')(block),
    wrong: wrongInCompose,
  },
  plan: {
    is: (block) => Object.keys(block).length > 0,
    wrong: (block) =>
      problemsInPlan((plan) =>
        isMapping(block.approvals)
          ? { ...block, approvals: { ...block.approvals, ...withKeys(plan, block.approvals) } }
          : block,
      ),
  },
  environment: {
    wrong: (block) =>
      problemsInPlan(({ environments }) => ({
        environments: beside(environments as Mapping, { staging: block }, ['staging']),
      })),
  },
  'pages of a request': {
    wrong: (block) =>
      problemsInPlan(() => {
        const pages = { size: 20, items: 'items', key: 'id', total: 'total', ...block };
        return { requests: { invoices: { title: 'Invoices', path: '/invoices', pages } }, smoke: ['invoices'] };
      }),
  },
  'metric of Prometheus': {
    wrong: (block) => {
      const rate = { title: 'Errors', unit: '%', source: 'prometheus', provider: 'prometheus', window: '1m', ...block };
      return problemsInPlan(() => ({ metrics: { 'error-rate': rate } }));
    },
  },
};

const policyOfThePage = (): Mapping => {
  const block = codeIn('docs/security.md').blocks.find(({ text }) => text.startsWith('policy: 1'));
  return parse(written(block?.text ?? ''));
};

function wrongInputs(inputs: (typeof TEMPLATES)[string]['inputs'], given: Mapping): string[] {
  const known = Object.keys(inputs);
  const wanted = known.filter((name) => inputs[name]?.default === undefined);
  const { until, timeout } = given;
  return [
    ...Object.keys(given)
      .filter((name) => !known.includes(name))
      .map((name) => `${name}: is no input`),
    ...wanted.filter((name) => !(name in given)).map((name) => `${name}: is missing`),
    ...(until === undefined || MILESTONES.some((each) => each === until) ? [] : [`until: ${until} is none`]),
    ...(timeout === undefined || parseDuration(String(timeout)) !== undefined ? [] : [`timeout: ${timeout} is none`]),
  ];
}

interface WorkflowStep {
  uses?: string;
  run?: string;
  with?: Mapping;
}

function wrongInWorkflow({ jobs }: Mapping): string[] {
  const wrong: string[] = [];
  const steps = Object.values(jobs as Record<string, { steps: WorkflowStep[] }>).flatMap((job) => job.steps);
  const own = steps.filter(({ uses }) => uses?.includes('/surefoot/'));
  if (own.length === 0) wrong.push('jobs: no step is of Surefoot’s action');
  for (const { uses = '', with: given = {} } of own) {
    const path = /^[^/]+\/surefoot\/([^@]+)@./.exec(uses)?.[1];
    if (path === undefined || !existsSync(join(path, 'action.yml')))
      wrong.push(`${uses}: is no action of this repository`);
    wrong.push(...wrongInputs(TEMPLATES.github?.inputs ?? {}, given));
  }
  return wrong;
}

function wrongInPipeline({ include }: Mapping): string[] {
  return (include as { file: string; inputs: Mapping }[]).flatMap(({ file, inputs }) => [
    ...(existsSync(`.${file}`) ? [] : [`${file}: is not in this repository`]),
    ...wrongInputs(TEMPLATES.gitlab?.inputs ?? {}, inputs),
  ]);
}

async function wrongInCompose({ services }: Mapping): Promise<string[]> {
  const own = read('docker-compose.yml').services as Mapping;
  const wrong: string[] = [];
  for (const [name, service] of Object.entries(services as Record<string, { command?: string[] }>)) {
    if (!Object.hasOwn(own, name)) wrong.push(`${name}: is no service of docker-compose.yml`);
    wrong.push(...(service.command ? await objections(service.command, false) : []));
  }
  return wrong;
}

/** What is wrong with a block, and what it was taken for. */
async function judge({ text, comment }: Block): Promise<{ kind: string; wrong: string[] }> {
  const [, named, isByLine] = /^yaml: (.+?)(, each line)?$/.exec(comment ?? '') ?? [];
  const texts = isByLine === undefined ? [text] : text.split('\n');
  let told = '';
  const wrong: string[] = [];
  for (const one of texts) {
    const block: unknown = parse(written(one));
    if (!isMapping(block)) return { kind: '', wrong: ['is no mapping'] };
    const kind = named ?? Object.keys(KINDS).find((name) => KINDS[name]?.is?.(block)) ?? '';
    told = kind;
    wrong.push(...((await KINDS[kind]?.wrong(block, text)) ?? ['nothing loads it']));
  }
  return { kind: told, wrong };
}

const blocks = PAGES.flatMap((page) => codeIn(page).blocks);
const inYaml = blocks.filter(({ language }) => language === 'yaml');

for (const { text } of inYaml) {
  const name = nameOf(text);
  if (name !== undefined) write(name, parse(text));
}

test.each(inYaml)('$place is right', async (block) => expect(await judge(block)).toMatchObject({ wrong: [] }));

test.each(blocks.filter(({ language }) => language === 'json'))('$place is JSON', ({ text }) =>
  expect(JSON.parse(text)).toBeTypeOf('object'),
);

test('blocks are found, and each says what it is written in', () => {
  expect(inYaml.length).toBeGreaterThan(35);
  expect([...new Set(blocks.map(({ language }) => language))].sort()).toEqual([
    '',
    'js',
    'json',
    'mermaid',
    'sh',
    'yaml',
  ]);
});

describe('a block that is wrong is told', () => {
  const judged = (text: string, comment = '') =>
    judge(codeOf(`${comment}\n\n\`\`\`yaml\n${text}\n\`\`\``, 'page.md').blocks[0] as Block);

  test.each([
    ['a plan', 'healt: { path: /health }', 'healt'],
    ['a policy', 'policy: 1\npeople: {}\nservises: {}', 'servises'],
    ['a scenario', 'world: { fault: [] }', 'fault'],
    [
      'a job of GitHub',
      'jobs: { d: { steps: [{ uses: a/surefoot/ci/github@v1, with: { plann: p } }] } }',
      'plann: is no input',
    ],
    ['another action', 'jobs: { d: { steps: [{ uses: a/surefoot/ci/gihub@v1, with: { plan: p } }] } }', 'is no action'],
    [
      'a job of GitLab',
      'include: [{ file: /ci/gitlab/surefoot.gitlab-ci.yml, inputs: { plan: p } }]',
      'image: is missing',
    ],
    ['a service', 'services: { worker: { command: [worker, --metric, "1"] } }', "unknown option '--metric'"],
    ['another service', 'services: { workers: {} }', 'is no service'],
    ['bindings', 'surefoot: 1\nplan: minimal.yaml\nhosts: { prodution: http://127.0.0.1 }', 'prodution'],
  ])('%s', async (_, text, says) => expect((await judged(text)).wrong.join('\n')).toContain(says));

  test.each([
    [
      'one line of several',
      'login: { kind: basic, username: a, password: test }\nlogin: { kind: bassic }',
      '<!-- yaml: environment, each line -->',
      'login.kind',
    ],
    ['one that says to be what nothing loads', 'health: { path: /health }', '<!-- yaml: plann -->', 'nothing loads it'],
  ])('%s', async (_, text, comment, says) => expect((await judged(text, comment)).wrong.join('\n')).toContain(says));
});

/** A plan from what was found and answered: its value, before boxes that rest on nothing are asked of people. */
import { criterionOf, type NamedAlert, type PlannedWatch, rolesIn, toolIn, wantedFacts, watchOf } from './map-boxes.js';
import { KNOWN_METRICS } from './metric-words.js';
import { firstUse } from './migrations.js';
import { durationIn, type PlacedBox } from './placed-boxes.js';
import type { Found } from './read-files.js';

/** What people say, or what is taken where they are not asked. */
export interface Answers {
  service: string;
  /** Base URLs; without staging nothing is tried before production. */
  production: string;
  staging?: string;
  /** Path of the health check. */
  health: string;
  /** The command that deploys, in words apart. */
  deploy: string[];
}

export interface Subject {
  answers: Answers;
  found: Found;
  boxes: readonly PlacedBox[];
  language: 'en' | 'pt-BR';
  /** Paths from the plan's folder: of the service, and of its file of alerts from there. */
  paths: { service: string; rules?: string };
  isRepository: boolean;
}

export interface WantedBox extends PlacedBox {
  wanted: string[];
}

type Section = Record<string, unknown>;

/** Keys of `folders`. */
const SERVICE = 'service';
const DEPLOYED = 'deployed';

export function alertsOf({ alerts = [] }: Found): NamedAlert[] {
  const taken = new Map<string, number>();
  return alerts.map((alert) => {
    const base = `a-${alert.alert.replace(/[^A-Za-z0-9]+/g, '-')}`.replace(/^a-(?=[A-Za-z])/, '').slice(0, 60);
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    return { ...alert, id: count === 1 ? base : `${base}-${count}` };
  });
}

export const withWanted = ({ boxes, found }: Subject): WantedBox[] => {
  const alerts = alertsOf(found);
  return boxes.map((box) => ({ ...box, wanted: wantedFacts(box, alerts) }));
};

/** Every section but `items`, `confirmations` and `document`. */
export function composePlan(subject: Subject): Section {
  const { answers, found, language, paths, isRepository } = subject;
  const boxes = withWanted(subject);
  const wants = (pattern: RegExp) => boxes.some(({ wanted }) => wanted.some((fact) => pattern.test(fact)));
  const places = answers.staging === undefined ? ['production'] : ['staging', 'production'];
  const has = {
    logs: found.logsScript !== undefined || wants(/(\.logs|\/logs$)/),
    maintenance: wants(/maintenance-/),
    database: found.database !== undefined || found.migrationTool !== undefined,
    migration: found.migrationTool !== undefined,
    review: isRepository && found.github !== undefined,
  };
  // What runs in the repository need not say so.
  const command = (run: string[]) => ({ run, ...(isRepository ? {} : { in: SERVICE }) });
  const alerts = paths.rules === undefined ? [] : alertsOf(found);
  const tools = [...(has.database ? ['pg_dump', 'pg_restore'] : []), ...boxes.flatMap((box) => toolIn(box) ?? [])];
  return {
    surefoot: 1,
    service: answers.service,
    language,
    hosts: {
      ...Object.fromEntries(places.flatMap((place) => hostsOf(place as 'production', subject, has))),
      ...(has.database ? { 'scratch-database': SCRATCH } : {}),
      ...(has.review ? { github: 'https://api.github.com' } : {}),
    },
    credentials: {
      ...(has.database ? Object.fromEntries(places.map((place) => [`${place}-database`, secret(answers, place)])) : {}),
      ...(has.database ? { 'scratch-database': secret(answers, 'scratch') } : {}),
      ...(has.review ? { github: 'env:GITHUB_TOKEN' } : {}),
    },
    folders: {
      [SERVICE]: paths.service,
      ...(has.migration ? { [DEPLOYED]: `/srv/${answers.service}` } : {}),
      evidence: './evidence',
    },
    release: isRepository ? { repository: SERVICE } : {},
    environments: environments(places, has),
    ...(has.database ? { backup: backup(boxes) } : {}),
    commands: {
      deploy: command(answers.deploy),
      ...(has.logs ? { logs: command([found.logsScript ?? './logs.sh', '{environment}']) } : {}),
      ...(has.maintenance
        ? {
            maintenanceOn: command(['./maintenance.sh', 'on', '{environment}']),
            maintenanceOff: command(['./maintenance.sh', 'off', '{environment}']),
          }
        : {}),
    },
    ...(found.migrationTool === undefined ? {} : { migration: migration(found.migrationTool, boxes) }),
    ...(tools.length > 0 ? { prerequisites: { tools: [...new Set(tools)] } } : {}),
    ...(has.review ? { review: review(found.github ?? '', boxes) } : {}),
    ...(alerts.length > 0 ? { alerts: expectedAlerts(alerts, paths.rules ?? '') } : {}),
    health: { path: answers.health },
    ...(has.logs ? { logs: { critical: '\\b(CRITICAL|FATAL|PANIC)\\b' } } : {}),
    ...watching(subject, boxes, has),
    approvals: approvals(boxes),
    ...(has.maintenance ? { production: { maintenance: { enabled: true, drain: '60s' } } } : {}),
    smoke: [{ id: 'answers', title: 'It answers', path: found.page ?? answers.health }],
  };
}

type Has = Record<'logs' | 'maintenance' | 'database' | 'migration' | 'review', boolean>;

function hostsOf(place: 'production' | 'staging', { answers, found }: Subject, has: Has): [string, string][] {
  const { service } = answers;
  const domain = `${service}-${place}.example.com`;
  const database = `postgresql://${service}@db.${domain}:5432/${found.database ?? service}`;
  return [
    [`${place}-api`, answers[place] ?? ''],
    ...(has.migration ? [[`${place}-server`, `ssh://${domain}`] as [string, string]] : []),
    ...(has.database ? [[`${place}-database`, database] as [string, string]] : []),
  ];
}

/** Its user may create databases: dumps are restored there on trial. */
const SCRATCH = 'postgresql://surefoot@scratch.example.com:5432/postgres';

const secret = ({ service }: Answers, place: string): string =>
  `env:${service.toUpperCase().replaceAll('-', '_')}_${place.toUpperCase()}_DATABASE_PASSWORD`;

function environments(places: readonly string[], has: Has): Section {
  const [only = '', ...others] = places;
  if (others.length === 0) return { [only]: environment(only, has) };
  return { both: environment('{environment}', has), ...Object.fromEntries(places.map((place) => [place, {}])) };
}

const environment = (place: string, has: Has): Section => ({
  api: `${place}-api`,
  ...(has.migration ? { server: `${place}-server`, application: DEPLOYED } : {}),
  ...(has.database ? { database: { host: `${place}-database` } } : {}),
});

/** The words of the box that rests on a fact. */
const saidFor = (boxes: readonly WantedBox[], pattern: RegExp): string =>
  boxes.find(({ wanted }) => wanted.some((fact) => pattern.test(fact)))?.says ?? '';

function backup(boxes: readonly WantedBox[]): Section {
  const days = /(\d+) ?(?:days?|dias?)/.exec(saidFor(boxes, /backup\/retention/))?.[1];
  return {
    retention: days === undefined || Number(days) === 0 ? '30d' : `${Number(days)}d`,
    scratch: { host: 'scratch-database' },
  };
}

function migration(tool: string, boxes: readonly WantedBox[]): Section {
  const command = (run: string[]) => ({ run, on: 'server' });
  const said = saidFor(boxes, /migration\/duration/);
  const seconds = /(\d+) ?(?:s\b|sec|seg)/.exec(said)?.[1];
  const within = seconds !== undefined && Number(seconds) > 0 ? `${Number(seconds)}s` : (durationIn(said) ?? '1m');
  const { current, heads, upgrade, downgrade } = firstUse(tool).commands;
  return {
    tool,
    current: command(current),
    ...(heads ? { heads: command(heads) } : {}),
    upgrade: command(upgrade),
    downgrade: command(downgrade),
    lockTimeout: '5s',
    statementTimeout: '30s',
    within,
  };
}

function review(repository: string, boxes: readonly WantedBox[]): Section {
  const share = /(\d+(?:\.\d+)?) ?%/.exec(saidFor(boxes, /review\/tests/))?.[1];
  const passRate = share !== undefined && Number(share) <= 100 ? `${Number(share)} %` : '100 %';
  return { source: 'github', host: 'github', token: 'github', repository, tests: { passRate, checks: 'target' } };
}

const expectedAlerts = (alerts: readonly NamedAlert[], file: string): Section => ({
  in: { kind: 'rules-file', folder: SERVICE, file },
  expected: Object.fromEntries(
    alerts.map(({ id, alert, fires, series }) => [id, { title: alert, alert, fires, words: [series] }]),
  ),
});

/** Without a sign-off in the checklist somebody still says that it may go to production. */
const OWNER = { role: 'owner', title: 'Owner', statement: 'The release may go to production' };

function approvals(boxes: readonly WantedBox[]): Section {
  const named = boxes.flatMap((box) =>
    rolesIn(box).map(({ role, title }) => ({
      role,
      title,
      statement: /\s[-–—]\s+(.+)$|:\s+(.+)$/.exec(box.title)?.slice(1).find(Boolean) ?? box.title,
    })),
  );
  const roles = [...new Map((named.length > 0 ? named : [OWNER]).map((one) => [one.role, one])).values()];
  const all = roles.map(({ role }) => role);
  // One more than roles, so that any of them may start a deployment.
  const people = [...all, 'starter'].map((_, index) => `person-${index + 1}`);
  return {
    roles: Object.fromEntries(roles.map(({ role, title, statement }) => [role, { title, statement }])),
    roster: Object.fromEntries(people.map((id) => [id, { name: id.replace('person-', 'Person '), roles: all }])),
  };
}

const TICKS: [number, string][] = [
  [10, '5s'],
  [120, '30s'],
  [Number.POSITIVE_INFINITY, '1m'],
];

function watching({ answers }: Subject, boxes: readonly WantedBox[], has: Has): Section {
  const planned = [...new Map(boxes.flatMap((box) => watchOf(box) ?? []).map((one) => [one.id, one])).values()];
  const soak = answers.staging === undefined ? undefined : planned.find(({ id }) => id === 'soak');
  const watches = planned.filter(({ id }) => id !== 'soak');
  if (watches.length === 0) watches.push({ id: 'watch-1h', duration: '1h' });
  const stated = boxes.flatMap((box) => criterionOf(box) ?? []).filter(({ watch }) => watch !== 'soak' || soak);
  const logs = has.logs ? ['logs'] : [];
  const stretch = ({ id, duration }: PlannedWatch, shared: string[]) => ({
    title: id === 'soak' ? `Staging runs for ${duration}` : `Production is watched for ${duration}`,
    duration,
    tick: tickOf(duration),
    criteria: [...shared, ...stated.filter(({ watch }) => watch === id).map((one) => one.id)],
    gate: 'ask',
    consider: { within: '15m', otherwise: 'continue' },
  });
  const shared = ['up', ...(has.database ? ['blocked', 'deadlocks'] : []), ...logs];
  return {
    metrics: metricsOf(has, new Set(stated.map(({ metric }) => metric))),
    criteria: {
      up: { title: 'It answers', metric: 'down', breach: '> 0 count', for: '1m', tier: 'rollback', rollback: 'code' },
      ...(has.database
        ? {
            blocked: required('No session is blocked for long', 'blocked-sessions', '<= 0 count', '1m'),
            deadlocks: required('No deadlocks', 'deadlocks', '<= 0 /min', '0s'),
          }
        : {}),
      ...(has.logs ? { logs: required('No critical line in the logs', 'critical-lines', '<= 0 count', '0s') } : {}),
      ...Object.fromEntries(stated.map(({ id, title, metric, expect }) => [id, required(title, metric, expect, '1m')])),
    },
    ...(soak ? { soak: stretch(soak, ['up', ...logs]) } : {}),
    watches: watches.map((one) => ({ id: one.id, ...stretch(one, shared) })),
  };
}

const required = (title: string, metric: string, expect: string, lasting: string): Section => ({
  title,
  metric,
  expect,
  for: lasting,
  tier: 'require',
});

function metricsOf(has: Has, named: ReadonlySet<string>): Section {
  const metric = (title: string, unit: string, source: string, read?: unknown) => ({
    title,
    unit,
    source,
    ...(read === undefined ? {} : { read }),
  });
  return {
    down: metric('Not answering', 'count', 'health', 'down'),
    ...(has.database
      ? {
          'blocked-sessions': metric('Sessions blocked for more than 30 s', 'count', 'postgres', {
            blocked: { longerThan: '30s' },
          }),
          deadlocks: metric('Deadlocks', '/min', 'postgres', { deadlocks: true }),
        }
      : {}),
    ...(has.logs ? { 'critical-lines': metric('Critical lines in the logs', 'count', 'logs') } : {}),
    ...Object.fromEntries(
      Object.entries(KNOWN_METRICS)
        .filter(([name]) => named.has(name))
        .map(([name, { title, unit, read }]) => [name, metric(title, unit, 'scrape', read)]),
    ),
  };
}

function tickOf(duration: string): string {
  const minutes = Number.parseInt(duration, 10) * { m: 1, h: 60, d: 1_440 }[duration.at(-1) as 'm'];
  return TICKS.find(([most]) => minutes <= most)?.[1] ?? '1m';
}

/** From names to values: the plan as the workflows read it. */
import { resolve } from 'node:path';
import type { Commands, Environment, EnvironmentName, ResolvedPlan, Watch } from '../contract/plan.js';
import type { Problem } from './problems.js';
import { Resolution, type Sources } from './resolution.js';
import { resolveApprovals, resolveConfirmations } from './resolve-approvals.js';
import { resolveChecks, resolveIndexes, resolveLoad } from './resolve-checks.js';
import { resolveCommands, resolveMigration } from './resolve-commands.js';
import { apiUrl, database, server, webhookUrl } from './resolve-hosts.js';
import { resolveWatches } from './resolve-watches.js';

/**
 * Looks up every name and checks what the parts mean together.
 * @param options `shorten`: durations asked for at `start`, by watch, milliseconds
 * @returns the resolved plan when every part is there and right, and the problems otherwise
 */
export function resolvePlan(
  sources: Sources,
  options: { shorten?: Record<string, number> } = {},
): { resolved?: ResolvedPlan; problems: Problem[]; warnings: Problem[] } {
  const resolution = new Resolution(sources);
  const { sections } = resolution;

  const environments = resolveEnvironments(resolution);
  const servers = Object.values(environments).map((environment) => environment.server);
  const commands = resolveCommands(resolution, servers);
  const migration = resolveMigration(resolution, servers);
  const watching = resolveWatches(resolution, { environments, logs: commands.logs, shorten: options.shorten ?? {} });
  const functional = resolveChecks(resolution, 'functional');
  const smoke = resolveChecks(resolution, 'smoke');
  const load = resolveLoad(resolution);
  const indexes = resolveIndexes(resolution);
  const approvals = resolveApprovals(resolution);
  const confirmations = resolveConfirmations(resolution);
  const release = resolveRelease(resolution);
  const prerequisites = resolvePrerequisites(resolution);
  const evidence = sections.evidence && resolution.folder(sections.evidence, ['evidence']);
  const webhook =
    sections.announcements &&
    webhookUrl(resolution, { name: sections.announcements.webhook, path: ['announcements', 'webhook'] });
  checkMaintenance(resolution);
  resolution.warnOfUnused();

  const { service, title, language, health, logs, production, rollback } = sections;
  const { staging, production: live } = environments;
  const { problems, warnings } = resolution;
  const isWhole =
    problems.length === 0 &&
    service &&
    title &&
    language &&
    health &&
    logs &&
    production &&
    rollback &&
    staging &&
    live;
  const isResolved = migration && watching.soak && functional && smoke && load && indexes && approvals;
  if (!isWhole || !isResolved || !confirmations || !release || !prerequisites || !evidence)
    return { problems, warnings };

  const resolved: ResolvedPlan = {
    service,
    title,
    language,
    release,
    evidence,
    environments: { staging, production: live },
    commands: commands as Commands,
    migration,
    indexes,
    prerequisites,
    criticalLogs: logs.critical,
    healthPath: health.path,
    healthWithin: health.within,
    functional,
    smoke,
    loadTests: load.tests,
    loadLimits: load.limits,
    confirmations,
    approvals,
    soak: watching.soak as Watch,
    watches: watching.watches,
    production: { maintenance: production.maintenance, restart: production.restart },
    rollback,
    announcements: webhook === undefined ? {} : { webhook },
  };
  if (load.production !== undefined) resolved.production.loadTest = load.production;
  return { resolved: withoutUndefined(resolved), problems, warnings };
}

/** What goes through JSON must come back the same: keys without a value are left out here rather than on the way. */
const withoutUndefined = (plan: ResolvedPlan): ResolvedPlan => JSON.parse(JSON.stringify(plan)) as ResolvedPlan;

function resolveEnvironments(resolution: Resolution): Partial<Record<EnvironmentName, Environment>> {
  const environments: Partial<Record<EnvironmentName, Environment>> = {};
  for (const name of ['staging', 'production'] as const) {
    const authored = resolution.sections.environments?.[name];
    if (authored === undefined) continue;
    const at = (...rest: (string | number)[]) => ['environments', name, ...rest];
    const place = server(resolution, { name: authored.server, path: at('server') });
    const { login } = authored;
    environments[name] = {
      name,
      api: apiUrl(resolution, { name: authored.api, path: at('api') }),
      server: place ?? { kind: 'local' },
      application: resolution.folderOn(place, authored.application, at('application')),
      tools: authored.tools.map((tool, index) => resolution.folderOn(place, tool, at('tools', index))),
      database: {
        ...database(resolution, { name: authored.database.host, path: at('database', 'host') }),
        password: resolution.secret(authored.database.password, at('database', 'password')),
      },
      login: { ...login, password: resolution.secret(login.password, at('login', 'password')) },
    };
  }
  const { staging, production } = environments;
  if (staging && production && sameDatabase(staging, production)) {
    resolution.report(['environments', 'production', 'database', 'host'], 'Is the same database as staging’s');
  }
  return environments;
}

const sameDatabase = (a: Environment, b: Environment): boolean =>
  a.database.host !== '' &&
  a.database.host === b.database.host &&
  a.database.port === b.database.port &&
  a.database.name === b.database.name;

function resolveRelease(resolution: Resolution): ResolvedPlan['release'] | undefined {
  const { release } = resolution.sections;
  if (release === undefined) return undefined;
  if (release.target === release.previous) {
    resolution.report(['release', 'previous'], 'Is the same as `target`: a rollback would change nothing');
  }
  return { ...release, repository: resolution.folder(release.repository, ['release', 'repository']) };
}

function resolvePrerequisites(resolution: Resolution): ResolvedPlan['prerequisites'] | undefined {
  const { prerequisites } = resolution.sections;
  if (prerequisites === undefined) return undefined;
  const { minimumRows, tools, scripts } = prerequisites;
  const folder = scripts && resolution.folder(scripts.in, ['prerequisites', 'scripts', 'in']);
  return { minimumRows, tools, scripts: (scripts?.files ?? []).map((file) => resolve(folder ?? '', file)) };
}

function checkMaintenance(resolution: Resolution): void {
  const { production } = resolution.sections;
  if (production?.maintenance.enabled !== true) return;
  const names = resolution.names(['commands']) ?? [];
  for (const name of ['maintenanceOn', 'maintenanceOff']) {
    if (names.includes(name)) continue;
    resolution.report(
      ['production', 'maintenance', 'enabled'],
      `Needs the command \`commands.${name}\`, which is missing`,
    );
  }
}

/** From names to values: the plan as the workflows read it. */
import { resolve } from 'node:path';
import type { Commands } from '../contract/plan/commands.js';
import type { Environment, EnvironmentName } from '../contract/plan/environment.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { OPEN } from '../contract/plan/release-values.js';
import type { Watch } from '../contract/plan/watch.js';
import type { PlanWithoutItems } from '../contract/runbook.js';
import { checkHealth, resolveHealth } from './application/health.js';
import { resolveLogin } from './application/login.js';
import { resolveChecks, resolveDocumentation, resolveIndexes, resolveLoad } from './application/resolve.js';
import { resolveApprovals, resolveConfirmations } from './approvals/resolve.js';
import { resolveBackup } from './backup/resolve.js';
import { resolveDocument } from './checklist/resolve-document.js';
import { resolveItems, withItems } from './checklist/resolve-items.js';
import { resolveCommands, resolveMigration } from './commands/resolve.js';
import { apiUrl, database, server } from './core/hosts.js';
import type { Problem } from './core/problems.js';
import { Resolution as ResolutionOf, type Sources as SourcesOf } from './core/resolution.js';
import { resolveProviders } from './metrics/resolve-providers.js';
import { resolveWatches } from './metrics/resolve-watches.js';
import { resolveNotifications } from './notifications/resolve.js';
import { resolveProofs } from './proofs/resolve.js';
import type { Sections } from './sections.js';
import { resolveWindows } from './windows/resolve.js';

type Resolution = ResolutionOf<Sections>;
type Sources = SourcesOf<Sections>;

/**
 * Looks up every name and checks what the parts mean together.
 * @param options `shorten`: durations asked for at `start`, by watch, milliseconds; `isReadable: false`: parts are
 *   missing because they could not be read, so what rests on the whole (the items) is not judged
 * @returns the resolved plan when every part is there and right, and the problems otherwise
 */
export function resolvePlan(
  sources: Sources,
  options: { shorten?: Record<string, number>; isReadable?: boolean } = {},
): { resolved?: ResolvedPlan; problems: Problem[]; warnings: Problem[] } {
  const resolution = new ResolutionOf(sources);
  const { sections } = resolution;

  const environments = resolveEnvironments(resolution);
  checkHealth(resolution);
  const servers = Object.values(environments).map((environment) => environment.server);
  const commands = resolveCommands(resolution, servers);
  const migration = resolveMigration(resolution, servers);
  const providers = resolveProviders(resolution);
  const shorten = options.shorten ?? {};
  const watching = resolveWatches(resolution, { environments, providers, logs: commands.logs, shorten });
  const proofs = resolveProofs(resolution, providers);
  const functional = resolveChecks(resolution, 'functional');
  const smoke = resolveChecks(resolution, 'smoke');
  const documentation = resolveDocumentation(resolution);
  const load = resolveLoad(resolution);
  const indexes = resolveIndexes(resolution);
  const windows = resolveWindows(resolution);
  const approvals = resolveApprovals(resolution);
  const confirmations = resolveConfirmations(resolution);
  const release = resolveRelease(resolution);
  const prerequisites = resolvePrerequisites(resolution);
  const evidence = sections.evidence && resolution.folder(sections.evidence, ['evidence']);
  const backup = resolveBackup(resolution, { environments, evidence });
  const notifications = resolveNotifications(resolution);
  checkMaintenance(resolution);
  resolution.warnOfUnused();

  const { service, title, language, health, logs, production, rollback } = sections;
  const { staging, production: live } = environments;
  const { problems, warnings } = resolution;
  const isWhole =
    options.isReadable !== false &&
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
  if (!isWhole || !isResolved || !confirmations || !release || !prerequisites || !evidence || !backup)
    return { problems, warnings };

  const withoutItems: PlanWithoutItems = {
    ...proofs,
    service,
    title,
    language,
    release,
    evidence,
    environments: { staging, production: live },
    backup,
    commands: commands as Commands,
    migration,
    indexes,
    prerequisites,
    criticalLogs: logs.critical,
    healthPath: health.path ?? '',
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
    notifications,
    secrets: [...resolution.secrets].sort(),
  };
  if (documentation !== undefined) withoutItems.apiDocumentation = documentation;
  if (logs.started !== undefined) withoutItems.startedLogs = logs.started;
  if (load.production !== undefined) withoutItems.production.loadTest = load.production;
  if (windows !== undefined) withoutItems.windows = windows;
  const items = resolveItems(resolution, withoutItems);
  const document = resolveDocument(resolution, items);
  if (document !== undefined) withoutItems.document = document;
  for (const phase of Object.values(confirmations)) {
    phase.forEach((confirmation, index) => {
      phase[index] = withItems(confirmation, items);
      if (phase[index].items.length > 0) return;
      resolution.report(
        ['items'],
        `Nothing is asked by the confirmation \`${confirmation.id}\`: no item is settled by \`${confirmation.id}/confirmed\``,
      );
    });
  }
  if (problems.length > 0) return { problems, warnings };
  return { resolved: withoutUndefined({ ...withoutItems, items }), problems, warnings };
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
    const reading = resolveHealth(resolution, name);
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
      login: resolveLogin(resolution, login, at('login')),
      ...(reading ? { health: reading } : {}),
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
  const { branch = OPEN.branch, target = OPEN.target, previous = OPEN.previous } = release;
  if (target === previous) {
    resolution.report(['release', 'previous'], 'Is the same as `target`: a rollback would change nothing');
  }
  return {
    ...release,
    branch,
    target,
    previous,
    repository: resolution.folder(release.repository, ['release', 'repository']),
  };
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

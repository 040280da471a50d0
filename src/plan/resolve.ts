/** From names to values: the plan as the workflows read it. */
import { dirname, resolve } from 'node:path';
import type { Commands } from '../contract/plan/commands.js';
import type { Database, Environment, EnvironmentName } from '../contract/plan/environment.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { OPEN } from '../contract/plan/release-values.js';
import type { PlanWithoutItems } from '../contract/runbook.js';
import type { Approvals } from '../domain/decisions/approvals.js';
import type { Item } from '../domain/items.js';
import { advise } from './advice.js';
import { checkHealth, resolveHealth, withTools } from './application/health.js';
import { resolveLogin } from './application/login.js';
import { resolveChecks, resolveDocumentation, resolveIndexes, resolveLoad } from './application/resolve.js';
import { resolveApprovals, resolveConfirmations } from './approvals/resolve.js';
import { resolveBackup } from './backup/resolve.js';
import { resolveDocument } from './checklist/resolve-document.js';
import { resolveItems, withItems } from './checklist/resolve-items.js';
import { resolveCommands, resolveMigration } from './commands/resolve.js';
import { resolveVariables } from './commands/variables.js';
import { apiUrl, database, server } from './core/hosts.js';
import type { Problem } from './core/problems.js';
import { Resolution as ResolutionOf, type Sources as SourcesOf } from './core/resolution.js';
import { resolveForge } from './forge/resolve.js';
import { resolveProviders } from './metrics/resolve-providers.js';
import { resolveWatches } from './metrics/resolve-watches.js';
import { resolveNotifications } from './notifications/resolve.js';
import { askAboutItems, checkOwnSteps, resolveOwnChecks } from './own-checks/resolve.js';
import { resolveProofs } from './proofs/resolve.js';
import { checkRequirements } from './requirements.js';
import type { Sections } from './sections.js';
import { resolveWindows } from './windows/resolve.js';

type Resolution = ResolutionOf<Sections>;
type Sources = SourcesOf<Sections>;

/**
 * Looks up every name and checks what the parts mean together.
 * @param options `shorten`: durations asked for at `start`, by watch, milliseconds; `unread`: problems of parts that are
 *   missing because they could not be read: what may rest on them is not judged
 * @returns the resolved plan when every part is there and right, and the problems otherwise
 */
export function resolvePlan(
  sources: Sources,
  options: { shorten?: Record<string, number>; unread?: readonly Problem[] } = {},
): { resolved?: ResolvedPlan; problems: Problem[]; warnings: Problem[]; advice: Problem[] } {
  const resolution = new ResolutionOf(sources);
  const { sections } = resolution;

  const environments = resolveEnvironments(resolution);
  checkHealth(resolution);
  const servers = Object.values(environments).map((environment) => environment.server);
  const commands = resolveCommands(resolution, servers);
  const migration = resolveMigration(resolution, servers);
  const providers = resolveProviders(resolution);
  const shorten = options.shorten ?? {};
  const places = { environments, providers, logs: commands.logs };
  const watching = resolveWatches(resolution, { ...places, shorten });
  const ownChecks = resolveOwnChecks(resolution, places);
  const proofs = resolveProofs(resolution, providers);
  const functional = resolveChecks(resolution, 'functional', environments.staging);
  const smoke = resolveChecks(resolution, 'smoke', environments.production);
  const documentation = resolveDocumentation(resolution);
  const load = resolveLoad(resolution);
  const indexes = resolveIndexes(resolution);
  const windows = resolveWindows(resolution);
  const approvals = resolveApprovals(resolution);
  const confirmations = resolveConfirmations(resolution);
  const release = resolveRelease(resolution);
  const prerequisites = resolvePrerequisites(resolution);
  const evidence = resolveEvidence(resolution);
  const rollback = resolveRollback(resolution);
  const backup = resolveBackup(resolution, { environments, evidence });
  const notifications = resolveNotifications(resolution);
  const forge = resolveForge(resolution);
  checkRequirements(resolution);
  resolution.warnOfUnused();

  const { service, title = service, language, health, logs, production } = sections;
  const { staging, production: live } = environments;
  const { problems, warnings, advice } = resolution;
  const broken = sectionsOf([...(options.unread ?? []), ...problems]);
  const withoutItems: PlanWithoutItems = {
    ...proofs,
    // What is missing has been told, or stands in its section as a mistake.
    service: service ?? '',
    title: title ?? '',
    language: language ?? '',
    release: release ?? { target: '', previous: '', files: [] },
    evidence: evidence ?? '',
    environments: { staging, production: live ?? NOWHERE },
    backup,
    commands: commands as Commands,
    migration,
    indexes,
    prerequisites: prerequisites ?? { tools: [], scripts: [] },
    criticalLogs: logs?.critical,
    healthPath: health?.path ?? '',
    healthWithin: health?.within ?? 0,
    functional: functional ?? [],
    smoke: smoke ?? [],
    loadTests: load?.tests ?? [],
    loadLimits: load?.limits,
    confirmations: confirmations ?? { prerequisites: [], staging: [], preparation: [] },
    approvals: approvals ?? NOBODY,
    soak: watching.soak,
    watches: watching.watches,
    production: { maintenance: production?.maintenance ?? NO_MAINTENANCE, restart: production?.restart ?? false },
    rollback: rollback ?? { onStepFailure: 'code', estimates: {}, overrideWithin: 0 },
    notifications,
    secrets: [...resolution.secrets].sort(),
  };
  if (documentation !== undefined) withoutItems.apiDocumentation = documentation;
  if (logs?.started !== undefined) withoutItems.startedLogs = logs.started;
  if (production?.onFailure !== undefined) withoutItems.production.onFailure = production.onFailure;
  if (load?.production !== undefined) withoutItems.production.loadTest = load.production;
  if (sections.acknowledge !== undefined) withoutItems.acknowledged = sections.acknowledge;
  if (windows !== undefined) withoutItems.windows = windows;
  if (ownChecks !== undefined) withoutItems.checks = ownChecks;
  if (forge !== undefined) withoutItems.forge = forge;
  if (sections.evidenceRetention !== undefined) withoutItems.evidenceRetention = sections.evidenceRetention;
  checkOwnSteps(resolution, withoutItems);
  const items = resolveItems(resolution, withoutItems, broken);
  if (!broken.has('items')) {
    const document = resolveDocument(resolution, items);
    if (document !== undefined) withoutItems.document = document;
    askAboutItems(withoutItems, items);
    if (!broken.has('confirmations')) askItems(resolution, confirmations, items);
  }
  const isWhole = broken.size === 0 && service && title && language && health && production && live && confirmations;
  if (!isWhole || !release || !prerequisites || !evidence || !rollback) return { problems, warnings, advice };
  if (problems.length > 0) return { problems, warnings, advice };
  const resolved = withoutUndefined({ ...withoutItems, items });
  advise(resolution, resolved);
  return { resolved, problems, warnings, advice };
}

/** The top-level keys in which something is wrong. */
const sectionsOf = (problems: readonly Problem[]): ReadonlySet<string> =>
  new Set(problems.map(({ path }) => path.split(/[.[]/, 1)[0] ?? ''));

const NOWHERE: Environment = { name: 'production', api: '', server: { kind: 'local' }, tools: [] };
const NO_MAINTENANCE = { enabled: false, drain: 0 };

/** Puts the items that each confirmation settles among what it asks. */
function askItems(
  resolution: Resolution,
  confirmations: ResolvedPlan['confirmations'] | undefined,
  items: readonly Item[],
): void {
  for (const [name, phase] of Object.entries(confirmations ?? {})) {
    phase.forEach((confirmation, index) => {
      const asked = withItems(confirmation, items);
      phase[index] = asked;
      if (asked.items.length > 0) return;
      const { id } = confirmation;
      const message = `Nothing is asked by the confirmation \`${id}\`: no item is settled by \`${id}/confirmed\``;
      resolution.report(['confirmations', name, id], { message, key: true });
    });
  }
}

/** What goes through JSON must come back the same: keys without a value are left out here rather than on the way. */
const withoutUndefined = (plan: ResolvedPlan): ResolvedPlan => JSON.parse(JSON.stringify(plan)) as ResolvedPlan;

/** A plan that names no people: nobody signs, and whoever starts a deployment decides. */
const NOBODY: Approvals = { roles: [], roster: [], selfApproval: false, onePersonManyRoles: false };

function resolveEnvironments(resolution: Resolution): Partial<Record<EnvironmentName, Environment>> {
  const environments: Partial<Record<EnvironmentName, Environment>> = {};
  for (const name of ['staging', 'production'] as const) {
    const authored = resolution.sections.environments?.[name];
    if (authored === undefined) continue;
    const at = (...rest: (string | number)[]) => ['environments', name, ...rest];
    const { login, application } = authored;
    const named = authored.server;
    const place = named === undefined ? undefined : server(resolution, { name: named, path: at('server') });
    const reading = resolveHealth(resolution, name);
    if (authored.api === undefined) resolution.report(at('api'), '`api` is missing');
    const found: Environment = {
      name,
      api: authored.api === undefined ? '' : apiUrl(resolution, { name: authored.api, path: at('api') }),
      server: place ?? { kind: 'local' },
      tools: authored.tools.map((tool, index) => resolution.folderOn(place, tool, at('tools', index))),
    };
    if (authored.variables !== undefined) {
      found.variables = resolveVariables(resolution, authored.variables, at('variables'));
    }
    if (application !== undefined) found.application = resolution.folderOn(place, application, at('application'));
    if (authored.database !== undefined) {
      found.database = {
        ...database(resolution, { name: authored.database.host, path: at('database', 'host') }),
        password: resolution.secret(authored.database.password, at('database', 'password')),
      };
    }
    if (login !== undefined) found.login = resolveLogin(resolution, login, at('login'));
    if (reading) found.health = withTools(reading, found);
    environments[name] = found;
  }
  const { staging, production } = environments;
  if (staging?.database && production?.database && sameDatabase(staging.database, production.database)) {
    resolution.report(['environments', 'production', 'database', 'host'], 'Is the same database as staging’s');
  }
  return environments;
}

const sameDatabase = (a: Database, b: Database): boolean =>
  a.host !== '' && a.host === b.host && a.port === b.port && a.name === b.name;

function resolveRelease(resolution: Resolution): ResolvedPlan['release'] | undefined {
  const { release } = resolution.sections;
  if (release === undefined) return undefined;
  const { branch = OPEN.branch, target = OPEN.target, previous = OPEN.previous } = release;
  if (target === previous) {
    resolution.report(['release', 'previous'], 'Is the same as `target`: a rollback would change nothing');
  }
  const { repository } = release;
  if (repository === undefined) return { ...release, target, previous };
  for (const name of ['target', 'previous'] as const) {
    const message = 'Git knows no name with ":" in it: write a branch or tag, or leave `release.repository` out';
    if (release[name]?.includes(':')) resolution.report(['release', name], message);
  }
  return { ...release, branch, target, previous, repository: resolution.folder(repository, ['release', 'repository']) };
}

const DAY = 24 * 3_600_000;

/** Beside the plan, where it does not say. */
function resolveEvidence(resolution: Resolution): string | undefined {
  const { evidence, evidenceRetention } = resolution.sections;
  if ((evidenceRetention ?? DAY) < DAY)
    resolution.report(['evidenceRetention'], 'Is shorter than a day; write for example "1825d"');
  const isSaid = resolution.has(['evidence']) || resolution.has(['folders', 'evidence']);
  if (!isSaid) return resolve(dirname(resolution.sources.plan.file), 'evidence');
  return evidence && resolution.folder(evidence, ['evidence']);
}

function resolveRollback(resolution: Resolution): ResolvedPlan['rollback'] | undefined {
  const { rollback } = resolution.sections;
  return (
    rollback && {
      ...rollback,
      onStepFailure: rollback.onStepFailure ?? (resolution.has(['migration']) ? 'full' : 'code'),
    }
  );
}

function resolvePrerequisites(resolution: Resolution): ResolvedPlan['prerequisites'] | undefined {
  const { prerequisites } = resolution.sections;
  if (prerequisites === undefined) return undefined;
  const { minimumRows, tools, scripts } = prerequisites;
  const folder = scripts && resolution.folder(scripts.in, ['prerequisites', 'scripts', 'in']);
  return { minimumRows, tools, scripts: (scripts?.files ?? []).map((file) => resolve(folder ?? '', file)) };
}

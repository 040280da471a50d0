/** Checks of the team's own: what each asks, filled in for its environment, and whether it can be asked in its phase. */
import type { Environment, EnvironmentName } from '../../contract/plan/environment.js';
import {
  beforeStep,
  type CommandExpectation,
  type OwnCheck,
  type OwnChecks,
  type OwnQuestion,
  type OwnQuestionOf,
} from '../../contract/plan/own-checks.js';
import { type PlanWithoutItems, runbookOf } from '../../contract/runbook.js';
import type { Item } from '../../domain/items.js';
import { PHASES, type Phase } from '../../domain/steps.js';
import { checkSample, type RequestSections, requestNamed } from '../application/resolve.js';
import type { AuthoredCheck } from '../application/schema.js';
import { withItems } from '../checklist/resolve-items.js';
import { APPLICATION_FOLDER, resolveCommand } from '../commands/resolve.js';
import type { Path } from '../core/problems.js';
import type { Resolution as ResolutionOf } from '../core/resolution.js';
import { type CriterionOfAnyWatch, type CriterionSections, resolveCriteria } from '../metrics/resolve-criteria.js';
import { fillMetric, type MetricSections } from '../metrics/resolve-metrics.js';
import type { Places } from '../metrics/sources/source.js';
import type { AuthoredOwnCheck, AuthoredOwnChecks } from './schema.js';

interface OwnCheckSections extends RequestSections, MetricSections, CriterionSections {
  checks?: AuthoredOwnChecks;
}
type Resolution = ResolutionOf<OwnCheckSections>;

const MINUTE = 60_000;
/** A worker that asks is asked in turn whether it is still there; nothing that only looks takes longer. */
const LONGEST = 60 * MINUTE;

/** In these production is still as it was. */
const BEFORE_PRODUCTION: readonly Phase[] = ['prerequisites', 'staging', 'soak', 'approval'];
const ON_STAGING: readonly Phase[] = ['staging', 'soak'];

interface CheckAt {
  check: AuthoredOwnCheck;
  phase: Phase;
  path: Path;
  environment: EnvironmentName;
  /** The same, where the plan has it. */
  place: Environment | undefined;
  around: Places;
  criteria: ReadonlyMap<string, CriterionOfAnyWatch | undefined>;
}

/** @returns nothing where the plan has none: it stays as it was before there were any */
export function resolveOwnChecks(resolution: Resolution, around: Places): OwnChecks | undefined {
  const { checks } = resolution.sections;
  if (checks === undefined) return undefined;
  const criteria = resolveCriteria(resolution);
  const resolved: OwnChecks = {};
  for (const phase of PHASES) {
    const list = checks[phase];
    if (list === undefined) continue;
    resolved[phase] = list.flatMap((check, index) => {
      const { environment = ON_STAGING.includes(phase) ? 'staging' : 'production' } = check;
      const place = around.environments[environment];
      const path = ['checks', phase, index];
      return resolveOwnCheck(resolution, { check, phase, path, environment, place, around, criteria }) ?? [];
    });
  }
  return resolved;
}

function resolveOwnCheck(resolution: Resolution, at: CheckAt): OwnCheck | undefined {
  const { check, path, environment, place } = at;
  checkFailure(resolution, at);
  if (place === undefined && !resolution.has(['environments', environment])) {
    const message = `There is no \`environments.${environment}\` where it could be made: name it, or leave this out`;
    resolution.report(check.environment === undefined ? path : [...path, 'environment'], message);
  }
  const asks = resolveQuestion(resolution, at);
  if (asks === undefined) return undefined;
  const timeout = check.timeout ?? usualTimeout(asks);
  if (asks.kind !== 'confirm' && check.timeout !== undefined && check.timeout > LONGEST) {
    resolution.report([...path, 'timeout'], 'Is longer than 1h, within which what only looks has to end');
  }
  const { id, title, onFailure } = check;
  return {
    ...{ id, title, environment, asks },
    ...(timeout === undefined ? {} : { timeout }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

/** What follows a failure is something that can follow it in this phase. */
function checkFailure(resolution: Resolution, { check, phase, path }: CheckAt): void {
  const { onFailure } = check;
  const isBefore = BEFORE_PRODUCTION.includes(phase);
  const refuse = (message: string) => resolution.report([...path, 'onFailure'], message);
  if (onFailure === 'roll-back' && isBefore) {
    refuse('Production has not changed by then, so there is nothing to roll back: write ask or stop');
  }
  if (onFailure === 'stop' && !isBefore) {
    refuse(
      'Production has changed by then: to stop there would leave it, unwatched, on a release that has failed a check. Write ask or roll-back',
    );
  }
}

/** People are waited for as long as it takes; rates are between two looks, as far apart as the metric's window. */
function usualTimeout(asks: OwnQuestion): number | undefined {
  if (asks.kind === 'confirm') return undefined;
  return asks.kind === 'metric' ? asks.metric.source.window + MINUTE : MINUTE;
}

function resolveQuestion(resolution: Resolution, at: CheckAt): OwnQuestion | undefined {
  const { http, sql, command, metric, confirm } = at.check;
  if (http !== undefined) return resolveRequest(resolution, at, http);
  if (sql !== undefined) return resolveQuery(resolution, at, sql);
  if (command !== undefined) return resolveOwnCommand(resolution, at, command);
  if (metric !== undefined) return resolveMetric(resolution, at, metric);
  return confirm && resolveConfirm(resolution, at, confirm);
}

type Written<K extends 'http' | 'sql' | 'command' | 'metric' | 'confirm'> = NonNullable<AuthoredOwnCheck[K]>;

function resolveRequest(
  resolution: Resolution,
  { check, path, place }: CheckAt,
  http: Written<'http'>,
): OwnQuestionOf<'http'> | undefined {
  const from = [...path, 'http'];
  const { id, title } = check;
  const found: AuthoredCheck | undefined =
    typeof http === 'string' ? requestNamed(resolution, { name: http, from }) : { id, title, ...http };
  if (found === undefined) return undefined;
  checkSample(resolution, { check: found, path: from, earlier: [] });
  if (found.login === true && place !== undefined && place.login === undefined) {
    resolution.report(from, 'Its environment has no `login`: name one, or leave `login` out');
  }
  const login = found.login ?? place?.login !== undefined;
  return { kind: 'http', request: { ...found, id, title, login } };
}

function resolveQuery(
  resolution: Resolution,
  { phase, path, place, environment }: CheckAt,
  { query, value, rows, before }: Written<'sql'>,
): OwnQuestionOf<'sql'> | undefined {
  const from = [...path, 'sql'];
  if (place !== undefined && place.database === undefined) {
    const part = `environments.${environment}.database`;
    resolution.report(from, `Needs \`${part}\`, which this plan does not have: name it, or leave this out`);
  }
  if (before === undefined) {
    if (rows !== undefined) return { kind: 'sql', query, expect: { rows } };
    return value && { kind: 'sql', query, expect: { value } };
  }
  const isTooEarly = environment === 'production' ? BEFORE_PRODUCTION.includes(phase) : phase === 'prerequisites';
  if (isTooEarly) {
    const message = `Nothing has been deployed to ${environment} by then: write \`value\` or \`rows\``;
    resolution.report([...from, 'before'], message);
  }
  return { kind: 'sql', query, expect: { before } };
}

function resolveOwnCommand(
  resolution: Resolution,
  { check, path, place, environment }: CheckAt,
  { exitCode, field, value, ...command }: Written<'command'>,
): OwnQuestionOf<'command'> {
  const from = [...path, 'command'];
  const { timeout = MINUTE } = check;
  const servers = place ? [place.server] : [];
  const resolved = resolveCommand(resolution, {
    known: ['environment', 'version', 'commit'],
    command: { ...command, timeout },
    path: from,
    servers,
  });
  if (resolved.folder === APPLICATION_FOLDER && place !== undefined && place.application === undefined) {
    const part = `environments.${environment}.application`;
    resolution.report([...from, 'in'], `Needs \`${part}\`, which this plan does not have: name it, or leave this out`);
  }
  if ((field === undefined) !== (value === undefined)) {
    resolution.report(from, 'Write `field`, where a value is in what it prints, and `value`, what that must be: both');
  }
  const expect: CommandExpectation = { exitCodes: typeof exitCode === 'number' ? [exitCode] : exitCode };
  if (field !== undefined && value !== undefined) expect.field = { path: field, value };
  return { kind: 'command', command: resolved, expect };
}

function resolveMetric(
  resolution: Resolution,
  { check, path, environment, around, criteria }: CheckAt,
  id: string,
): OwnQuestionOf<'metric'> | undefined {
  const from = [...path, 'metric'];
  if (!resolution.knows(id, { at: ['criteria'], label: 'criterion', from })) return undefined;
  const criterion = criteria.get(id);
  const metric = criterion && fillMetric(resolution, { name: criterion.metric, environment, around });
  if (criterion === undefined || metric === undefined) return undefined;
  const { source } = metric;
  if (source.kind === 'postgres' && 'lostRows' in source.read) {
    const message = `\`${id}\` is of rows lost in a watch: write an \`sql\` check with \`before: at least\``;
    resolution.report(from, message);
  }
  if (check.timeout !== undefined && check.timeout <= source.window) {
    resolution.report(
      [...path, 'timeout'],
      `Is no longer than the window of \`${metric.name}\`: it may have no value yet`,
    );
  }
  return { kind: 'metric', metric, criterion: { ...criterion, minimumSamples: 1 } };
}

function resolveConfirm(
  resolution: Resolution,
  { path }: CheckAt,
  { roles, items }: Written<'confirm'>,
): OwnQuestionOf<'confirm'> {
  roles.forEach((role, index) => {
    const from = [...path, 'confirm', 'roles', index];
    resolution.knows(role, { at: ['approvals', 'roles'], label: 'role', from });
  });
  return { kind: 'confirm', roles, items };
}

/** Each step is known by its name alone: to boxes, scenarios, people. */
export function checkOwnSteps(resolution: Resolution, plan: PlanWithoutItems): void {
  const ids = runbookOf(plan).map(({ id }) => id);
  for (const [phase, list = []] of Object.entries(plan.checks ?? {})) {
    list.forEach((check, index) => {
      const taken = [check.id, beforeStep(check)].find((id) => ids.indexOf(id) !== ids.lastIndexOf(id));
      if (taken === undefined) return;
      const message = `There is another step \`${taken}\` in this plan; give each check its own id`;
      resolution.report(['checks', phase, index, 'id'], message);
    });
  }
}

/** What people are asked in the end: the words of the check, then the items that it settles. */
export function askAboutItems({ checks = {} }: PlanWithoutItems, items: readonly Item[]): void {
  for (const { id, title, asks } of Object.values(checks).flat()) {
    if (asks.kind === 'confirm') asks.items = withItems({ id, title, ...asks }, items).items;
  }
}

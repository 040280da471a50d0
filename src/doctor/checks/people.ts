/** Sign-offs can be given, windows open, and there is a browser where one is needed. */
import { findBrowser, NoBrowser } from '../../adapters/application/browser.js';
import type { IdentityProof } from '../../adapters/identity/identity-proof.js';
import { IDENTITY_PROOFS } from '../../adapters/identity/identity-proofs.js';
import { nextOpening } from '../../adapters/windows.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { WeeklyWindow } from '../../contract/plan/windows.js';
import type { Moment } from '../../contract/timeline.js';
import { fillRoles } from '../../domain/decisions/approvals.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext, CheckResult } from './check.js';

/** @param timeline the times that windows are asked for */
export function peopleChecks({ plan, startedBy, at }: CheckContext, timeline: ReadonlyMap<string, Moment>): Check[] {
  const { windows, production, apiDocumentation, approvals } = plan;
  const timeOf = (step: string) => at + (timeline.get(step)?.after ?? 0);
  const checks: Check[] = [{ id: 'roster', step: STEPS.signOffs.id, run: async () => roster(plan, startedBy) }];
  if (approvals.signed) checks.push(...Object.values(IDENTITY_PROOFS).map(identityCheck));
  if (windows) {
    const step = STEPS.productionWindow.id;
    checks.push({ id: 'window', step, run: async () => deployWindow(windows, timeOf(step)) });
  }
  const { loadTest } = production;
  if (windows && loadTest && windows.lowTraffic.length > 0) {
    const step = loadTest.test.id;
    const before = timeOf(STEPS.metricsReport.id);
    checks.push({ id: 'low-traffic', step, run: async () => lowTraffic(windows, before) });
  }
  if (apiDocumentation) {
    const run = () => tryBrowser(apiDocumentation.otherwise);
    checks.push({ id: 'browser', step: STEPS.swagger.id, run });
  }
  return checks;
}

/** Whether the sign-offs could be given if this person started it: as `src/domain/decisions/decisions.ts` would take them. */
export function roster({ approvals }: Pick<ResolvedPlan, 'approvals'>, startedBy?: string): CheckResult[] {
  const roles = approvals.roles.map(({ role }) => role);
  const barred = approvals.selfApproval ? undefined : startedBy;
  const may = approvals.roster.filter(
    ({ id, keys }) => id !== barred && (!approvals.signed || (keys?.length ?? 0) > 0),
  );
  const filled = fillRoles(may, roles, approvals.onePersonManyRoles);
  const who = barred === undefined ? 'the roster' : `the roster without ${barred}, who starts it,`;
  const signed = approvals.signed ? ' by people with a key' : '';
  if (filled) {
    const note = startedBy === undefined && !approvals.selfApproval && { note: true as const };
    const unless = note ? '; who would start it is not known (--as WHO)' : '';
    const text = `${who} can fill all ${roles.length} sign-offs${signed}${unless}`;
    return [{ name: 'roster', ok: true, text, ...note }];
  }
  const empty = roles.filter((role) => !may.some((person) => person.roles.includes(role)));
  const why = empty.length > 0 ? `nobody is left for ${empty.join(', ')}` : 'too few people for too many roles';
  return [
    {
      name: 'roster',
      ok: false,
      text: `${who} cannot fill the ${roles.length} sign-offs${signed}: ${why}`,
      advice: `${barred === undefined ? '' : 'Have somebody else start it, or '}put more people on the roster.`.replace(
        /^p/,
        'P',
      ),
    },
  ];
}

const identityCheck = (proof: IdentityProof): Check => ({
  id: proof.needs,
  step: STEPS.signOffs.id,
  run: async () => [{ name: proof.needs, ...(await proof.probe()) }],
});

type Windows = NonNullable<ResolvedPlan['windows']>;

function deployWindow({ timeZone, freeze, deploy, overrideBy }: Windows, at: number): CheckResult[] {
  const advice = `Start it at another time, or have somebody override it (${overrideBy.join(', ') || 'nobody may'}).`;
  const ask = (weekly: WeeklyWindow[]) => nextOpening({ timeZone, freeze, weekly, at });
  const frozen = ask([]);
  const opening = ask(deploy);
  if (!frozen.open) return [{ name: 'window', ok: false, text: `production is held: ${opening.text}`, advice }];
  if (!opening.open && opening.opensAt === undefined) {
    return [{ name: 'window', ok: false, text: `production is held: the deploy window ${opening.text}`, advice }];
  }
  const open = `the deploy window is open then${opening.text === 'open' ? '' : ` (${opening.text})`}`;
  if (opening.open) return [{ name: 'window', ok: true, text: open }];
  return [{ name: 'window', ok: true, note: true, text: `production waits for the deploy window: it ${opening.text}` }];
}

function lowTraffic({ timeZone, freeze, lowTraffic: weekly }: Windows, at: number): CheckResult[] {
  const { open, opensAt, text } = nextOpening({ timeZone, freeze, weekly, at });
  if (open) return [{ name: 'low-traffic', ok: true, text: `low traffic: ${text}` }];
  const ok = opensAt !== undefined;
  const told = `the load test waits for a time of low traffic: it ${text}`;
  return [{ name: 'low-traffic', ok, text: told, ...(ok ? { note: true } : { advice: 'Put `windows` right.' }) }];
}

async function tryBrowser(otherwise: string[]): Promise<CheckResult[]> {
  try {
    return [{ name: 'browser', ok: true, text: `browser: ${await findBrowser()}` }];
  } catch (error) {
    if (!(error instanceof NoBrowser)) throw error;
    const text = `${error.message}; until then people are asked to look (${otherwise.join(', ')})`;
    return [{ name: 'browser', ok: true, note: true, text }];
  }
}

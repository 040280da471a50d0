/** Tries what a plan will need, some at a time, each within its limit, and says when a deployment would have met it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { redact } from '../adapters/evidence/redaction.js';
import { readSecret } from '../adapters/evidence/secrets.js';
import type { Patience } from '../adapters/http/patient-request.js';
import { nextOpening } from '../adapters/windows.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { type Moment, timelineOf } from '../contract/timeline.js';
import { formatDuration } from '../domain/duration.js';
import { inert } from '../domain/inert.js';
import { inOneLine } from '../domain/one-line.js';
import type { Phase } from '../domain/steps.js';
import { backupCommandChecks } from './checks/backup-commands.js';
import { channelChecks } from './checks/channels.js';
import { type Check, type CheckContext, type CheckResult, LONGEST, type Means } from './checks/check.js';
import { credentialChecks, secretReferences } from './checks/credentials.js';
import { databaseChecks, isSecretMissing } from './checks/databases.js';
import { forgeChecks } from './checks/forge.js';
import { metricChecks } from './checks/metrics.js';
import { migrationChecks } from './checks/migrations.js';
import { ownCheckChecks } from './checks/own-checks.js';
import { peopleChecks } from './checks/people.js';
import { proofChecks } from './checks/proofs.js';
import { knownChecks } from './checks/release.js';
import { scratchChecks } from './checks/scratch-server.js';
import { serverChecks } from './checks/servers.js';
import { storeChecks } from './checks/stores.js';

export type { Check, CheckResult } from './checks/check.js';

/** Something that was tried, and when the deployment would have met it. */
export interface Checked extends Omit<CheckResult, 'name' | 'step'> {
  /** `staging.backup/createdb`: the step that would have met it, and what was tried. */
  id: string;
  when: { phase: Phase; step: string; afterSeconds: number };
}

/** As many as this at a time: the machine's own checks are cheap, and others must not take it for an attack. */
const AT_ONCE = 6;
/** How long interrupted work may take to end, milliseconds. */
const PARTING = 6_000;
/** People wait for it. */
const PATIENCE: Patience = { answer: 8_000, whole: 30_000, pause: 250 };

/**
 * Everything is tried, whatever fails. Sorted by the time of need.
 * @param options.others checks of the caller's own, as of the server that a deployment would run on
 * @param options.signal ends it early: what is known by then is what comes back
 */
export async function examine(
  asked: CheckContext,
  options: { signal: AbortSignal; others?: Check[]; patience?: Patience },
): Promise<{ checks: Checked[]; complete: boolean }> {
  const { signal, others = [], patience = PATIENCE } = options;
  const timeline = timelineOf(asked.plan, waits(asked));
  const checks = [...others, ...knownChecks(asked, checksOf(asked, timeline))];
  const store = await mkdtemp(join(tmpdir(), 'surefoot-doctor-'));
  const interrupted: Promise<unknown>[] = [];
  try {
    const secrets = await secretsOf(asked.plan);
    const evidence = { store, deployment: 'doctor' };
    const found = await someAtATime(checks, signal, (check) =>
      perform(check, { signal, patience, evidence }, (work) => interrupted.push(work)),
    );
    const placed = found.flatMap(({ check, findings }) =>
      findings.map((finding) => place(finding, check, { timeline, secrets })),
    );
    const order = [...timeline.keys()];
    placed.sort(
      (one, other) =>
        one.when.afterSeconds - other.when.afterSeconds ||
        order.indexOf(one.when.step) - order.indexOf(other.when.step),
    );
    return { checks: placed, complete: !signal.aborted };
  } finally {
    const clear = () => rm(store, { recursive: true, force: true, maxRetries: 3 });
    // What was interrupted may still write there: it is cleared after it, and nobody waits for that.
    if (interrupted.length === 0) await clear();
    else void settled(interrupted).then(clear);
  }
}

/** Waits for work to end, and no longer than {@link PARTING}. */
async function settled(work: Promise<unknown>[]): Promise<void> {
  const done = new AbortController();
  const late = sleep(PARTING, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([Promise.allSettled(work), late]);
  done.abort();
}

const checksOf = (asked: CheckContext, timeline: ReadonlyMap<string, Moment>): Check[] => [
  ...credentialChecks(asked),
  ...proofChecks(asked),
  ...databaseChecks(asked),
  ...scratchChecks(asked),
  ...backupCommandChecks(asked),
  ...storeChecks(asked),
  ...serverChecks(asked),
  ...migrationChecks(asked),
  ...metricChecks(asked),
  ...ownCheckChecks(asked),
  ...channelChecks(asked),
  ...forgeChecks(asked),
  ...peopleChecks(asked, timeline),
];

/** How long windows keep production waiting. One that can't be told the time of is a check of its own. */
function waits({ plan, at }: CheckContext): Parameters<typeof timelineOf>[1] {
  const { windows } = plan;
  return (window, after) => {
    if (!windows) return 0;
    const { timeZone, freeze } = windows;
    try {
      const start = at + after;
      const { open, opensAt = start } = nextOpening({ timeZone, freeze, weekly: windows[window], at: start });
      return open ? 0 : opensAt - start;
    } catch {
      return 0;
    }
  };
}

async function someAtATime(
  checks: Check[],
  signal: AbortSignal,
  work: (check: Check) => Promise<CheckResult[]>,
): Promise<{ check: Check; findings: CheckResult[] }[]> {
  const left = [...checks.entries()];
  const found: { check: Check; findings: CheckResult[] }[] = [];
  const one = async () => {
    while (!signal.aborted) {
      const next = left.shift();
      if (next === undefined) return;
      const [place, check] = next;
      const findings = await work(check);
      // What was interrupted says nothing.
      if (!signal.aborted) found[place] = { check, findings };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  // In their own order, whichever was quicker; without those that were not made.
  return found.filter(Boolean);
}

/** @param interrupts is told of work that goes on although nobody waits for it any more */
async function perform(
  check: Check,
  { signal: ended, ...means }: Omit<Means, 'inActivity'>,
  interrupts: (work: Promise<unknown>) => void,
): Promise<CheckResult[]> {
  const limit = check.limit ?? LONGEST;
  const late = AbortSignal.timeout(limit);
  const signal = AbortSignal.any([ended, late]);
  const inActivity = async <T>(work: () => Promise<T>): Promise<T> => {
    const environment = new MockActivityEnvironment();
    const cancel = () => environment.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await environment.run(work);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
  const interrupted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  const work = check.run({ ...means, signal, inActivity });
  try {
    return await Promise.race([work, interrupted]);
  } catch (error) {
    if (signal.aborted) interrupts(work);
    // The credential's own line says so.
    if (isSecretMissing(error)) return [];
    const text = late.aborted ? `not known within ${formatDuration(limit)}` : (error as Error).message;
    return [{ name: check.id, ok: false, text: inOneLine(text, ' / ') }];
  }
}

function place(
  { name, step = '', ...finding }: CheckResult,
  check: Check,
  { timeline, secrets }: { timeline: ReadonlyMap<string, Moment>; secrets: string[] },
): Checked {
  const wanted = step || check.step;
  const moment = timeline.get(wanted) ?? { phase: 'prerequisites' as const, step: wanted, after: 0 };
  const { phase, after } = moment;
  return {
    id: `${wanted}/${name}`,
    when: { phase, step: wanted, afterSeconds: Math.round(after / 1_000) },
    ...finding,
    // Most texts are known to hold none; this holds for those of libraries too.
    text: redact(inert(finding.text), secrets),
  };
}

async function secretsOf(plan: ResolvedPlan): Promise<string[]> {
  const read = secretReferences(plan).map(({ reference }) => readSecret(reference).catch(() => ''));
  return (await Promise.all(read)).filter(Boolean);
}

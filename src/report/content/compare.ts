/** What a report says against what the history says now. */
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { type Item, itemStatuses } from '../../domain/items.js';
import type { ReportContent } from './document.js';

export interface ReportDifference {
  kind: 'other-run' | 'content' | 'text' | 'evidence-missing' | 'evidence-changed' | 'unproven';
  /** What differs: `items[1.1.1].state`, a line, a file. */
  where: string;
  text: string;
}

/**
 * Every difference, one by one. A report of a deployment that has gone on since is held to what had been settled by
 * then: what was unknown may be known now, and a step may have been run again.
 */
export function compareContents(file: ReportContent, now: ReportContent, plan: ResolvedPlan): ReportDifference[] {
  if (file.status !== 'running') return jsonDifferences(file, now, '');
  const then = new Then(file, now, plan);
  const followed = itemsOf(plan.items ?? [], file.steps);
  return [
    ...jsonDifferences(then.settled(file), then.settled(now), ''),
    ...jsonDifferences(file.items, followed, 'items', 'by the steps of the same file'),
  ];
}

/** The items that follow from a report's own steps. */
const itemsOf = (items: readonly Item[], steps: ReportContent['steps']): ReportContent['items'] => {
  const whole = steps.map((step) => ({
    ...step,
    evidence: step.evidence.map((path) => ({ path, title: '', sha256: '', bytes: 0 })),
  }));
  const statuses = itemStatuses(items, whole).map(({ by: _, evidence, ...status }) => ({
    ...status,
    evidence: evidence.map(({ path }) => path),
  }));
  return JSON.parse(JSON.stringify(statuses));
};

/** For a report whose ledger was had in another way: what every way agrees on. */
export const coarse = ({ deployment, workflowId, runId, digest, outcome, items, approvals }: ReportContent) => ({
  ...{ deployment, workflowId, runId, digest, outcome },
  items: items.map(({ id, title, state }) => ({ id, title, state })),
  approvals: approvals.map(({ role, who, digest: signedOff }) => ({ role, who, digest: signedOff })),
});

/** What had been settled when a report was made of a deployment that was going on. */
class Then {
  private readonly settlers: Map<string, string[]>;

  constructor(
    private readonly file: ReportContent,
    private readonly now: ReportContent,
    plan: ResolvedPlan,
  ) {
    this.settlers = new Map((plan.items ?? []).map(({ id, by }) => [id, by.map(({ step }) => step)]));
  }

  /** The part of either side that must not differ. */
  settled(of: ReportContent): Record<string, unknown> {
    const { file, now } = this;
    const { version, deployment, workflowId, runId, digest, service, title, startedBy, startedAt } = of;
    const steps = of.steps.filter(({ id }) => this.hasEnded(id) && !this.hasMovedOn(id));
    const proofs = new Set(
      file.steps.filter(({ id }) => steps.some((step) => step.id === id)).flatMap((step) => step.evidence),
    );
    const isSame = file.proposal?.digest === now.proposal?.digest;
    const watched = endedOf(file.monitors);
    const rolledBack = endedOf(file.rollbacks);
    return {
      ...{ version, deployment, workflowId, runId, digest, service, title, startedBy, startedAt },
      items: of.items.filter(({ id }) => this.isSettled(id)).map((item) => this.itemThen(item)),
      steps,
      approvals: isSame ? of.approvals.filter(({ role }) => file.approvals.some((one) => one.role === role)) : [],
      decisions: of.decisions.slice(0, file.decisions.length),
      monitors: of.monitors.filter((monitor) => watched.has(monitor.workflowId)),
      rollbacks: of.rollbacks.filter((rollback) => rolledBack.has(rollback.workflowId)),
      evidence: of.evidence.filter(({ path }) => proofs.has(path)),
    };
  }

  private isSettled(item: string): boolean {
    const state = this.file.items.find(({ id }) => id === item)?.state;
    return state !== 'unknown' && !(this.settlers.get(item) ?? []).some((step) => this.hasMovedOn(step));
  }

  /** Of an item whose step was under way only the state is sure to stay. */
  private itemThen(item: ReportContent['items'][number]): object {
    const { id, title, state } = item;
    const steps = this.settlers.get(id) ?? [];
    const isWhole = steps.every((step) => this.hasEnded(step) || this.stepOf(this.file, step) === undefined);
    return isWhole ? item : { id, title, state };
  }

  private hasEnded(step: string): boolean {
    return this.stepOf(this.file, step)?.endedAt !== undefined;
  }

  /** It was run again since, or a person went on without it. */
  private hasMovedOn(step: string): boolean {
    const [then, today] = [this.stepOf(this.file, step), this.stepOf(this.now, step)];
    if (!then || !today) return false;
    return today.generation > then.generation || (then.state === 'failed' && today.state === 'skipped');
  }

  private stepOf({ steps }: ReportContent, step: string): ReportContent['steps'][number] | undefined {
    return steps.find(({ id }) => id === step);
  }
}

const endedOf = (list: readonly { endedAt?: number; workflowId: string }[]): Set<string> =>
  new Set(list.filter(({ endedAt }) => endedAt !== undefined).map(({ workflowId }) => workflowId));

/** Where two values of JSON differ. Elements of lists are told by their names, where they have any. */
export function jsonDifferences(
  file: unknown,
  now: unknown,
  where: string,
  source = 'by the history',
): ReportDifference[] {
  if (Object.is(file, now)) return [];
  if (!isObject(file) || !isObject(now)) {
    return [{ kind: 'content', where, text: `${shown(file)} in the file, ${shown(now)} ${source}` }];
  }
  const areLists = Array.isArray(file) && Array.isArray(now);
  const [then, today] = areLists ? [named(file), named(now)] : [file, now];
  const nameOf = (key: string) => (areLists ? `${where}[${key}]` : where === '' ? key : `${where}.${key}`);
  const keys = [...new Set([...Object.keys(then), ...Object.keys(today)])];
  return keys.flatMap((key) => jsonDifferences(own(then, key), own(today, key), nameOf(key), source));
}

const own = (of: Record<string, unknown>, key: string): unknown => (Object.hasOwn(of, key) ? of[key] : undefined);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** A list by the names of its elements, by their places where those are not unique. */
function named(list: readonly unknown[]): Record<string, unknown> {
  const names = list.map((element, index) => {
    const { id, workflowId, path, name, role } = isObject(element) ? element : {};
    return String(id ?? workflowId ?? path ?? name ?? role ?? index);
  });
  const isUnique = new Set(names).size === names.length;
  return Object.fromEntries(list.map((element, index) => [isUnique ? names[index] : String(index), element]));
}

const LONGEST = 160;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

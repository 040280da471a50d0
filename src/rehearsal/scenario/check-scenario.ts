/** Holds a scenario against its plan: every name must be there, and every quantity must fit its metric's unit. */

import type { Metric } from '../../contract/plan/metrics.js';
import { watchesOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { PlanDocument } from '../../plan/core/document.js';
import { formatPath, type Path, type Problem } from '../../plan/core/problems.js';
import { nearest } from '../../plan/core/suggest.js';
import { comparableUnits, convert, isUnit } from '../../plan/core/units.js';
import { type Bound, type Curve, healthyValue, type Piece } from './curves.js';
import {
  criteriaOfPlan,
  deciders,
  eventNames,
  metricsOfPlan,
  placeNames,
  questionNames,
  rehearsedSteps,
} from './plan-names.js';
import type { AuthoredScenario, StepRule } from './schema.js';
import type { AuthoredPiece } from './schema-curves.js';

/** @param document where the scenario was written; without one nothing can be wrong */
export function checkScenario(
  scenario: AuthoredScenario,
  plan: ResolvedPlan,
  document: PlanDocument | undefined,
): { curves: Map<string, Curve>; problems: Problem[] } {
  const check = new Check(plan, document);
  const { world, expect } = scenario;
  const curves = check.curves(scenario);
  for (const [id, rule] of Object.entries(world.steps)) check.step(id, rule);
  world.answers.forEach((rule, index) => {
    const at: Path = ['world', 'answers', index];
    check.known(rule.question, questionNames(plan), [...at, 'question'], 'question');
    check.person(rule, at);
  });
  world.interventions.forEach((act, index) => {
    const at: Path = ['world', 'interventions', index];
    check.known(act.at, placeNames(plan), [...at, 'at'], 'step, watch or phase');
    check.person(act, at);
    if (act.for !== undefined && act.does !== 'hold') check.report([...at, 'for'], 'Only a `hold` ends by itself');
  });
  world.faults.forEach((fault, index) => {
    const at: Path = ['world', 'faults', index];
    if (fault.restart !== undefined)
      check.known(fault.restart, placeNames(plan), [...at, 'restart'], 'step, watch or phase');
    if (fault.in !== undefined) check.place(fault.in, [...at, 'in']);
    for (const name of fault.outage ?? [])
      check.known(name, check.sources, [...at, 'outage'], 'metric or kind of source');
  });
  check.expectation(expect);
  return { curves, problems: check.problems };
}

class Check {
  readonly problems: Problem[] = [];
  readonly sources: string[];
  private readonly metrics: Map<string, Metric>;
  private readonly steps;

  constructor(
    private readonly plan: ResolvedPlan,
    private readonly document: PlanDocument | undefined,
  ) {
    this.metrics = metricsOfPlan(plan);
    this.steps = rehearsedSteps(plan);
    this.sources = [
      'all',
      ...new Set([...this.metrics.values()].map(({ source }) => source.kind)),
      ...this.metrics.keys(),
    ];
  }

  report(path: Path, message: string, more: { suggestion?: string; key?: boolean } = {}): void {
    if (!this.document) return;
    const place = more.key ? this.document.locateKey(path) : this.document.locate(path);
    const { suggestion } = more;
    const problem = { path: formatPath(path), ...place, message };
    this.problems.push(suggestion === undefined ? problem : { ...problem, suggestion });
  }

  known(name: string, names: Iterable<string>, path: Path, label: string, key = false): boolean {
    const all = [...names];
    if (all.includes(name)) return true;
    const suggestion = nearest(name, all);
    const list = suggestion === undefined ? `; known: ${all.join(', ')}` : '';
    this.report(path, `The plan has no ${label} \`${name}\`${list}`, { suggestion, key });
    return false;
  }

  place(name: string, path: Path): void {
    const places = [...watchesOf(this.plan).map(({ id }) => id), 'staging', 'production'];
    this.known(name, places, path, 'watch or environment');
  }

  person({ who, role }: { who?: string; role?: string }, at: Path): void {
    const { roster } = deciders(this.plan);
    const person = roster.find(({ id }) => id === who);
    if (who !== undefined)
      this.known(
        who,
        roster.map(({ id }) => id),
        [...at, 'who'],
        'person',
      );
    if (role === undefined) return;
    const isRole = this.known(role, new Set(roster.flatMap(({ roles }) => roles)), [...at, 'role'], 'role');
    if (isRole && person && !person.roles.includes(role)) {
      this.report([...at, 'role'], `${who} does not have the role ${role} (has: ${person.roles.join(', ')})`);
    }
  }

  step(id: string, rule: StepRule): void {
    const at: Path = ['world', 'steps', id];
    if (!this.known(id, this.steps.keys(), at, 'step', true)) return;
    const known = this.steps.get(id);
    if (!known) return;
    if (known.waits) {
      this.report(
        at,
        `\`${id}\` is not made slow or broken here: write metrics, answers or the steps that it is made of`,
        { key: true },
      );
      return;
    }
    if (rule.takes !== undefined && known.quick)
      this.report([...at, 'takes'], 'Is looked at in a moment and cannot last');
    if (rule.exitCode !== undefined && !known.command) {
      this.report(
        [...at, 'exitCode'],
        `Runs no command of its own; write \`fails\` with one of ${known.facts.join(', ')}`,
      );
    }
    for (const fact of rule.fails ?? []) this.known(fact, known.facts, [...at, 'fails'], `fact of \`${id}\` called`);
  }

  /** A curve for every metric that the plan samples, with its quantities in the metric's unit. */
  curves({ world, seed }: AuthoredScenario): Map<string, Curve> {
    for (const name of Object.keys(world.metrics)) {
      this.known(name, this.metrics.keys(), ['world', 'metrics', name], 'sampled metric', true);
    }
    const curves = new Map<string, Curve>();
    for (const metric of this.metrics.values()) {
      const pieces = (world.metrics[metric.name] ?? []).map((piece, index) =>
        this.piece(piece, metric, ['world', 'metrics', metric.name, index]),
      );
      const outages = world.faults.flatMap(({ outage, network, in: place, from, for: lasts }): Piece[] => {
        if (network) return [{ in: place, from, for: lasts, network: true }];
        const isOut = outage?.some((name) => name === 'all' || name === metric.name || name === metric.source.kind);
        return isOut ? [{ in: place, from, for: lasts, providerError: 'the source is away in this scenario' }] : [];
      });
      const normal = healthyValue(metric.unit, boundsOf(this.plan, metric.name));
      curves.set(metric.name, { metric: metric.name, normal, pieces: [...pieces, ...outages], seed });
    }
    return curves;
  }

  private piece(piece: AuthoredPiece, metric: Metric, at: Path): Piece {
    if (piece.in !== undefined) this.place(piece.in, [...at, 'in']);
    const quantities = (part: Record<string, unknown>, from: Path): Record<string, unknown> =>
      Object.fromEntries(
        Object.entries(part).map(([key, value]) => {
          const path = [...from, key];
          if (typeof value === 'object' && value !== null)
            return [key, quantities(value as Record<string, unknown>, path)];
          if (key === 'peak') return [key, timeOfDay(String(value))];
          return [key, TEXTS.has(path.at(at.length)?.toString() ?? '') ? value : this.quantity(value, metric, path)];
        }),
      );
    return quantities(piece, at) as Piece;
  }

  private quantity(value: unknown, { unit, name }: Metric, path: Path): unknown {
    if (typeof value !== 'string') return value;
    const [, number, written = ''] = /^(-?\d+(?:\.\d+)?)\s*(\S*)$/.exec(value.trim()) ?? [];
    const units = isUnit(unit) ? comparableUnits(unit) : [unit];
    const converted =
      number !== undefined && isUnit(written) && isUnit(unit)
        ? convert({ value: Number(number), unit: written }, unit)
        : undefined;
    if (converted !== undefined) return converted;
    this.report(
      path,
      `${JSON.stringify(value)} is no value of \`${name}\`; write a number in ${unit}, or one with ${units.join(', ')}`,
    );
    return 0;
  }

  expectation(expect: AuthoredScenario['expect']): void {
    const at: Path = ['expect'];
    const { plan } = this;
    const { rollback, not } = expect;
    const criteria = criteriaOfPlan(plan);
    const steps = [...this.steps.keys()];
    const questions = questionNames(plan);
    const each = (names: readonly string[] | undefined, key: Path, known: Iterable<string>, label: string) =>
      names?.forEach((name, index) => {
        this.known(name, known, [...at, ...key, index], label);
      });
    if (expect.waiting !== undefined)
      this.known(expect.waiting, [...questions, 'hold'], [...at, 'waiting'], 'question');
    if (rollback?.criterion !== undefined)
      this.known(rollback.criterion, criteria, [...at, 'rollback', 'criterion'], 'criterion');
    if (rollback?.step !== undefined) this.known(rollback.step, steps, [...at, 'rollback', 'step'], 'step');
    expect.told?.forEach(({ event, to }, index) => {
      this.known(event, eventNames, [...at, 'told', index], 'event');
      for (const channel of to ?? []) {
        this.known(
          channel,
          plan.notifications.channels.map(({ id }) => id),
          [...at, 'told', index, 'to'],
          'channel',
        );
      }
    });
    each(expect.questions, ['questions'], questions, 'question');
    for (const id of Object.keys(expect.items ?? {})) {
      this.known(
        id,
        plan.items.map((item) => item.id),
        [...at, 'items', id],
        'item',
        true,
      );
    }
    for (const id of Object.keys(expect.steps ?? {})) this.known(id, steps, [...at, 'steps', id], 'step', true);
    for (const name of Object.keys(expect.criteria ?? {})) this.criterion(name, [...at, 'criteria', name]);
    each(not?.told, ['not', 'told'], eventNames, 'event');
    each(not?.questions, ['not', 'questions'], questions, 'question');
    each(not?.steps, ['not', 'steps'], steps, 'step');
    each(not?.criteria, ['not', 'criteria'], criteria, 'criterion');
    if (not?.rollback && rollback)
      this.report([...at, 'not', 'rollback'], 'A rollback is expected above', { key: true });
  }

  /** `watch-1h/immediate-errors`, or a criterion by itself. */
  private criterion(name: string, path: Path): void {
    const names = watchesOf(this.plan).flatMap(({ id, criteria, trends }) =>
      [...criteria, ...trends].map((criterion) => `${id}/${criterion.id}`),
    );
    this.known(name, name.includes('/') ? names : criteriaOfPlan(this.plan), path, 'criterion', true);
  }
}

/** Keys of a piece that hold no quantity. */
const TEXTS = new Set(['in', 'from', 'for', 'noData', 'notANumber', 'providerError', 'gaps', 'late']);

function timeOfDay(written: string): number {
  const [hours = 0, minutes = 0] = written.split(':').map(Number);
  return (hours * 60 + minutes) * 60_000;
}

/** What the plan's criteria and trends ask of a metric, wherever it is watched. */
function boundsOf(plan: ResolvedPlan, metric: string): Bound[] {
  return watchesOf(plan).flatMap(({ criteria }) =>
    criteria.filter((criterion) => criterion.metric === metric).map(({ breach }) => breach),
  );
}

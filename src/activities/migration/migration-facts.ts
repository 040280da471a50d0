/** What a migration has established, told in facts: always the same ones, whatever has happened. */
import { describeChanges, fingerprint, type SchemaDescription } from '../../adapters/migration/schema-fingerprint.js';
import type { TableStock } from '../../adapters/migration/table-stock.js';
import type { Leftover } from '../../adapters/postgres/catalogue.js';
import { quotable, WITHHELD } from '../../adapters/postgres/quotable.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, unknownFact } from '../../domain/evidence.js';
import type { MigrationTool } from '../../domain/migration/migration-tool.js';
import { onlyRevision, type Revisions } from './revisions.js';

/** What is known of the database at one moment. */
export interface DatabaseState {
  revisions: Revisions;
  /** Of the code; asked before an upgrade when the plan has a command for it. */
  heads?: Revisions;
  schema: SchemaDescription;
  leftovers: Leftover[];
  stock?: TableStock;
}

/** How a migration went. */
export interface MigrationRun {
  tool: MigrationTool;
  kind: 'upgrade' | 'downgrade';
  /** null: no revision. */
  target: string | null;
  /** The upgrade goes to whatever is the newest revision of the code. */
  toHead: boolean;
  /** Longest total time, milliseconds. */
  within?: number;
  /** Nothing was run, and why. */
  refusal?: string;
  /** Without it nothing had to be run. */
  run?: { title: string; failure?: string; milliseconds: number; output: string; notWhole?: string };
  before?: DatabaseState;
  after?: DatabaseState;
}

export function migrationFacts(course: MigrationRun): Fact[] {
  const facts = [ran(course), revision(course), heads(course), warnings(course), schema(course), leftovers(course)];
  if (course.within !== undefined) facts.push(duration(course, course.within));
  if (course.kind === 'upgrade') return facts;
  // On the way back it counts where the database is: neither a warning nor an old leftover makes it wrong.
  return facts.map((fact) =>
    !fact.ok && (fact.name === 'warnings' || fact.name === 'leftovers') ? { ...fact, advisory: true } : fact,
  );
}

/**
 * Why this migration must not be started.
 * @param from the revision that a downgrade is to start from
 */
export function refusalOf(course: MigrationRun & { before: DatabaseState }, from?: string): string | undefined {
  const { before, tool, kind, target, toHead } = course;
  const several = severalHeads(before);
  if (several) return several;
  const at = onlyRevision(before.revisions);
  if (at === undefined) return 'problem' in before.revisions ? before.revisions.problem : 'the revision is not known';
  if (before.heads && 'problem' in before.heads) return before.heads.problem;
  if (tool.same(at, target)) return undefined;
  if (kind === 'downgrade') {
    const here = tool.same(at, from ?? null);
    return here ? undefined : `the database is at ${nameOf(at)}, not at ${from} that this deployment brought it to`;
  }
  const head = onlyRevision(before.heads);
  if (toHead && head !== undefined && !tool.same(head, target)) {
    return `the newest revision of the code is ${nameOf(head)}, not ${target} as the plan says (migration.revision)`;
  }
  return before.leftovers.length > 0 ? describeLeftovers(before.leftovers) : undefined;
}

function ran({ refusal, run, before }: MigrationRun): Fact {
  const fact = (ok: boolean, text: string) => ({ name: 'ran', ok, text });
  if (refusal !== undefined) return fact(false, `nothing was run: ${refusal}`);
  if (!run)
    return fact(true, `the database was already at ${nameOf(onlyRevision(before?.revisions))}; nothing was run`);
  if (run.failure !== undefined) return fact(false, run.failure);
  return fact(true, `${run.title} ended without error after ${formatDuration(run.milliseconds)}`);
}

function revision({ tool, target, before, after, refusal }: MigrationRun): Fact {
  const last = (after ?? before)?.revisions;
  if (!last) return unknownFact('revision', `not known: ${refusal}`);
  if ('problem' in last) return unknownFact('revision', `not known: ${last.problem}`);
  const [was, is] = [onlyRevision(before?.revisions), onlyRevision(last)];
  const ok = is !== undefined && tool.same(is, target);
  const way = after && was !== is ? `${nameOf(was)} → ${nameOf(is)}` : nameOf(is);
  return { name: 'revision', ok, text: `revision ${way}, expected ${nameOf(target)}` };
}

function heads({ before, after, refusal }: MigrationRun): Fact {
  const fact = (ok: boolean, text: string) => ({ name: 'heads', ok, text });
  if (!before) return unknownFact('heads', `not known: ${refusal}`);
  const answers = [before.heads, before.revisions, after?.revisions].filter((answer) => answer !== undefined);
  const problem = answers.find((answer) => 'problem' in answer);
  const several = severalHeads(before) ?? (after && severalHeads(after));
  if (several) return fact(false, several);
  if (problem) return unknownFact('heads', `not known: ${problem.problem}`);
  return before.heads
    ? fact(true, `one head in the code (${nameOf(onlyRevision(before.heads))}) and one revision in the database`)
    : fact(true, 'one revision in the database');
}

function severalHeads({ revisions, heads: code }: DatabaseState): string | undefined {
  for (const [where, answer] of [['code', code] as const, ['database', revisions] as const]) {
    if (answer && 'found' in answer && answer.found.length > 1) {
      return `the ${where} has ${answer.found.length} heads (${answer.found.join(', ')}); one is required`;
    }
  }
  return undefined;
}

function warnings({ tool, run, refusal }: MigrationRun): Fact {
  const fact = (ok: boolean, text: string) => ({ name: 'warnings', ok, text });
  if (!run) return fact(refusal === undefined, 'nothing was run');
  const lines = tool.warnings(run.output);
  if (lines.length > 0) {
    // Only among all lines is it seen that one is part of a row or of a statement.
    const [shown = WITHHELD] = tool.warnings(quotable(run.output, undefined, run.notWhole !== undefined));
    return fact(false, `${lines.length} warnings: ${shown.slice(0, 300)}`);
  }
  if (run.notWhole !== undefined) return unknownFact('warnings', `whether it warns is not known: ${run.notWhole}`);
  const ended = run.failure === undefined;
  return fact(ended, `no warnings in the output${ended ? '' : ' up to the failure'}`);
}

function schema({ run, before, after, refusal }: MigrationRun): Fact {
  const fact = (ok: boolean, text: string) => ({ name: 'schema', ok, text });
  if (!before || !after) {
    const known = before ? `schema ${short(before)}; ` : '';
    return fact(false, `${known}nothing was run${before ? '' : `: ${refusal}`}`);
  }
  const changes = describeChanges(before.schema, after.schema);
  const text = changes ? `${changes}; schema ${short(before)} → ${short(after)}` : `schema ${short(before)}, unchanged`;
  const failed = run?.failure !== undefined;
  return fact(!failed || changes === '', failed && changes ? `the failed migration has left changes: ${text}` : text);
}

function leftovers({ before, after, refusal }: MigrationRun): Fact {
  const seen = after ?? before;
  if (!seen) return unknownFact('leftovers', `not known: ${refusal}`);
  const found = seen.leftovers;
  const text = found.length === 0 ? 'no invalid index in the database' : describeLeftovers(found);
  return { name: 'leftovers', ok: found.length === 0, text };
}

function describeLeftovers(found: Leftover[]): string {
  const invalid = found.filter(({ builtBy }) => builtBy === null);
  const building = found.filter(({ builtBy }) => builtBy !== null);
  const parts = building.map(
    ({ name: index, builtBy }) => `${index} is being built by process ${builtBy}: wait for it`,
  );
  if (invalid.length > 0) {
    const names = invalid.map(({ name: index, table }) => `${index} on ${table}`).join(', ');
    const remove = invalid.map(({ name: index }) => `DROP INDEX CONCURRENTLY ${index};`).join(' ');
    parts.unshift(`invalid indexes, left by a concurrent build that failed: ${names}. Remove them by: ${remove}`);
  }
  return parts.join('; ');
}

function duration({ run, refusal }: MigrationRun, within: number): Fact {
  const fact = (ok: boolean, text: string) => ({ name: 'duration', ok, text });
  if (!run) return fact(refusal === undefined, 'nothing was run');
  const text = `${(run.milliseconds / 1_000).toFixed(1)} s (longest ${within / 1_000} s)`;
  if (run.failure !== undefined) return fact(false, `failed after ${text}`);
  return fact(run.milliseconds <= within, text);
}

export const short = (state: DatabaseState): string => fingerprint(state.schema).slice(0, 12);

/** A revision for people; null: none yet, undefined: not known. */
export const nameOf = (revision: string | null | undefined): string =>
  revision === undefined ? 'an unknown revision' : (revision ?? 'no revision');

/** What is wrong with a plan, said so that the author can put it right: where, what, and what was probably meant. */

export type Path = readonly (string | number)[];

export interface Problem {
  /** The file as the caller named it. */
  file: string;
  /** The place inside the file: `criteria.errors-immediate.breach`, `watches[0].tick`; empty for the file itself. */
  path: string;
  /** Both count from 1. */
  line: number;
  column: number;
  message: string;
  /** The known name nearest to the unknown one. */
  suggestion?: string;
}

/** A plan or bindings file that can't be used, with every problem found in it. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const ordered = inReadingOrder(problems);
    super(formatProblems(ordered));
    this.problems = ordered;
  }
}

/** One line a problem, grouped by file in the order the files came: `plan.yaml:42:7  criteria.errors.breach  …`. */
export function formatProblems(problems: readonly Problem[]): string {
  return inReadingOrder(problems).map(formatProblem).join('\n');
}

export function formatProblem({ file, path, line, column, message, suggestion }: Problem): string {
  const place = `${file}:${line}:${column}`;
  const hint = suggestion === undefined ? '' : ` (did you mean \`${suggestion}\`?)`;
  return [place, path, `${message}${hint}`].filter((part) => part !== '').join('  ');
}

export function formatPath(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

function inReadingOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  return [...problems].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}

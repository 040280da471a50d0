/** What a page and its network say, in lines for the evidence: a page may say anything, at any length, for ever. */
import { shortened } from '../../domain/shortened.js';

const MOST_LINES = 1_000;
/** Characters of a line: kept until the secrets are known, and then shown. A secret that is cut in two is not found. */
const LONGEST_KEPT = 8_000;
const LONGEST_SHOWN = 1_000;

export class PageLog {
  /** Errors of scripts and of the console, and requests that failed, so far. */
  readonly problems: { count: number; first?: string } = { count: 0 };
  private readonly lines: string[] = [];
  private readonly leftOut = { lines: 0, problems: 0 };

  note(line: string, isProblem: boolean): void {
    const kept = shortened(line, LONGEST_KEPT);
    if (isProblem) {
      this.problems.count += 1;
      this.problems.first ??= kept;
    }
    if (this.lines.length < MOST_LINES) this.lines.push(kept);
    else {
      this.leftOut.lines += 1;
      this.leftOut.problems += isProblem ? 1 : 0;
    }
  }

  /** @param clean what takes secrets out of a text */
  text(clean: (line: string) => string): string {
    const { lines, problems } = this.leftOut;
    const rest = lines === 0 ? [] : [`(${lines} more lines are left out, ${problems} of them problems)`];
    return [...this.lines.map((line) => shortened(clean(line), LONGEST_SHOWN)), ...rest, ''].join('\n');
  }
}

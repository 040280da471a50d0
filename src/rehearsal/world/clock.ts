/**
 * The rehearsal's own time. Time that the server skips is exact, but between two jumps the wall clock goes on: what
 * the machine needs for its work would be seen in every figure, and be different each time. This clock knows when time
 * was skipped on purpose, and leaves the machine's own time out.
 */

/** Two things that happen within less than this of each other happen at the same moment. */
const OWN = 60_000;

export class WorldClock {
  /** Moments of which both times are known, in their order. */
  private marks: { workflow: number; own: number }[] = [];
  private rebased: number | undefined = 0;
  /** The latest moment that anything has happened at. */
  latest = 0;

  /** The own time of something that happens at this workflow time. */
  observe(workflow: number): number {
    if (this.rebased !== undefined) {
      this.marks = [{ workflow, own: this.rebased }];
      this.rebased = undefined;
    }
    const own = this.at(workflow);
    // What the machine needed so far is forgotten: it must not add up.
    this.mark(workflow, own);
    this.latest = Math.max(this.latest, own);
    return own;
  }

  /** The own time that belongs to a workflow time, without anything happening. */
  at(workflow: number): number {
    const mark = this.marks.findLast((candidate) => candidate.workflow <= workflow) ?? this.marks[0];
    if (!mark) return this.latest;
    const passed = Math.max(workflow - mark.workflow, 0);
    return mark.own + Math.floor(passed / OWN) * OWN;
  }

  /** Something is going to happen, or has happened, at exactly this moment. */
  mark(workflow: number, own: number): void {
    const place = this.marks.findLastIndex((candidate) => candidate.workflow <= workflow) + 1;
    this.marks.splice(place, 0, { workflow, own });
  }

  /** Something has happened at this own time. */
  reach(own: number): void {
    this.latest = Math.max(this.latest, own);
  }

  /** Workflow times begin anew: the next one is this moment. */
  rebase(own: number): void {
    this.rebased = own;
    this.reach(own);
  }
}

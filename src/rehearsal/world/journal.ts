/** What happens in a rehearsal, in its own time. */
import type { DecisionKind } from '../../domain/ledger/decision-kinds.js';
import { STEPS } from '../../domain/steps.js';

export interface JournalEntry {
  /** Milliseconds since the start. */
  at: number;
  what:
    | 'asked'
    | 'decided'
    | 'refused'
    | 'told'
    | 'breaching'
    | 'recovered'
    | 'met'
    | 'step'
    | 'rollback'
    | 'fault'
    | 'opening'
    | 'ended';
  text: string;
  /** For `told`: the event and the channel. */
  event?: string;
  channel?: string;
  /** For `asked` and `decided`: the question's ID and kind. */
  question?: string;
  kind?: string;
  /** For `decided`. */
  decision?: DecisionKind;
  /** For `step`: its place among the steps. */
  place?: number;
}

/**
 * Where in a moment something stands, whichever came first on this machine: what led to a step's end before it, the
 * step by its place, what follows from all steps after them.
 */
const PLACES: Record<JournalEntry['what'], number> = {
  fault: -4,
  opening: -3,
  breaching: -2,
  recovered: -2,
  met: -1,
  step: 0,
  asked: -0.3,
  decided: -0.2,
  refused: -0.2,
  rollback: 10_000,
  told: 20_000,
  ended: 30_000,
};

export class Journal {
  private readonly entries: JournalEntry[] = [];
  /** When something was last done for a step. */
  private readonly reaches = new Map<string, number>();

  add(entry: JournalEntry): JournalEntry {
    this.entries.push(entry);
    return entry;
  }

  reached(step: string, at: number): void {
    this.reaches.set(step, Math.max(at, this.reaches.get(step) ?? 0));
  }

  /** When the step, or a part of it, last did something. */
  lastOf(step: string): number | undefined {
    const isPart = (id: string) => step === STEPS.reversibility.id && id.startsWith(`${step}.`);
    const times = [...this.reaches].flatMap(([id, at]) => (id === step || isPart(id) ? [at] : []));
    return times.length > 0 ? Math.max(...times) : undefined;
  }

  /** @param placeOf the place of a question's step among all steps */
  all(more: readonly JournalEntry[] = [], placeOf: (question: string) => number = () => 0): JournalEntry[] {
    const place = ({ what, place: own = 0, question }: JournalEntry) =>
      PLACES[what] + (question === undefined ? own : placeOf(question));
    return [...this.entries, ...more].sort(
      (one, other) =>
        one.at - other.at || place(one) - place(other) || (one.text < other.text ? -1 : one.text > other.text ? 1 : 0),
    );
  }
}

/**
 * The series that a worker writes: no store, however slow, keeps a watch from seeing. What the store does not take is kept
 * in memory up to a bound; where something is lost beyond that, the series says what.
 */
import type { EvidencePlace } from '../../../contract/activities/step.js';
import { type Lost, lostLine, lostWith } from '../../../domain/watch/lost-lines.js';
import { appendEvidence, evidenceFile } from '../../evidence/evidence-store.js';
import { seriesPath } from './series.js';

/** How long a tick waits for the store, milliseconds: well within the moment that its samples may take. */
const SOON = 500;

/** The most that is kept of one series, characters: a day at a tick a minute, with a handful of metrics. */
const MOST_KEPT = 512 * 1024;

/** The lines of one series that the store has not taken yet, oldest first. */
interface Unwritten {
  lines: string[];
  /** Of all of them, characters. */
  size: number;
  /** What was before them. */
  lost?: Lost;
  writing?: Promise<void>;
}

interface Series {
  monitor: string;
  evidence: EvidencePlace;
}

export class SeriesWriter {
  private readonly unwritten = new Map<string, Unwritten>();

  constructor(private readonly most = MOST_KEPT) {}

  /**
   * Adds a line; what the store does not take soon, or refuses, is kept and written with the next one.
   * @returns how many lines of the series are lost so far, because there was no room for more
   */
  async add(series: Series, line: string): Promise<number> {
    const unwritten = this.of(series);
    unwritten.lines.push(line);
    unwritten.size += line.length;
    const written = this.write(series, unwritten).catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const soon = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SOON);
    });
    await Promise.race([written, soon]);
    clearTimeout(timer);
    makeRoom(unwritten, this.most);
    return unwritten.lost?.ticks ?? 0;
  }

  /** Writes what was kept. @throws what the store refuses it with */
  async flush(series: Series): Promise<void> {
    await this.write(series, this.of(series));
  }

  private of({ evidence, monitor }: Series): Unwritten {
    const key = evidenceFile(evidence, seriesPath(monitor));
    const unwritten = this.unwritten.get(key) ?? { lines: [], size: 0 };
    this.unwritten.set(key, unwritten);
    return unwritten;
  }

  private write(series: Series, unwritten: Unwritten): Promise<void> {
    unwritten.writing ??= append(series, unwritten).finally(() => {
      unwritten.writing = undefined;
    });
    return unwritten.writing;
  }
}

/** The oldest go: a watch is judged by its last ones. */
function makeRoom(unwritten: Unwritten, most: number): void {
  const { lines } = unwritten;
  while (unwritten.size > most && lines.length > 1) {
    const line = lines.shift() ?? '';
    unwritten.size -= line.length;
    unwritten.lost = lostWith(unwritten.lost, line);
  }
}

async function append({ evidence, monitor }: Series, unwritten: Unwritten): Promise<void> {
  while (unwritten.lines.length > 0) {
    const { lines, lost, size } = unwritten;
    // What is in the store's hands is no longer among what may be lost.
    Object.assign(unwritten, { lines: [], lost: undefined, size: 0 });
    try {
      await appendEvidence(evidence, seriesPath(monitor), [...(lost ? [lostLine(lost)] : []), ...lines].join('\n'));
    } catch (error) {
      const since = unwritten.lost ? [lostLine(unwritten.lost)] : [];
      unwritten.lines.unshift(...lines, ...since);
      Object.assign(unwritten, { lost, size: unwritten.size + size });
      throw error;
    }
  }
}

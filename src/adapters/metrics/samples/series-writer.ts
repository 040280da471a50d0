/** The series that a worker writes: no store, however slow, keeps a watch from seeing. */
import type { EvidencePlace } from '../../../contract/activities/step.js';
import { appendEvidence, evidenceFile } from '../../evidence/evidence-store.js';
import { seriesPath } from './series.js';

/** How long a tick waits for the store, milliseconds: well within the moment that its samples may take. */
const SOON = 500;

/** The lines of one series that the store has not taken yet, oldest first. */
interface Unwritten {
  lines: string[];
  writing?: Promise<void>;
}

interface Series {
  monitor: string;
  evidence: EvidencePlace;
}

export class SeriesWriter {
  private readonly unwritten = new Map<string, Unwritten>();

  /** Adds a line; what the store does not take soon, or refuses, is kept and written with the next one. */
  async add(series: Series, line: string): Promise<void> {
    const unwritten = this.of(series);
    unwritten.lines.push(line);
    const written = this.write(series, unwritten).catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const soon = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SOON);
    });
    await Promise.race([written, soon]);
    clearTimeout(timer);
  }

  /** Writes what was kept. @throws what the store refuses it with */
  async flush(series: Series): Promise<void> {
    await this.write(series, this.of(series));
  }

  private of({ evidence, monitor }: Series): Unwritten {
    const key = evidenceFile(evidence, seriesPath(monitor));
    const unwritten = this.unwritten.get(key) ?? { lines: [] };
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

async function append({ evidence, monitor }: Series, { lines }: Unwritten): Promise<void> {
  while (lines.length > 0) {
    const now = [...lines];
    await appendEvidence(evidence, seriesPath(monitor), now.join('\n'));
    lines.splice(0, now.length);
  }
}

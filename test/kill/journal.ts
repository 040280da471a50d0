/** What the commands of a small target write down of themselves, and what is wrong with it. */

/** The beginning or the end of one command. */
export interface Entry {
  what: 'begin' | 'end';
  pid: number;
  /** `production.deploy` */
  step: string;
  generation: number;
  /** `production deploy v2.0.0` */
  command: string;
}

export interface Damage {
  /** What the undisturbed run has done and this one has not, or not to its end. */
  lost: string[];
  /** What began twice for one step and generation; where nobody had anything begun anew, more often than undisturbed. */
  doubled: string[];
  /** What began while another command ran. */
  overlapping: string[];
}

const LINE = /^(begin|end) (\d+) ([^/ ]+)\/(\d+)\/\S+ (.+)$/;

export function readJournal(text: string): Entry[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, what, pid, step, generation, command] = LINE.exec(line) ?? [];
      if (!step || !command) throw new Error(`the journal has a line that no command writes: ${line}`);
      return { what: what as Entry['what'], pid: Number(pid), step, generation: Number(generation), command };
    });
}

/**
 * Holds a run against the undisturbed one.
 * @param isAnew people had something begun anew, of which nobody knew how it had ended
 */
export function damageOf(undisturbed: readonly Entry[], disturbed: readonly Entry[], isAnew = false): Damage {
  const begun = disturbed.filter(({ what }) => what === 'begin');
  const ended = disturbed.filter(({ what }) => what === 'end');
  const wanted = undisturbed.filter(({ what }) => what === 'begin');
  const times = count(wanted.map(nameOf));
  const again = isAnew ? [] : [...count(begun.map(nameOf))].filter(([name, often]) => often > (times.get(name) ?? 0));
  const sameStep = [...count(begun.map(generationOf))].filter(([, often]) => often > 1);
  const missing = [...times.keys()].filter((name) => !ended.some((entry) => nameOf(entry) === name));
  const unended = begun.filter(({ pid, step }) => !ended.some((end) => end.pid === pid && end.step === step));
  return {
    lost: [...new Set([...missing, ...unended.map(nameOf)])],
    doubled: [...new Set([...again, ...sameStep].map(([name]) => name))],
    overlapping: overlaps(disturbed),
  };
}

const nameOf = ({ step, command }: Entry): string => `${step}: ${command}`;
const generationOf = (entry: Entry): string => `${nameOf(entry)} (generation ${entry.generation})`;

function count(names: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function overlaps(entries: readonly Entry[]): string[] {
  const running = new Map<number, string>();
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.what === 'end') {
      running.delete(entry.pid);
      continue;
    }
    for (const other of running.values()) found.push(`${nameOf(entry)} beside ${other}`);
    running.set(entry.pid, nameOf(entry));
  }
  return found;
}

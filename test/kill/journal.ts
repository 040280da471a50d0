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
  /** What began twice for one step and generation, or more often than undisturbed, as far as people's answers don't tell why. */
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
 * What people have said of commands of which nobody knew how they had ended: nothing, as they were not asked; that they are
 * done, of which nobody has then recorded what they changed; or that something is begun anew.
 */
export type Answered = 'nothing' | 'done' | 'anew';

/**
 * Holds a run against the undisturbed one.
 *
 * Where people have said that something is done, what the undisturbed run does not do at all is no damage: an upgrade of
 * staging that nobody has recorded is undone and made once more, in steps of their own, before it is proven.
 */
export function damageOf(
  undisturbed: readonly Entry[],
  disturbed: readonly Entry[],
  answered: Answered = 'nothing',
): Damage {
  const begun = disturbed.filter(({ what }) => what === 'begin');
  const ended = disturbed.filter(({ what }) => what === 'end');
  const wanted = undisturbed.filter(({ what }) => what === 'begin');
  const times = count(wanted.map(nameOf));
  const mayBegin = (name: string) => answered === 'anew' || (answered === 'done' && !times.has(name));
  const again = [...count(begun.map(nameOf))].filter(
    ([name, often]) => often > (times.get(name) ?? 0) && !mayBegin(name),
  );
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

/** A whole terminal for as long as something is shown on it; afterwards it is as it was, however that ended. */
import pc from './colors.js';

/** As terminals have been since there are any: where nobody says how large one is. */
const USUAL = { columns: 80, rows: 24 };

/** The alternate screen without a cursor, in which a line that is full does not go on in the next. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const TO_END_OF_LINE = '\u001b[K';
const TO_END_OF_SCREEN = '\u001b[J';

export interface TerminalScreen {
  /** What it is like at this moment: it can be made larger and smaller. */
  style(): { columns: number; rows: number; colors: typeof pc; isUnicode: boolean };
  /** Shows these lines and nothing else. */
  draw(lines: readonly string[]): void;
  /** Leaves it; once is enough. */
  close(): void;
}

/** Whether a whole terminal can be drawn on: one that is there, and knows how to move its cursor. */
export const hasScreen = ({ TERM }: NodeJS.ProcessEnv = process.env): boolean =>
  process.stdout.isTTY === true && TERM !== 'dumb';

/** By the locale, as programs find it (POSIX): the first of these that says something says it all. */
export const showsUnicode = ({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv = process.env): boolean =>
  /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');

/** @param again draws once more: it has another size, or is there again after it was left for a while (Ctrl-Z) */
export function openScreen(again: () => void): TerminalScreen {
  const { stdout } = process;
  let isOpen = false;
  const enter = () => {
    isOpen = true;
    stdout.write(ENTER);
  };
  const leave = () => {
    if (isOpen) stdout.write(LEAVE);
    isOpen = false;
  };
  const stop = () => {
    leave();
    process.kill(process.pid, 'SIGSTOP');
  };
  const back = () => {
    enter();
    again();
  };
  // An end that nobody has foreseen, too: what Node says of it is to be read.
  const listeners = [
    ['exit', leave],
    ['uncaughtExceptionMonitor', leave],
    ['SIGTSTP', stop],
    ['SIGCONT', back],
  ] as const;
  for (const [event, listener] of listeners) process.on(event, listener);
  stdout.on('resize', again);
  enter();
  return {
    style: () => ({
      columns: stdout.columns || USUAL.columns,
      rows: stdout.rows || USUAL.rows,
      colors: pc,
      isUnicode: showsUnicode(),
    }),
    draw(lines) {
      if (!isOpen) return;
      stdout.write(HOME + lines.map((line) => line + TO_END_OF_LINE).join('\r\n') + TO_END_OF_SCREEN);
    },
    close() {
      for (const [event, listener] of listeners) process.off(event, listener);
      stdout.off('resize', again);
      leave();
    },
  };
}

/** A program at a terminal of its own (a pseudo-terminal), and what a person sees there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { eventually } from '../activities/support.js';

/** Relays: standard input are orders, one JSON value a line; standard output is what the program writes. */
const RELAY = `
import fcntl, json, os, pty, select, signal, struct, sys, termios
rows, columns = int(sys.argv[1]), int(sys.argv[2])
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
resize(rows, columns)
orders = b''
sources = [terminal, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if terminal in ready:
        try:
            written = os.read(terminal, 65536)
        except OSError:
            break
        if not written:
            break
        os.write(1, written)
    elif 0 in ready:
        read = os.read(0, 65536)
        if not read:
            sources = [terminal]
            continue
        orders += read
        *whole, orders = orders.split(b'\\n')
        for each in whole:
            order = json.loads(each)
            if 'typed' in order:
                os.write(terminal, order['typed'].encode())
            elif 'signal' in order:
                os.kill(child, getattr(signal, order['signal']))
            else:
                resize(*order['size'])
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 0xff)
`;

export interface PseudoTerminal {
  /** What stands there now, row by row; nothing trails. */
  rows(): string[];
  /** Which of its two screens is shown, and whether its cursor is. */
  state(): { isAlternate: boolean; hasCursor: boolean };
  /** All that was written, as it was. */
  raw(): string;
  /** Waits for a text to stand there. */
  shows(text: string | RegExp, within?: number): Promise<void>;
  type(text: string): void;
  resize(rows: number, columns: number): void;
  send(signal: NodeJS.Signals): void;
  /** The exit code. */
  ended: Promise<number | null>;
}

export const CTRL_C = '\u0003';
export const CTRL_D = '\u0004';

export function atTerminal(
  command: readonly [string, ...string[]],
  {
    rows = 24,
    columns = 80,
    environment = {},
  }: { rows?: number; columns?: number; environment?: NodeJS.ProcessEnv } = {},
): PseudoTerminal {
  const child: ChildProcess = spawn('python3', ['-c', RELAY, String(rows), String(columns), ...command], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin?.on('error', () => {});
  let raw = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    raw += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const order = (value: unknown) => void child.stdin?.write(`${JSON.stringify(value)}\n`);
  const size = { rows, columns };
  const terminal: PseudoTerminal = {
    rows: () => shownBy(raw, size).lines,
    state: () => shownBy(raw, size),
    raw: () => raw,
    async shows(text, within = 30_000) {
      const isThere = () => {
        const shown = terminal.rows().join('\n');
        return typeof text === 'string' ? shown.includes(text) : text.test(shown);
      };
      await eventually(`the terminal shows ${text}:\n${terminal.rows().join('\n')}`, isThere, within).catch(() => {
        throw new Error(`the terminal does not show ${text}, but:\n${terminal.rows().join('\n')}`);
      });
    },
    type: (text) => order({ typed: text }),
    resize(newRows, newColumns) {
      Object.assign(size, { rows: newRows, columns: newColumns });
      order({ size: [newRows, newColumns] });
    },
    send: (signal) => order({ signal }),
    ended,
  };
  return terminal;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals are moved by
const CONTROL = /^\u001b\[([?>]?)([\d;]*)([A-Za-z])/;

/** What stands on a terminal after all of that was written. @throws on what moves it otherwise than known here */
function shownBy(raw: string, { rows, columns }: { rows: number; columns: number }) {
  let screen: string[][] = [];
  let main: string[][] = [];
  let [row, column] = [0, 0];
  let [isAlternate, hasCursor, wraps] = [false, true, true];
  const lineAt = (index: number): string[] => {
    while (screen.length <= index) screen.push([]);
    return screen[index] as string[];
  };
  for (let at = 0; at < raw.length; ) {
    const sign = raw[at] as string;
    if (sign === '\u001b') {
      const [sequence, mark, numbers = '', letter] = CONTROL.exec(raw.slice(at)) ?? [];
      // Cut off: the rest is still on its way.
      if (sequence === undefined) {
        if (raw.length - at > 16) throw new Error(`unknown: ${JSON.stringify(raw.slice(at, at + 16))}`);
        break;
      }
      at += sequence.length;
      const [first = 0, second = 0] = numbers.split(';').map(Number);
      if (mark === '?' && first === 1049) {
        isAlternate = letter === 'h';
        if (isAlternate) main = screen;
        screen = isAlternate ? [] : main;
        [row, column] = isAlternate ? [0, 0] : [main.length, 0];
      } else if (mark === '?' && first === 25) hasCursor = letter === 'h';
      else if (mark === '?' && first === 7) wraps = letter === 'h';
      else if (mark === '?' && first === 2004) continue;
      else if (letter === 'H') [row, column] = [Math.max(first - 1, 0), Math.max(second - 1, 0)];
      else if (letter === 'K') lineAt(row).splice(column);
      else if (letter === 'J') {
        lineAt(row).splice(column);
        screen.splice(row + 1);
      } else if (letter === 'G') column = Math.max(first - 1, 0);
      else if (letter === 'C') column += Math.max(first, 1);
      else if (letter === 'D') column = Math.max(column - Math.max(first, 1), 0);
      else if (letter === 'A') row = Math.max(row - Math.max(first, 1), 0);
      else if (letter === 'B') row += Math.max(first, 1);
      else if (letter !== 'm') throw new Error(`unknown: ${JSON.stringify(sequence)}`);
      continue;
    }
    const [next = ''] = raw.slice(at, at + 2);
    at += next.length;
    if (next === '\r') column = 0;
    else if (next === '\n') row += 1;
    else if (next === '\b') column = Math.max(column - 1, 0);
    else if (next !== '\u0007') {
      if (column >= columns && wraps) [row, column] = [row + 1, 0];
      const line = lineAt(row);
      while (line.length < column) line.push(' ');
      line[Math.min(column, columns - 1)] = next;
      column += 1;
    }
    if (isAlternate && row >= rows) {
      screen.splice(0, row - rows + 1);
      row = rows - 1;
    }
  }
  return { lines: screen.map((line) => line.join('').trimEnd()), isAlternate, hasCursor };
}

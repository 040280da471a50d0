/** What ends a command that goes on until somebody ends it: Ctrl-C, a supervisor, or a terminal that goes away. */

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Works until it is done or interrupted; the work's own signal is aborted then, and whatever it started is its to stop.
 * The listeners stay until the work has ended, also after the first signal: without one, a second Ctrl-C would end this
 * process in the middle of stopping, and so would a library that passes signals on when it finds nobody else listening.
 * @param again what a further signal does; nothing when left out
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, again?: () => void): Promise<T> {
  const interrupted = new AbortController();
  const stop = () => (interrupted.signal.aborted ? again?.() : interrupted.abort(new Error('interrupted')));
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

import { Context } from '@temporalio/activity';

/**
 * Runs work with a heartbeat every second, so that cancellation arrives and a dead worker is noticed. Details are what
 * the Web UI shows of it. @returns what the work returns
 */
export async function whileAlive<T>(work: (signal: AbortSignal) => Promise<T>, details?: () => unknown): Promise<T> {
  const context = Context.current();
  // A local activity has no heartbeat: the SDK would warn of each.
  const beat = () => {
    if (!context.info.isLocal) context.heartbeat(details?.());
  };
  beat();
  const timer = setInterval(beat, 1_000);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    // However the work noticed it (an aborted request, a broken sleep), a cancellation is reported as one.
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

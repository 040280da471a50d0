import type { Ledger } from '../domain/ledger/ledger.js';
import { stillRollsBack } from '../domain/ledger/left-behind.js';
import type { WatchProgress } from './messages.js';

/**
 * The ledger with the progress of the watches that are running: the deployment itself hears of a watch at its end.
 * @param ask asks a watch's workflow; one that does not answer (it has just ended, no worker) stays as the ledger has it
 */
export async function withProgress(
  ledger: Ledger,
  ask: (workflowId: string) => Promise<WatchProgress | undefined>,
): Promise<Ledger> {
  const monitors = await Promise.all(
    ledger.monitors.map(async (monitor) => {
      if (monitor.endedAt !== undefined || ledger.outcome) return monitor;
      const progress = await ask(monitor.workflowId).catch(() => undefined);
      if (!progress) return monitor;
      const { ticks, samples, criteria, endsAt, now } = progress;
      return { ...monitor, ticks, samples, criteria, endsAt, now };
    }),
  );
  return { ...ledger, monitors };
}

/**
 * The same with how far its work is: that of the step that runs, or of the rollback.
 * @param work tells it of the deployment itself, or of the rollback with this ID
 */
export async function withWork(
  ledger: Ledger,
  work: (rollback?: string) => Promise<string | undefined>,
): Promise<Ledger> {
  const { rollback, steps } = ledger;
  if (rollback && stillRollsBack(ledger)) {
    const progress = await work(rollback.workflowId);
    return progress === undefined ? ledger : { ...ledger, rollback: { ...rollback, progress } };
  }
  const running = steps.findLast(({ state }) => state === 'running');
  const progress = running && (await work());
  if (progress === undefined) return ledger;
  return { ...ledger, steps: steps.map((step) => (step === running ? { ...step, progress } : step)) };
}

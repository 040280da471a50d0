/** What shows that a release runs, where an application may have no version. */
import type { HealthReading } from './application.js';

/**
 * `told`: the application says its version. `command`: a command knows it. `start`: it was started since the deploy
 * began. Undefined: nothing but the end of the deploy command says so.
 */
export function proofOfRelease(reading: HealthReading | undefined): 'told' | 'command' | 'start' | undefined {
  const { version = 'told', startedAt } = reading ?? {};
  if (version === 'none') return startedAt ? 'start' : undefined;
  return version !== 'told' && 'runs' in version ? 'command' : 'told';
}

/** Whether it can be asked at any time which release runs: a start says only that it is another process than before. */
export const tellsRelease = (reading: HealthReading | undefined): boolean =>
  ['told', 'command'].includes(proofOfRelease(reading) ?? '');

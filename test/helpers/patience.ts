import { onTestFinished } from 'vitest';

const USUAL = { answer: 10_000, whole: 30_000, pause: 10 };

/** How long activities under test wait for others, milliseconds: long enough for a machine that is busy. */
export const patience = { ...USUAL };

/** For one test, about a service that never answers: nobody wants to wait for it. */
export function hurry(): void {
  Object.assign(patience, { answer: 200, whole: 2_000 });
  onTestFinished(() => void Object.assign(patience, USUAL));
}

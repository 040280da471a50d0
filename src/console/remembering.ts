/** Answers that hold for a while: who asks in the meantime waits for the same one. */

export interface Remembering<Value> {
  (key: string): Promise<Value>;
  forget(key: string): void;
}

/**
 * @param limits.for milliseconds that an answer holds; for good where it is left out
 * @param limits.most answers that are kept: the oldest goes first
 */
export function remembering<Value>(
  ask: (key: string) => Promise<Value>,
  limits: { for?: number; most?: number },
): Remembering<Value> {
  const { for: holds = Number.POSITIVE_INFINITY, most = 50 } = limits;
  const known = new Map<string, { answer: Promise<Value>; until: number }>();
  const remember = (key: string): Promise<Value> => {
    const found = known.get(key);
    if (found && Date.now() < found.until) return found.answer;
    const answer = ask(key);
    const entry = { answer, until: Number.POSITIVE_INFINITY };
    known.delete(key);
    known.set(key, entry);
    // It holds from when it is there. A failure is no answer: the next who asks tries again.
    answer.then(
      () => {
        entry.until = Date.now() + holds;
      },
      () => {
        if (known.get(key) === entry) known.delete(key);
      },
    );
    for (const oldest of known.keys()) if (known.size > most) known.delete(oldest);
    return answer;
  };
  return Object.assign(remember, { forget: (key: string) => void known.delete(key) });
}

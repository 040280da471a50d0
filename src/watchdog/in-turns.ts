/** So much is asked, or told, at a time. */
const AT_ONCE = 16;

/** Some of them at a time. */
export async function inTurns<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const waiting = [...all];
  const one = async () => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) await work(each);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

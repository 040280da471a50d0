/** In the place of `src/workflows/common/patience.ts`: nobody waits minutes for a test. */
export const NOT_SERVED_AFTER = 3_000;

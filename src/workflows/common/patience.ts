/** How long a command waits for its runner before people hear of it. */

/** A worker that is started again takes seconds; what nobody has taken by then, nobody serves. Milliseconds. */
export const NOT_SERVED_AFTER = 120_000;

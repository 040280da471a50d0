/** The words of any thrown thing. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

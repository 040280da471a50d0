/** The failure that the others only wrap: activities, updates and gRPC carry what matters in their causes. */
export function innermostOf(error) {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost;
}
/** The words of any thrown thing. */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

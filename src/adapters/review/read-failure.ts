/** What was asked could not be read, neither in the repository nor where reviews are kept. The message is for people. */
export class ReadFailure extends Error {
  override name = 'ReadFailure';
}

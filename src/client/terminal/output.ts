/** Where the CLI writes: results on stdout, everything else on stderr. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);
export const note = (text: string): void => void process.stderr.write(`${text}\n`);
/** The one JSON document of a command called with `--json`. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

/** Wraps a command's work, which comes back with its exit code, for commander. */
export const exiting =
  <A extends unknown[]>(work: (...args: A) => Promise<number>) =>
  async (...args: A): Promise<void> => {
    process.exitCode = await work(...args);
  };

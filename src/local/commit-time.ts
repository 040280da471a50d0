import { execa } from 'execa';

/**
 * When a commit was made, by a clone that has it.
 * @returns epoch milliseconds; undefined where the clone does not have it
 */
export async function commitTime(clone: string, commit: string): Promise<number | undefined> {
  if (!/^[0-9a-f]{7,64}$/.test(commit)) return undefined;
  const { stdout, failed } = await execa(
    'git',
    ['-C', clone, 'show', '--no-patch', '--format=%ct', `${commit}^{commit}`],
    {
      reject: false,
      timeout: 20_000,
    },
  );
  return failed || !/^\d+$/.test(stdout) ? undefined : Number(stdout) * 1_000;
}

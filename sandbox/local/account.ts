import { execa } from 'execa';
import { SandboxError } from '../../src/local/errors.js';

/** An account of the operating system to run a service as. */
export type Account = { name: string; uid: number; gid: number };

/**
 * Whom PostgreSQL runs as: undefined (ourselves) for an ordinary user; for root, which PostgreSQL refuses, the account
 * `postgres`, or `nobody`.
 * @throws SandboxError `no-unprivileged-account` for root on a machine with neither.
 */
export async function unprivilegedAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)]);
    if (uid !== undefined && gid !== undefined && uid !== 0) return { name, uid, gid };
  }
  throw new SandboxError(
    'no-unprivileged-account',
    'PostgreSQL does not run as root, and there is no account postgres or nobody',
    {
      hint: 'Run surefoot as an ordinary user, or add an account: `useradd --system postgres`.',
    },
  );
}

async function idOf(flag: '-u' | '-g', name: string): Promise<number | undefined> {
  const { stdout, failed } = await execa('id', [flag, name], { reject: false });
  const id = Number.parseInt(stdout, 10);
  return failed || Number.isNaN(id) ? undefined : id;
}

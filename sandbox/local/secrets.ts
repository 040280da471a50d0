import { randomBytes } from 'node:crypto';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The path of a secret's file (mode 0600), which is made with a random value the first time. */
export async function ensureSecret(
  folder: string,
  name: string,
  value = randomBytes(24).toString('base64url'),
): Promise<string> {
  const path = join(folder, name);
  const found = await stat(path).catch(() => undefined);
  if (found && found.size > 0) return path;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path, value, { mode: 0o600 });
  await chmod(path, 0o600);
  return path;
}

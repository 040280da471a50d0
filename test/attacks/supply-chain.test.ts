/** What comes with a release, and what somebody gets who runs what the README says where it is not installed. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

/** What `npx` says in a folder, where a registry has something hostile under every name. */
async function npx(folder: string, ...words: string[]) {
  const registry = await serve((request, response) => {
    const name = decodeURIComponent(request.url?.slice(1) ?? '');
    const dist = { tarball: `${registry.url}/${name}/-/hostile.tgz`, shasum: '0'.repeat(40) };
    const version = { name, version: '9.9.9', bin: { [name]: 'hostile.js' }, dist };
    json(response, { name, 'dist-tags': { latest: '9.9.9' }, versions: { '9.9.9': version } });
  });
  const env = {
    npm_config_registry: registry.url,
    npm_config_cache: join(temporaryFolder(), 'cache'),
    npm_config_update_notifier: 'false',
  };
  const said = await execa('npx', words, { cwd: folder, env, reject: false, input: '' });
  return { ...said, asked: registry.requests };
}

/** What `npx` goes by of this checkout, with a program that does no more than say so: npx would build the real one. */
async function standIn(): Promise<string> {
  const folder = temporaryFolder();
  const { name, version, bin } = JSON.parse(await readFile('package.json', 'utf8'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version, bin }));
  await copyFile('.npmrc', join(folder, '.npmrc'));
  const program = join(folder, bin.surefoot);
  await mkdir(dirname(program), { recursive: true });
  await writeFile(program, '#!/usr/bin/env node\nconsole.log("the checkout", process.argv[2])', { mode: 0o755 });
  return folder;
}

test('`npx surefoot` in a checkout and below it is that checkout, whatever a registry has under its name', async () => {
  const checkout = await standIn();
  await mkdir(join(checkout, 'plans'));
  for (const folder of [checkout, join(checkout, 'plans')])
    expect(await npx(folder, 'surefoot', 'demo')).toMatchObject({ stdout: 'the checkout demo', asked: [] });
}, 60_000);

test('`npx` runs nothing that somebody has published under a name that is not installed', async () => {
  // npm asks the registry, and stops there.
  const refused = { failed: true, stderr: expect.stringContaining('npx canceled') };
  const asked = [`GET /${NOBODYS}`];
  expect(await npx(await standIn(), NOBODYS, '--version')).toMatchObject({ ...refused, asked });
  const elsewhere = await npx(temporaryFolder(), '--no', '--', 'surefoot', '--version');
  expect(elsewhere).toMatchObject({ ...refused, asked: ['GET /surefoot'] });
}, 60_000);

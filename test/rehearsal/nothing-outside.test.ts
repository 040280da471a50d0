/** A rehearsal touches nothing outside its process but its own Temporal server and the folder of that. */
import child_process from 'node:child_process';
import dns from 'node:dns';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { rehearse } from '../../src/rehearsal/rehearse.js';
import { write } from '../plan/plan-files.js';
import { scenario, shortPlanText } from './short-plan.js';

/** What was reached for, in words. */
const reached: string[] = [];
const OWN = join(tmpdir(), 'surefoot-rehearsal-');
let serverStarted = false;

/** Replaces a function of a built-in module, for those who import it by name as well. */
function watch(holder: object, name: string, refusal: (...args: unknown[]) => string | undefined): void {
  const functions = holder as Record<string, (...args: unknown[]) => unknown>;
  const real = functions[name] as (...args: unknown[]) => unknown;
  functions[name] = function (this: unknown, ...args: unknown[]) {
    const what = refusal(...args);
    if (what === undefined) return real.apply(this, args);
    reached.push(what);
    throw new Error(`out of bounds: ${what}`);
  };
}

const PROGRAMS = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'];
const WRITES = [
  'writeFile',
  'appendFile',
  'mkdir',
  'mkdtemp',
  'rm',
  'unlink',
  'rename',
  'copyFile',
  'open',
  'createWriteStream',
  'writeFileSync',
  'appendFileSync',
  'mkdirSync',
  'openSync',
];

/** An address that is reserved for documentation, of the same kind. */
function nowhere(host: string, index: number): string {
  const [scheme] = host.split('://');
  if (scheme === 's3') return 's3://nowhere?region=sa-east-1';
  const address = `192.0.2.${index + 1}`;
  return scheme === 'postgresql' ? `postgresql://user@${address}:1/none` : `${scheme}://${address}`;
}

test('with hosts that lead nowhere a plan is rehearsed all the same, and nothing is reached for', async () => {
  const plan = parse(shortPlanText());
  for (const [index, name] of Object.keys(plan.hosts).entries()) {
    plan.hosts[name] = nowhere(String(plan.hosts[name]), index);
  }
  for (const name of Object.keys(plan.credentials)) plan.credentials[name] = 'env:SET_NOWHERE';
  for (const name of Object.keys(plan.folders)) plan.folders[name] = '/nowhere/at/all';
  const world =
    'world:\n  metrics: { error-rate: [{ in: watch-24h, from: 2m, constant: 30 % }] }\nexpect: { outcome: rolled-back }\n';
  const played = scenario('nowhere', world, write('plan.yaml', stringify(plan)));

  // The server is a program of its own: what is started before it answers belongs to it.
  for (const name of PROGRAMS)
    watch(child_process, name, (file) => (serverStarted ? `program ${String(file)}` : undefined));
  for (const name of WRITES) {
    const outside = (path: unknown, flags: unknown) => {
      const isRead = name.startsWith('open') && (flags === undefined || flags === 'r');
      const isOwn = typeof path !== 'string' || path.startsWith(OWN);
      return isRead || isOwn ? undefined : `${name} ${path}`;
    };
    if (name in fs) watch(fs, name, outside);
    if (name in fs.promises) watch(fs.promises, name, outside);
  }
  let grpc = 0;
  watch(net.Socket.prototype, 'connect', (first) => {
    const target = (Array.isArray(first) ? first[0] : first) as { host?: string; port?: number; path?: string };
    if (!serverStarted && target.host === '127.0.0.1') grpc = Number(target.port);
    return target.host === '127.0.0.1' && Number(target.port) === grpc
      ? undefined
      : `address ${JSON.stringify(target)}`;
  });
  watch(dns, 'lookup', (host) => (host === '127.0.0.1' || host === 'localhost' ? undefined : `name ${String(host)}`));
  const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation((to) => {
    reached.push(`fetch ${String(to)}`);
    throw new Error('out of bounds');
  });
  syncBuiltinESMExports();

  const rehearsals = await rehearse([played], {
    jobs: 1,
    onStart: () => {
      serverStarted = true;
    },
  });
  expect(rehearsals.results[0]?.differences).toEqual([]);
  expect(rehearsals.results[0]?.samples).toBeGreaterThan(500);
  expect(fetched).not.toHaveBeenCalled();
  expect(reached).toEqual([]);
  expect(() => child_process.execFileSync('true')).toThrow('out of bounds');
  expect(() => fs.writeFileSync('/nowhere', '')).toThrow('out of bounds');
  expect(() => net.connect(80, '192.0.2.1')).toThrow('out of bounds');
  await rehearsals.stop();
}, 180_000);

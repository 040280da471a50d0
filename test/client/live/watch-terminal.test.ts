/** `surefoot watch` at a terminal, as a person has it: the built program, a pseudo-terminal and a real server. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { projectFolder } from '../../../src/local/folders.js';
import { atTerminal, CTRL_C } from '../../helpers/pseudo-terminal.js';
import { standIns } from '../../helpers/stand-ins.js';
import { tcpProxy } from '../../helpers/tcp-proxy.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { ledgerWith, questionWith, stepWith } from '../ledgers.js';

const CLIENT = join(projectFolder(), 'dist', 'src', 'client');
const MAIN = join(CLIENT, 'main.js');

const temporal = workflowServer();
const deployments = standIns(temporal);

const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  TEMPORAL_ADDRESS: temporal.address,
  TEMPORAL_CONFIG_FILE: join(temporal.folder, 'none.toml'),
  ...more,
});

const watching = (service: string, options: Parameters<typeof atTerminal>[1] = {}) =>
  atTerminal([process.execPath, MAIN, 'watch', service], { ...options, environment: environment(options.environment) });

const asking = (service: string) =>
  ledgerWith({
    service,
    deployment: `${service}-20251124-120000-ab12`,
    steps: [stepWith({ startedAt: Date.now() - 65_000 })],
    questions: [questionWith({ title: 'Does it work? \u001b[2J\u001b]0;owned\u0007', openedAt: Date.now() })],
  });

test('80x24 and smaller: it draws what is asked with its command, and leaves the terminal as it was at Ctrl-C', async () => {
  await deployments.begin(asking('live'));
  const terminal = watching('live');
  await terminal.shows('surefoot confirm manual-validation --as WHO --role qa');
  expect(terminal.state()).toMatchObject({ isAlternate: true, hasCursor: false });
  expect(terminal.rows()[0]).toMatch(/^Shop {2}running: staging/);
  await terminal.shows(/▸ 1\.1 Deploy the release to staging \(1 min \d+ s\)/);
  expect(terminal.raw()).not.toContain('owned');
  terminal.resize(8, 40);
  await terminal.shows(/surefoot confirm manual-validation \\\n +--as WHO --role qa/);
  expect(terminal.rows().length).toBeLessThanOrEqual(8);
  expect(Math.max(...terminal.rows().map((row) => row.length))).toBeLessThanOrEqual(40);
  terminal.type(CTRL_C);
  expect(await terminal.ended).toBe(0);
  expect(terminal.state()).toMatchObject({ isAlternate: false, hasCursor: true });
  expect(terminal.rows().join('')).toContain('surefoot watch live-20251124-120000-ab12');
});

test('without colours and in ASCII, where that is what the terminal has', async () => {
  await deployments.begin(asking('plain'));
  const terminal = watching('plain', { environment: { NO_COLOR: '1', LC_ALL: 'C' } });
  await terminal.shows('> 1.1 Deploy the release to staging');
  terminal.send('SIGTERM');
  expect(await terminal.ended).toBe(0);
  expect(terminal.state()).toMatchObject({ isAlternate: false, hasCursor: true });
  expect(terminal.raw()).not.toMatch(/[^\p{Cc} -~]|\[\d*m/u);
});

test('a terminal that can do nothing but write gets a line for each thing that happens', async () => {
  await deployments.begin(asking('dumb'));
  const terminal = watching('dumb', { environment: { TERM: 'dumb' } });
  await terminal.shows('waiting for manual-validation: Does it work?');
  terminal.type(CTRL_C);
  expect(await terminal.ended).toBe(0);
  expect(terminal.raw()).not.toContain('\u001b');
});

test('a server that is away is said to be, what was known is shown as such, and it goes on by itself', async () => {
  await deployments.begin(asking('away'));
  const proxy = await tcpProxy({ port: Number(temporal.address.split(':')[1]) });
  onTestFinished(() => proxy.close());
  const terminal = watching('away', { environment: { TEMPORAL_ADDRESS: `127.0.0.1:${proxy.port}` } });
  await terminal.shows(/as of \d{4}-/);
  proxy.fault = 'reset';
  await terminal.shows(/NOT SEEN since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(/);
  await terminal.shows('What follows was known then.');
  await terminal.shows('Temporal at');
  expect(terminal.rows().join('\n')).not.toContain('as of');
  deployments.say({ ...asking('away'), phase: 'soak' });
  proxy.fault = 'none';
  await terminal.shows(/running: soak[\s\S]*as of/, 60_000);
  expect(terminal.rows().join('\n')).not.toContain('NOT SEEN');
  terminal.type(CTRL_C);
  const code = await terminal.ended;
  expect({ code, rows: terminal.rows() }).toMatchObject({ code: 0 });
}, 120_000);

test('how it ended stays on the terminal', async () => {
  await deployments.begin(ledgerWith({ service: 'over', outcome: 'rejected', reason: 'not today', phase: 'approval' }));
  const terminal = watching('over');
  expect(await terminal.ended).toBe(1);
  expect(terminal.state()).toMatchObject({ isAlternate: false, hasCursor: true });
  expect(terminal.rows().join('\n')).toContain('Ended: rejected: not today');
});

test('an error that nobody has foreseen is read on a terminal that is as it was', async () => {
  const screen = JSON.stringify(pathToFileURL(join(CLIENT, 'terminal', 'screen.js')).href);
  const text = `import { openScreen } from ${screen}; openScreen(() => {}); setTimeout(() => { throw new Error('unforeseen'); }, 50);`;
  const terminal = atTerminal([process.execPath, '--input-type', 'module', '--eval', text]);
  expect(await terminal.ended).toBe(1);
  expect(terminal.state()).toMatchObject({ isAlternate: false, hasCursor: true });
  expect(terminal.rows().join('\n')).toContain('Error: unforeseen');
});

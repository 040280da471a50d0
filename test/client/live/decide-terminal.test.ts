/** Deciding without arguments at a terminal: the built program, a pseudo-terminal, a real server. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../../../src/local/folders.js';
import { atTerminal, CTRL_C, CTRL_D } from '../../helpers/pseudo-terminal.js';
import { standIns } from '../../helpers/stand-ins.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { ledgerWith, questionWith } from '../ledgers.js';

const MAIN = join(projectFolder(), 'dist', 'src', 'client', 'main.js');
const temporal = workflowServer();
const deployments = standIns(temporal);

const asking = (...words: string[]) =>
  atTerminal([process.execPath, MAIN, ...words], {
    rows: 60,
    columns: 160,
    environment: { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_CONFIG_FILE: join(temporal.folder, 'none.toml') },
  });

const waiting = (service: string) =>
  ledgerWith({
    service,
    deployment: `${service}-20251124-120000-ab12`,
    demands: {
      signed: [],
      people: [
        { id: 'elisa', name: 'Elisa', roles: ['qa'] },
        { id: 'diego', name: 'Diego', roles: ['devops'] },
      ],
      approve: [],
      roles: {},
    },
    questions: [
      questionWith({ kind: 'step-failed', id: 'staging.logs', title: 'Logs of staging', moves: ['retry', 'skip'] }),
    ],
  });

test('it asks which deployment, tells what is asked, what each answer does, and who; Ctrl-C decides nothing and says so', async () => {
  await deployments.begin(waiting('one'));
  await deployments.begin(waiting('two'));
  await deployments.begin(ledgerWith({ service: 'busy' }));
  const terminal = asking('skip');
  await terminal.shows('Which deployment?');
  expect(terminal.rows().join('\n')).not.toContain('busy');
  terminal.type('2\r');
  await terminal.shows('What do you say?');
  await terminal.shows('skip: go on without the failed step');
  await terminal.shows('retry: run the failed step once more');
  expect(terminal.rows().join('\n')).toContain('Logs of staging');
  terminal.type('1\r');
  await terminal.shows('Why? Your reason is kept:');
  terminal.type('\r');
  await terminal.shows('This has to be said.');
  terminal.type("it's known\r");
  await terminal.shows(/--why 'it'\\''s known'/);
  await terminal.shows('skip as elisa (qa)? yes or no');
  terminal.type(CTRL_C);
  expect(await terminal.ended).toBe(2);
  expect(terminal.rows().join('\n')).toContain('Nothing was decided');
});

test('no, and the end of the input, decide nothing and say so', async () => {
  await deployments.begin(waiting('declined'));
  for (const answer of ['no\r', CTRL_D]) {
    const terminal = asking('retry', '--deployment', 'declined');
    await terminal.shows('What do you say?');
    terminal.type('\r');
    await terminal.shows('retry as elisa (qa)? yes or no');
    terminal.type(answer);
    expect(await terminal.ended).toBe(2);
    expect(terminal.rows().join('\n')).toContain('Nothing was decided');
  }
});

test('yes sends it', async () => {
  await deployments.begin(waiting('sent'));
  const terminal = asking('retry', 'staging.logs', '--deployment', 'sent');
  await terminal.shows('What do you say?');
  terminal.type('1\r');
  await terminal.shows('yes or no');
  terminal.type('yes\r');
  // The stand-in takes no update: that it was asked for one is what the server says of it.
  await terminal.shows("Refused: Workflow Update is rejected because it wasn't processed");
  expect(await terminal.ended).toBe(2);
});

test('where nothing waits for it, that is said', async () => {
  const terminal = asking('override');
  expect(await terminal.ended).toBe(2);
  expect(terminal.rows().join('\n')).toContain('Nothing that runs waits for override');
});

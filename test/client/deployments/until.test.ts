import { expect, test } from 'vitest';
import { standIns } from '../../helpers/stand-ins.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { commandsAsk, surefoot } from '../command-line.js';
import { ledgerWith } from '../ledgers.js';

const temporal = workflowServer();
const deployments = standIns(temporal);

commandsAsk(temporal);

const watched = async (...args: string[]) => {
  const { code, out, err } = await surefoot('watch', ...args, '--json');
  return { code, err, ...(out === '' ? {} : { document: JSON.parse(out) }) };
};

test('it comes back when the milestone is reached, although the deployment goes on', async () => {
  const soaking = ledgerWith({ service: 'goes-on', phase: 'soak' });
  await deployments.begin(soaking);
  const watching = watched('goes-on', '--until', 'sign-offs', '--timeout', '1m');
  setTimeout(() => deployments.say({ ...soaking, phase: 'approval' }), 1_500);
  expect(await watching).toMatchObject({ code: 0, document: { reached: true, running: true, outcome: null } });
});

test('with the time over it says that the deployment is still on its way: exit code 4', async () => {
  await deployments.begin(ledgerWith({ service: 'slow', phase: 'soak' }));
  const document = { reached: false, running: true, ledger: expect.objectContaining({ phase: 'soak' }) };
  expect(await watched('slow', '--until', 'production', '--timeout', '1s')).toMatchObject({ code: 4, document });
  expect(await watched('slow', '--timeout', '1s')).toMatchObject({ code: 4, document });
});

test('one that ends badly on the way has gone badly, whatever was waited for; one that ends well, well', async () => {
  await deployments.begin(ledgerWith({ service: 'rejected', phase: 'approval', outcome: 'rejected' }));
  expect(await watched('rejected', '--until', 'watch')).toMatchObject({ code: 1, document: { reached: false } });
  await deployments.begin(ledgerWith({ service: 'well', phase: 'closing', outcome: 'succeeded' }));
  expect(await watched('well', '--until', 'end')).toMatchObject({ code: 0, document: { reached: true } });
});

test('one whose outcome is known has ended as that, though its last words are still being told', async () => {
  const ending = ledgerWith({ service: 'ending', phase: 'watch' });
  await deployments.begin(ending);
  deployments.say({ ...ending, outcome: 'rolled-back' });
  expect(await watched('ending', '--until', 'end')).toMatchObject({ code: 1, document: { reached: true } });
  expect(await watched('ending', '--until', 'production')).toMatchObject({ code: 1 });
});

test('a time that is none, and a milestone that is none, are refused in words', async () => {
  expect(await surefoot('watch', '--timeout', 'soon')).toMatchObject({ code: 2, err: expect.stringContaining('30m') });
  const refused = await surefoot('watch', '--until', 'christmas');
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('sign-offs, production, watch, end') });
});

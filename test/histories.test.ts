/** What each release is said to be, held against its recorded histories under the present code. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { claims, judge, recorded } from '../scripts/histories.js';
import { projectFolder } from '../src/local/folders.js';
import { bundleOfAnother } from './helpers/builds.js';

// A history that does not fit is an answer here.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const said: Record<string, string> = claims();

test('each release with histories has a claim, and each claim has histories', () => {
  const files = readdirSync(join(projectFolder(), 'histories')).filter((file) => file.endsWith('.json.br'));
  expect(files.map((file) => file.replace('.json.br', '')).toSorted()).toEqual(Object.keys(said).toSorted());
});

test.each(Object.entries(said))(
  '%s is %s',
  async (release, claim) => {
    const histories = recorded(release);
    const types = histories.map(({ history }) => history.events?.[0]?.workflowExecutionStartedEventAttributes);
    expect(new Set(types.map((started) => started?.workflowType?.name))).toEqual(
      new Set([
        ...['DeployWorkflow', 'MonitorWorkflow', 'ReversibilityWorkflow'],
        ...['RollbackCodeWorkflow', 'RollbackFullWorkflow', 'RollbackMigrationWorkflow'],
      ]),
    );
    const { verdict, misfits } = await judge(histories);
    expect(verdict, misfits.join('\n')).toBe(claim);
  },
  120_000,
);

test('code that decides otherwise lets what began before drain', async () => {
  const [release = ''] = Object.keys(said);
  const { verdict, misfits } = await judge(recorded(release).slice(0, 2), await bundleOfAnother());
  expect(verdict).toBe('drain');
  expect(misfits).toHaveLength(2);
}, 120_000);

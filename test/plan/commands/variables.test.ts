/** Variables of the worker that an environment's commands are given: which may be listed, and who gets them. */
import { expect, test } from 'vitest';
import { loadPlan } from '../../../src/plan/load.js';
import { expectOneProblem, replaceOnce, shippedText, write } from '../plan-files.js';

const TOOLS = '    tools: [production-tools]\n';
const listing = (names: string): [string, string] => [TOOLS, `${TOOLS}    variables: [${names}]\n`];
const planWith = (names: string) => loadPlan(write('plan.yaml', replaceOnce(shippedText, listing(names)))).resolved;

test('are had by the commands of their environment, those of metrics too, and by no other environment’s', () => {
  const { environments, watches, soak } = planWith('KUBECONFIG, AWS_PROFILE, KUBECONFIG');
  const variables = ['KUBECONFIG', 'AWS_PROFILE'];
  expect(environments.production.variables).toEqual(variables);
  expect(environments.staging?.variables).toBeUndefined();
  const sources = [...(soak?.metrics ?? []), ...watches.flatMap(({ metrics }) => metrics)].map(({ source }) => source);
  const logs = sources.flatMap((source) => (source.kind === 'logs' ? [source.variables] : []));
  expect(logs).not.toHaveLength(0);
  expect(logs).toEqual(logs.map(() => variables));
});

test('that read as secrets are hidden like those; others are not', () => {
  const { secrets } = planWith('KUBECONFIG, AWS_SECRET_ACCESS_KEY, NPM_TOKEN');
  expect(secrets).toEqual(expect.arrayContaining(['env:AWS_SECRET_ACCESS_KEY', 'env:NPM_TOKEN']));
  expect(secrets).not.toContain('env:KUBECONFIG');
});

test.each([
  ['¦SUREFOOT_PAYLOAD_KEYS', 'Is the worker’s own business, and given to no command'],
  ['¦TEMPORAL_API_KEY', 'Is the worker’s own business, and given to no command'],
  ['¦PROD_DATABASE_PASSWORD', 'Is the credential `production-database`'],
  ['¦"$HOME"', 'Not the name of a variable'],
  ['¦"A=b"', 'Not the name of a variable'],
])('can’t be %s', (name, says) => {
  expectOneProblem([listing(name)], { path: 'environments.production.variables[0]', says });
});

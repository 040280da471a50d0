/**
 * What examined tools got wrong, one named test each. What a pure function decides is tested with it; what running
 * workflows do, with the workflows themselves (`test/model`). The same with real servers: `test/deployments`.
 */
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Approvals } from '../src/domain/decisions/approvals.js';
import { judgeDecision } from '../src/domain/decisions/decisions.js';
import { take } from '../src/domain/decisions/take.js';
import type { Decision, Ledger } from '../src/domain/ledger/ledger.js';
import { type Criterion, emptyState, observe, type Sample, sampleOf, verdict } from '../src/domain/watch/criteria.js';
import { ledgerWith, PROPOSED, questionWith, START } from './client/ledgers.js';
import { criterionWith } from './helpers/criteria.js';
import { PlayedDeployment, SERVICE_WORKFLOW } from './model/deployment.js';
import { SIGNERS } from './model/people.js';
import { calm } from './model/scenario.js';
import { STARTED_BY } from './model/short-plan.js';
import { compileWorkflows, type Workflows } from './model/workflow-run.js';
import { expectOneProblem } from './plan/plan-files.js';

const MINUTE = 60_000;
const criterion = criterionWith({ for: 0, minimumSamples: 3 });
const after = (rule: Criterion, samples: readonly Sample[]) =>
  samples.reduce((state, sample) => observe(rule, state, sample), emptyState());
const said = (rule: Criterion, samples: readonly Sample[]) => verdict(rule, after(rule, samples));
const every = (count: number, sample: (at: number) => Sample) =>
  Array.from({ length: count }, (_, minute) => sample(minute * MINUTE));

const question = questionWith({
  kind: 'approvals',
  id: 'sign-offs',
  roles: ['qa', 'dba'],
  moves: ['approve', 'reject'],
});
const approvals: Approvals = {
  roles: ['qa', 'dba'].map((role) => ({ role, title: role, statement: role })),
  roster: [
    { id: 'ana', name: 'Ana', roles: ['qa', 'dba'] },
    { id: 'bob', name: 'Bob', roles: ['qa'] },
  ],
  selfApproval: false,
  onePersonManyRoles: false,
};
const asking = (parts: Partial<Ledger> = {}) => ledgerWith({ startedBy: 'eva', questions: [question], ...parts });
const approve = (who: string, role: string): Decision => ({
  kind: 'approve',
  who,
  role,
  digest: PROPOSED,
});
const tell = (ledger: Ledger, decision: Decision): boolean => {
  const { accepted, reason } = judgeDecision(ledger, approvals, decision);
  if (accepted) take(ledger, { ...decision, at: START, via: 'update', accepted, reason });
  return accepted;
};

let workflows: Workflows;
beforeAll(async () => {
  workflows = await compileWorkflows();
});

/** A deployment that has begun, by the real workflows. */
async function begin(...parts: Parameters<typeof calm>): Promise<PlayedDeployment> {
  const played = new PlayedDeployment(workflows, calm(...parts));
  onTestFinished(() => played.temporal.end());
  await played.start();
  return played;
}
const asks = (id: string) => (ledger: Ledger) => ledger.questions.some((asked) => asked.id === id);
const diego = { who: 'diego.alves', role: 'devops', why: 'looked at' };
/** Steps of which the command has been run, each as often as it was. */
const commandsOf = ({ temporal }: PlayedDeployment): string[] =>
  temporal.scheduled.flatMap(({ activity, input }) =>
    activity === 'runCommand' || activity === 'migrate' ? [(input as { key: { step: string } }).key.step] : [],
  );

test('NaN is not healthy under a rule that only says what failure is (Argo Rollouts: passes)', () => {
  const nothing = every(20, (at) => sampleOf(at, 0 / 0));
  expect(said(criterion, nothing)).toBe('unknown');
  expect(said({ ...criterion, notANumber: 'breached' }, nothing)).toBe('breached');
});

test.each(['notANumber', 'nothing', 'error'] as const)(
  'a soak whose only metric says %s does not lead to production: people are asked (Argo Rollouts: "Successful")',
  async (says) => {
    const played = await begin({ troubles: [{ watch: 'soak', tick: 1, metric: 'latency', says, lasts: 9 }] });
    const { questions, steps } = await played.goOnUntil(asks('soak'));
    expect(questions[0]?.moves).toEqual(['retry', 'skip', 'abort']);
    expect(steps.find(({ id }) => id === 'soak')?.facts[0]).toMatchObject({
      ok: false,
      text: expect.stringContaining('unknown'),
    });
  },
);

test('NaN that JSON made null is neither 0 nor healthy (null > 10 is false)', () => {
  const carried = JSON.parse(JSON.stringify(every(20, (at) => sampleOf(at, Number.NaN))));
  expect(said(criterion, carried)).toBe('unknown');
});

test('a ratio of x/0 breaches (Prometheus: "+Inf"), after JSON too', () => {
  expect(said(criterion, JSON.parse(JSON.stringify([sampleOf(0, 1 / 0)])))).toBe('breached');
});

test('measurements that all errored are not a success (argo-rollouts #4479)', () => {
  const errors = every(60, (at) => ({ at, kind: 'error', message: 'connection refused' }));
  expect(said(criterion, errors)).toBe('unknown');
  expect(said({ ...criterion, providerError: 'breached' }, errors)).toBe('breached');
});

test('"for" counts from the first breaching sample, and its last moment belongs to it (failureLimit: off by one)', () => {
  const rule = { ...criterion, for: 2 * MINUTE };
  const breaching = (...times: number[]) => times.map((at): Sample => ({ at, kind: 'ok', value: 11 }));
  expect(said({ ...rule, minimumSamples: 1 }, breaching(0, 2 * MINUTE - 1))).toBe('healthy');
  expect(said(rule, breaching(0, 2 * MINUTE))).toBe('breached');
});

test('the threshold itself does not exceed the threshold (failureLimit: off by one)', () => {
  const at = (value: number) => every(3, (time) => ({ at: time, kind: 'ok', value }));
  expect(said(criterion, at(10))).toBe('healthy');
  expect(said(criterion, at(10 + 1e-9))).toBe('breached');
});

test('the smallest number of samples is enough, and one less is not (failureLimit: off by one)', () => {
  const healthy = (count: number) => every(count, (at) => ({ at, kind: 'ok', value: 1 }));
  expect(said(criterion, healthy(2))).toBe('unknown');
  expect(said(criterion, healthy(3))).toBe('healthy');
});

test('a metric whose name is misspelt is unknown, not healthy (flagger #892)', () => {
  const absent = every(60, (at) => ({ at, kind: 'noData', reason: 'no series error_rat' }));
  expect(said(criterion, absent)).toBe('unknown');
  expect(after(criterion, absent).reason).toBe('no series error_rat');
});

test('a metric whose name is misspelt is refused by plan check, with the name that was meant (flagger #892)', () => {
  const title = '    title: "Latência P95 estável < 2s"\n    metric: ';
  const expected = { path: 'criteria.soak-p95.metric', says: 'no metric `latncy-p95`', suggestion: 'latency-p95' };
  expectOneProblem([[`${title}latency-p95`, `${title}¦latncy-p95`]], expected);
});

test('an outage that dodges the rule between failed scrapes is still a breach (flagger #1801)', () => {
  const rule = { ...criterion, for: 4 * MINUTE };
  const flapping = every(6, (at) =>
    (at / MINUTE) % 2 === 0 ? { at, kind: 'ok', value: 50 } : { at, kind: 'error', message: 'no answer' },
  );
  expect(said(rule, flapping)).toBe('breached');
});

test('a dead target does not look alive for what it said before (Prometheus: 5 minutes of look-back)', () => {
  const alive = every(30, (at) => ({ at, kind: 'ok', value: 1 }));
  const dead = every(13, (at) => ({ at: at + 30 * MINUTE, kind: 'noData', reason: 'up is 0' }));
  expect(said({ ...criterion, minimumSamples: 30 }, [...alive, ...dead])).toBe('unknown');
});

test('an approver of two roles is not consumed by the wrong one (gitlab #425759)', () => {
  const ledger = asking();
  expect(tell(ledger, approve('ana', 'qa'))).toBe(false);
  expect(tell(ledger, approve('bob', 'qa'))).toBe(true);
  expect(tell(ledger, approve('ana', 'dba'))).toBe(true);
  expect(ledger.approvals.map(({ role }) => role)).toEqual(['qa', 'dba']);
});

test('whoever started the deployment approves nothing, however it is sent (bytebase #19142)', () => {
  const ledger = asking({ startedBy: 'bob' });
  expect(tell(ledger, approve('bob', 'qa'))).toBe(false);
  expect(ledger.approvals).toEqual([]);
});

test('an approval bypasses nothing: it answers no failed step and no concern (kargo #3440)', () => {
  const failed = questionWith({ kind: 'step-failed', id: 'soak', roles: ['qa'], moves: ['retry', 'skip', 'abort'] });
  const concern = questionWith({ kind: 'concern', id: 'cpu', roles: ['qa'], moves: ['resume', 'rollback'] });
  const ledger = ledgerWith({ startedBy: 'eva', questions: [failed, concern] });
  expect(tell(ledger, approve('bob', 'qa'))).toBe(false);
  expect(ledger.questions.map(({ answer }) => answer)).toEqual([undefined, undefined]);
});

test('a skip does not sign off, and a confirmation does not either (kargo #3440)', () => {
  const ledger = asking();
  for (const kind of ['skip', 'confirm', 'retry', 'resume'] as const)
    expect(tell(ledger, { kind, who: 'bob', role: 'qa', why: 'in a hurry', subject: 'sign-offs' })).toBe(false);
  expect(ledger.approvals).toEqual([]);
});

test('whoever started it approves nothing in the workflow either, by signal or by update (bytebase #19142)', async () => {
  const played = await begin();
  const { proposal } = await played.goOnUntil(asks('sign-offs'));
  const own = { who: STARTED_BY, role: 'backend-team', digest: proposal?.digest };
  played.send('approve', own, { via: 'signal', racing: false });
  played.send('approve', own, { via: 'update', racing: false });
  await played.idleUntil(() => played.temporal.next() !== played.temporal.now);
  const { approvals, decisions } = await played.ledger();
  expect(approvals).toEqual([]);
  expect(decisions.at(-1)).toMatchObject({
    accepted: false,
    reason: `${STARTED_BY} started this deployment and cannot approve it`,
  });
  expect(played.updates).toMatchObject([{ state: 'refused' }]);
});

test('an approver of two roles who takes the wrong one leaves nobody waiting for ever (gitlab #425759)', async () => {
  const played = await begin();
  const { proposal } = await played.goOnUntil(asks('sign-offs'));
  const digest = proposal?.digest;
  // Diego alone is left for devops when Elisa, who could be it too, signs as QA; then Fábio's QA comes too late.
  for (const [who, role] of [
    ['elisa.rocha', 'qa'],
    ['fabio.nunes', 'qa'],
    ['elisa.rocha', 'devops'],
  ] as const) {
    played.approve({ who, role, digest });
  }
  expect((await played.toItsEnd()).approvals.map(({ who, role }) => `${role}: ${who}`)).toContain(
    'devops: diego.alves',
  );
});

test('an override opens a window and nothing else: it is on the record, and signs nothing off (kargo #3440)', async () => {
  const played = await begin({ plan: { window: true }, closed: -1 });
  await played.goOnUntil(asks('sign-offs'));
  played.send('override', { ...diego, subject: 'sign-offs' });
  played.send('override', diego);
  const { approvals } = await played.goOnUntil(asks('production.window'));
  expect(approvals).toHaveLength(5);
  expect(commandsOf(played)).not.toContain('production.deploy');
  played.send('override', { ...diego, subject: 'production.window' });
  const { decisions, steps } = await played.toItsEnd();
  expect(decisions.filter(({ kind }) => kind === 'override').map(({ accepted }) => accepted)).toEqual([
    false,
    false,
    true,
  ]);
  const window = steps.find(({ id }) => id === 'production.window');
  expect(window?.facts).toMatchObject([{ ok: false, by: { who: 'diego.alves', role: 'devops', why: 'looked at' } }]);
});

test('a breach while people are waited for is acted on at once, without them (flagger #1801)', async () => {
  const played = await begin({
    failing: [{ what: 'watch.database', how: 'facts' }],
    troubles: [{ watch: 'guard', tick: 3, metric: 'errors', says: 'breach', lasts: 18 }],
  });
  await played.goOnUntil(asks('watch.database'));
  const since = played.temporal.now;
  await played.idleUntil(() => played.rollbacks.length === 1);
  expect(played.temporal.now - since).toBeLessThan(4 * MINUTE);
  const { outcome, rollback } = await played.toItsEnd();
  expect({ outcome, trigger: rollback?.trigger.kind }).toEqual({ outcome: 'rolled-back', trigger: 'criterion' });
});

test('a retry after an analysis that failed analyses anew, from its beginning (argo-rollouts #2824)', async () => {
  const played = await begin({ troubles: [{ watch: 'soak', tick: 1, metric: 'latency', says: 'breach', lasts: 1 }] });
  await played.goOnUntil(asks('soak'));
  played.send('retry', { ...diego, subject: 'soak' });
  const { monitors, steps } = await played.goOnUntil(asks('sign-offs'));
  expect(steps.find(({ id }) => id === 'soak')).toMatchObject({ state: 'passed', generation: 2 });
  expect(monitors[0]).toMatchObject({ verdict: 'healthy', ticks: 2 });
});

test('workers that restart at every turn repeat no step, and none begins anew (kargo: from step 0)', async () => {
  const played = await begin();
  for (let turn = 0; turn < 40 && played.isRunning; turn += 1) {
    await played.goOn(4);
    if (played.isRunning) await played.do({ act: 'restart-workers' });
  }
  expect((await played.toItsEnd()).outcome).toBe('succeeded');
  const commands = commandsOf(played);
  expect(commands).toEqual([...new Set(commands)]);
  expect(commands).toContain('production.migration');
});

test('a source that cannot be asked for a moment ends no watch (spinnaker #4292)', async () => {
  const played = await begin({ failing: [{ what: 'sampleMetrics', how: 'error' }] });
  const { outcome, monitors } = await played.toItsEnd();
  expect(outcome).toBe('succeeded');
  expect(monitors.map(({ verdict }) => verdict)).toEqual(['healthy', 'healthy', 'healthy', 'healthy']);
});

test('a store that is out of order when a breach is seen does not keep production waiting (spinnaker #4292)', async () => {
  const played = await begin({
    failing: [{ what: 'sealSeries of watch-5m', how: 'error' }],
    troubles: [{ watch: 'watch-5m', tick: 1, metric: 'errors', says: 'breach', lasts: 1 }],
  });
  const { outcome, rollback } = await played.toItsEnd();
  expect({ outcome, trigger: rollback?.trigger.kind }).toEqual({ outcome: 'rolled-back', trigger: 'criterion' });
});

test('sign-offs are waited for beyond 72 hours, with reminders (spinnaker #4292)', async () => {
  const played = await begin();
  await played.goOnUntil(asks('sign-offs'));
  const since = played.temporal.now;
  await played.idleUntil(() => played.temporal.now - since > 10 * 24 * 60 * MINUTE);
  expect(played.world.messages.filter(({ event }) => event === 'question-reminded').length).toBeGreaterThan(10);
  const { approvals, outcome } = await played.toItsEnd();
  expect(outcome).toBe('succeeded');
  expect(approvals.every(({ who, role }) => SIGNERS.some((signer) => signer.who === who && signer.role === role))).toBe(
    true,
  );
});

test('from the breach to the rollback, and its end, time is measured (nobody does)', async () => {
  const played = await begin({
    troubles: [{ watch: 'watch-5m', tick: 2, metric: 'errors', says: 'breach', lasts: 1 }],
  });
  const { rollback } = await played.toItsEnd();
  if (rollback?.trigger.kind !== 'criterion') throw new Error('no breach');
  const { trigger, startedAt, took, estimate } = rollback;
  expect(startedAt - trigger.breachedAt).toBeLessThan(MINUTE);
  expect(took).toBeGreaterThan(0);
  expect(estimate).toBe(played.plan.rollback.estimates[rollback.option as 'full']);
});

test('the way back is rehearsed on staging before anybody signs off, and the choice follows it (nobody does)', async () => {
  const broken = { watch: 'watch-5m', tick: 1, metric: 'errors', says: 'breach', lasts: 1 } as const;
  const proven = await begin({ troubles: [broken] });
  expect((await proven.toItsEnd()).rollback?.option).toBe('full');
  const lossy = await begin({ troubles: [broken], reversible: 'loses-data' });
  const { steps } = await lossy.goOnUntil(asks('staging.reversibility'));
  expect(steps.some(({ phase }) => phase === 'approval')).toBe(false);
  lossy.send('skip', { ...diego, subject: 'staging.reversibility' });
  expect((await lossy.toItsEnd()).rollback?.option).toBe('code');
});

test('without a dump that can be restored, production is not touched (nobody checks)', async () => {
  const played = await begin({ failing: [{ what: 'production.backup', how: 'facts' }] });
  const { questions } = await played.goOnUntil(asks('production.backup'));
  expect(questions[0]?.moves).toEqual(['retry', 'skip', 'abort']);
  expect(commandsOf(played).filter((step) => step.startsWith('production.'))).toEqual([]);
  expect(played.temporal.running(SERVICE_WORKFLOW)).toBeDefined();
});

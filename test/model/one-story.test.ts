/** Whatever is done to a deployment, and whenever: what production is, what status says and what a start does agree. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { DEPLOYMENT, PlayedDeployment, RUNNER, SERVICE_WORKFLOW } from './deployment.js';
import { demand } from './laws.js';
import { calm } from './scenario.js';
import { MINUTE } from './short-plan.js';
import { begun, type Views, viewsOf } from './views.js';
import { compileWorkflows, type Workflows } from './workflow-run.js';

let workflows: Workflows;
let played: PlayedDeployment;

beforeAll(async () => {
  workflows = await compileWorkflows();
});
afterEach(() => played.temporal.end());

const diego = { who: 'diego.alves', role: 'devops', why: 'I have looked' };
const ANOTHER_RUNNER = 'fedcba9876543210';
const breach = { watch: 'watch-5m', tick: 2, metric: 'errors', says: 'breach', lasts: 1 } as const;

interface Moment {
  when: string;
  /** The step that has begun, the watch that has taken a sample, or the question that is open. */
  at: { step: string } | { monitor: string } | { question: string };
  /** What production is left as, where nothing brings it back. */
  left: string;
  /** How the deployment ends when it is cancelled, and when its commands run elsewhere. */
  cancelled: Ledger['outcome'];
  elsewhere: Ledger['outcome'];
}

const AS_IT_WAS = 'as it was';
const early = { left: AS_IT_WAS, cancelled: 'aborted', elsewhere: 'succeeded' } as const;
const changed = { cancelled: 'rolled-back', elsewhere: 'succeeded' } as const;
const back = { left: AS_IT_WAS, cancelled: 'rolled-back', elsewhere: 'rolled-back' } as const;
const MOMENTS: Moment[] = [
  { when: 'while staging is deployed to', at: { step: 'staging.deploy' }, ...early },
  { when: 'during the soak', at: { monitor: 'soak' }, ...early },
  { when: 'at the sign-offs', at: { question: 'sign-offs' }, ...early },
  { when: 'while production is backed up', at: { step: 'production.backup' }, ...early },
  { when: 'while production is deployed to', at: { step: 'production.deploy' }, left: 'deployed, locked', ...changed },
  {
    when: 'while production is migrated',
    at: { step: 'production.migration' },
    left: 'deployed, migrated, locked',
    ...changed,
  },
  { when: 'once it is migrated', at: { step: 'production.smoke' }, left: 'deployed, migrated', ...changed },
  { when: 'during the first watch', at: { monitor: 'watch-5m' }, left: 'deployed, migrated', ...changed },
  { when: 'during the last watch', at: { monitor: 'watch-1h' }, left: 'deployed, migrated', ...changed },
  { when: 'while its metrics are reported', at: { step: 'watch.report' }, left: 'deployed, migrated', ...changed },
  { when: 'while a rollback downgrades', at: { step: 'rollback-full.downgrade' }, ...back },
  { when: 'while a rollback deploys', at: { step: 'rollback-full.deploy' }, ...back },
];

async function come({ at }: Moment, build?: string): Promise<void> {
  const isWayBack = 'step' in at && at.step.startsWith('rollback');
  played = new PlayedDeployment(workflows, calm({ troubles: isWayBack ? [breach] : [] }));
  if (build !== undefined) await played.temporal.takeOver(build);
  await played.start();
  if ('question' in at) {
    await played.goOnUntil(({ questions }) => questions.some(({ id }) => id === at.question));
    return;
  }
  const isThere = () =>
    played.temporal.scheduled.some(({ input }) => {
      const { key, monitor } = input as { key?: { step: string }; monitor?: string };
      return 'step' in at ? key?.step === at.step : monitor === at.monitor;
    });
  while (!isThere()) {
    demand(played.isRunning, 'it has ended, and that never came');
    await played.goOn(1);
  }
}

const wordsOf = ({ production: { runsTarget, isMigrated, isInMaintenance } }: Views): string =>
  [runsTarget && 'deployed', isMigrated && 'migrated', isInMaintenance && 'locked'].filter(Boolean).join(', ') ||
  AS_IT_WAS;

const NOT_KNOWN = 'or was about to be: how that ended is not known';

/** Reset, and ended before anybody has looked, or by who has and leaves production as it is. */
const NOT_KNOWN_OR_LEFT = /did to staging and production after this point is not known to it|left to diego\.alves/;

/** What each of the three holds for true is so for the others. */
async function agree(): Promise<Views> {
  const views = await viewsOf(played);
  const { production, status, refusal } = views;
  const { running, outcome, code, endedFromOutside, ledger } = status;
  if (running) {
    expect(code).toBe(0);
    expect(refusal).toMatch(/ is running; |still being rolled back/);
    return views;
  }
  expect(code).toBe(outcome === 'succeeded' ? 0 : 1);
  if (outcome === 'succeeded') expect({ words: wordsOf(views), refusal }).toEqual({ words: 'deployed, migrated' });
  else if (outcome === 'rolled-back') expect({ words: wordsOf(views), refusal }).toEqual({ words: AS_IT_WAS });
  else if (outcome !== null) {
    // Who was not admitted knows nothing of production but why not.
    if (ledger.reset && ledger.reset.answer?.kind !== 'resume') expect(ledger.reason).toMatch(NOT_KNOWN_OR_LEFT);
    else if (refusal !== undefined)
      expect(ledger.reason).toMatch(/^Refused: .*(ended from outside|still being rolled back)/);
    else expect(wordsOf(views)).toBe(AS_IT_WAS);
  } else agreeOnWhatIsLeft(production, endedFromOutside?.left ?? [], refusal);
  return views;
}

function agreeOnWhatIsLeft(production: Views['production'], left: string[], refusal = ''): void {
  const said = (what: string) => left.find((sentence) => sentence.includes(what));
  if (said('goes on by itself')) {
    expect(refusal).toContain('still being rolled back');
    return;
  }
  expect(refusal).toContain(`${DEPLOYMENT} was ended from outside (terminated)`);
  if (said('proven on production')) {
    expect(production).toEqual({ runsTarget: false, isMigrated: false, isInMaintenance: false });
    return;
  }
  const facts = [
    [production.runsTarget, said('was deployed to production')],
    [production.isMigrated, said('its database was migrated')],
    [production.isInMaintenance, said('maintenance mode was turned on')],
  ] as const;
  for (const [holds, sentence] of facts)
    if (!sentence?.includes(NOT_KNOWN)) expect({ holds, left }).toEqual({ holds: sentence !== undefined, left });
  expect(said('production had not been changed') !== undefined).toBe(
    left.length === 1 && !facts.some(([, one]) => one),
  );
}

/** What was at work goes on to its end, and nobody hears of it. */
async function terminate(): Promise<void> {
  const commands = played.temporal.inFlight.filter(({ workflowId }) => workflowId === SERVICE_WORKFLOW);
  played.temporal.terminate(SERVICE_WORKFLOW);
  await agree();
  for (const command of commands) played.world.answer(command);
}

const rollbacksEnd = () => played.idleUntil(() => played.rollbacks.every(({ state }) => state !== 'running'));

/** To its end, by people who look before they answer. */
async function settle(): Promise<void> {
  const asked = ({ questions }: Ledger) =>
    questions.find(({ kind, answer }) => !answer && (kind === 'runner-not-served' || kind === 'outcome-unknown'));
  let told = -1;
  while (played.isRunning) {
    // People hear of each of these.
    const hasNews = played.world.messages.length !== told;
    told = played.world.messages.length;
    const question = hasNews ? asked(await played.ledger()) : undefined;
    if (question === undefined) {
      await played.goOn(1);
      continue;
    }
    // The laws look at it where it waits for whoever answers.
    await played.goOnUntil(() => true);
    await agree();
    if (question.kind === 'outcome-unknown') played.send('confirm', { ...diego, subject: question.id });
    else played.send('move', { ...diego, to: ANOTHER_RUNNER });
    const isOpen = async () => asked(await played.ledger())?.openedAt === question.openedAt;
    for (let event = 0; await isOpen(); event += 1) {
      demand(event < 100, `nothing comes of the answer to ${question.title}`);
      await played.temporal.step();
    }
  }
  await played.toItsEnd();
}

/** To its end, by people who make room on a full disk, or move away from an emptied one, before they try again. */
async function mend(): Promise<void> {
  const isAbout = ({ questions }: Ledger) => questions.some(({ kind, answer }) => !answer && kind !== 'approvals');
  while (played.isRunning && played.disk !== 'sound') {
    await played.goOn(1);
    if (!played.isRunning || !isAbout(await played.ledger())) continue;
    await agree();
    const isTrouble = played.temporal.next() !== played.temporal.now;
    if (!isTrouble) continue;
    if (played.disk === 'emptied') played.send('move', { ...diego, to: ANOTHER_RUNNER });
    else played.disk = 'sound';
    if (played.disk === 'emptied') break;
  }
  await settle();
}

/** It goes on from there after its end, with whoever is asked about it. @returns whether it waits to be let go on */
async function resetThere(tasks: number): Promise<boolean> {
  await played.temporal.reset(SERVICE_WORKFLOW, tasks);
  const isHeld = async () => (await played.ledger()).held !== undefined;
  for (let event = 0; event < 50 && played.isRunning && !(await isHeld()); event += 1) await played.temporal.step();
  return played.isRunning && (await isHeld());
}

/** Whoever is asked what is to become of production leaves it as it is. */
async function leaveAlone(): Promise<void> {
  const isAsked = ({ questions }: Ledger) => questions.some(({ id, answer }) => id === 'reset' && !answer);
  for (let event = 0; played.isRunning; event += 1) {
    demand(event < 200, 'it never ends');
    if (isAsked(await played.ledger())) played.send('skip', { ...diego, subject: 'reset' });
    await played.temporal.step();
  }
}

/** The next run by the CLI: whether it is let begin, and what it makes of production. */
async function nextOne(after?: string): Promise<string> {
  const { outcome, steps } = await begun(played, { after });
  if (outcome !== undefined) return 'refused';
  const look = steps.find(({ id }) => id === 'prerequisites.production');
  return look?.state === 'passed' ? 'goes on' : 'asks about production';
}

const afterwards = (production: string) => (production === AS_IT_WAS ? 'goes on' : 'asks about production');

describe.each(MOMENTS)('what production is, what status says and what a start does agree, $when:', (moment) => {
  test('terminated', async () => {
    await come(moment);
    await terminate();
    await rollbacksEnd();
    expect(wordsOf(await agree())).toBe(moment.left);
    expect(await nextOne()).toBe('refused');
    expect(await nextOne(DEPLOYMENT)).toBe(afterwards(moment.left));
  });

  test('reset to its beginning', async () => {
    await come(moment);
    await terminate();
    const { outcome } = await begun(played, { deployment: DEPLOYMENT });
    expect(outcome).toBe('aborted');
    await agree();
    await rollbacksEnd();
    expect(wordsOf(await agree())).toBe(moment.left);
    expect(await nextOne()).toBe('refused');
  });

  test('reset to there when it had ended', async () => {
    await come(moment);
    const tasks = played.tasksOf(SERVICE_WORKFLOW);
    await played.toItsEnd();
    const { production } = await agree();
    const before = played.temporal.scheduled.length;
    const isHeld = await resetThere(tasks);
    expect(isHeld).toBe(moment.elsewhere !== 'rolled-back');
    await agree();
    if (isHeld) {
      await played.idleUntil(() => played.temporal.inFlight.every(({ queue }) => queue !== RUNNER));
      played.send('abort', { ...diego, why: 'it was reset by mistake' });
      await leaveAlone();
    } else await played.idleUntil(() => !played.isRunning);
    const views = await agree();
    expect(views.production).toEqual(production);
    const since = played.temporal.scheduled.slice(before);
    const begun = since.filter(
      ({ activity, workflowId }) => activity === 'runCommand' && workflowId !== SERVICE_WORKFLOW,
    );
    expect(begun).toEqual([]);
    expect(await nextOne()).toBe(afterwards(wordsOf(views)));
  });

  test.each(['full', 'emptied'] as const)('the disk of its runner %s', async (disk) => {
    await come(moment);
    played.disk = disk;
    await agree();
    await mend();
    const views = await agree();
    expect(views.status.outcome).toBe(moment.elsewhere);
    expect(await nextOne()).toBe(afterwards(wordsOf(views)));
  });

  test('cancelled', async () => {
    await come(moment);
    played.temporal.cancel(SERVICE_WORKFLOW);
    await agree();
    await settle();
    expect((await agree()).status.outcome).toBe(moment.cancelled);
    expect(await nextOne()).toBe('goes on');
  });

  test.each(['moved to another build', 'its build’s workers away for a minute, and moved then'])('%s', async (how) => {
    await come(moment, 'v1');
    if (how !== 'moved to another build') played.temporal.stall(MINUTE);
    await played.temporal.takeOver('v2');
    await agree();
    played.send('move', { ...diego, build: 'v2' }, { via: 'update', racing: false });
    await settle();
    const views = await agree();
    expect(views.status.outcome).toBe(moment.elsewhere);
    expect(played.updates).toMatchObject([{ state: 'completed' }]);
    const [said] = views.status.ledger.decisions.filter(({ kind }) => kind === 'move');
    expect(said).toMatchObject({ accepted: true, build: 'v2', reason: 'build v2 carries it out from now on' });
    expect(await nextOne()).toBe(afterwards(wordsOf(views)));
  });

  test.each(['moved', 'its runner lost, and moved then'])('%s', async (how) => {
    await come(moment);
    if (how === 'moved') played.send('move', { ...diego, to: ANOTHER_RUNNER });
    else played.lost.add(RUNNER);
    await agree();
    await settle();
    const views = await agree();
    expect(views.status.outcome).toBe(moment.elsewhere);
    expect(await nextOne()).toBe(afterwards(wordsOf(views)));
  });
});

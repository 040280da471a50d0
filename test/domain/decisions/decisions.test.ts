import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandFor } from '../../../src/domain/decisions/answers.js';
import type { Approvals } from '../../../src/domain/decisions/approvals.js';
import { hasChanged, judgeDecision, openQuestion, plannedOption } from '../../../src/domain/decisions/decisions.js';
import type { Demands } from '../../../src/domain/decisions/demands.js';
import { whyNotOfBuild, whyNotOnBuild } from '../../../src/domain/decisions/moves.js';
import { readDecision } from '../../../src/domain/decisions/read-decision.js';
import { admitClaim, take } from '../../../src/domain/decisions/take.js';
import { DECISION_KINDS, DECISIONS, type DecisionKind, signalHelp } from '../../../src/domain/ledger/decision-kinds.js';
import type {
  Decision,
  DecisionRecord,
  Ledger,
  RollbackKind,
  RollbackRecord,
} from '../../../src/domain/ledger/ledger.js';
import { backupName } from '../../../src/domain/rollback/backup-name.js';
import type { Criterion } from '../../../src/domain/watch/criteria.js';
import { asSaid, saidInDecision } from '../../../src/policy/said-in-decision.js';
import { ledgerWith, PROPOSED, questionWith, START } from '../../client/ledgers.js';

const approvals: Approvals = {
  roles: ['qa', 'dba'].map((role) => ({ role, title: role, statement: role })),
  roster: [
    { id: 'ana', name: 'Ana', roles: ['qa', 'lead'] },
    { id: 'bob', name: 'Bob', roles: ['qa', 'dba'] },
    { id: 'carla', name: 'Carla', roles: ['dba'] },
    { id: 'diego', name: 'Diego', roles: ['devops', 'qa'] },
  ],
  selfApproval: false,
  onePersonManyRoles: false,
};

const decide = (kind: DecisionKind, who: string, role: string, parts: Partial<Decision> = {}): Decision => ({
  kind,
  who,
  role,
  ...(kind === 'approve' ? { digest: PROPOSED } : {}),
  ...parts,
});
const say = (ledger: Ledger, decision: Decision, plan: Partial<Approvals> = {}) =>
  judgeDecision(ledger, { ...approvals, ...plan }, decision);
const recordOf = (decision: Decision): DecisionRecord => ({
  ...decision,
  at: START,
  via: 'signal',
  accepted: true,
  reason: '',
});
/** Judges, and takes what is accepted: what the workflow does with each decision. */
const tell = (ledger: Ledger, decision: Decision) => {
  const judgement = say(ledger, decision);
  if (judgement.accepted) take(ledger, recordOf(decision));
  return judgement;
};

const signOffs = questionWith({
  kind: 'approvals',
  id: 'sign-offs',
  roles: ['qa', 'dba'],
  moves: ['approve', 'reject'],
});
const failed = (id: string) =>
  questionWith({ kind: 'step-failed', id, roles: ['devops', 'dba'], moves: ['retry', 'skip', 'abort'] });
const concern = (id: string) => questionWith({ kind: 'concern', id, roles: ['devops'], moves: ['resume', 'rollback'] });
const changed = { codeDeployed: true, migrated: false, maintenance: false };
/** Where production was is certain: all three have seen it. */
const certain = { ...changed, migrated: true, found: { version: 'v1', revision: 'old' }, migratedFrom: 'old' };
const eligibility = { migration: true, code: true, reasons: [], wentBackTo: 'old' };
const rollback: RollbackRecord = {
  option: 'code',
  workflowId: 'w',
  trigger: { kind: 'person', who: 'ana', text: '' },
  reasons: [],
  startedAt: START,
  steps: [],
  estimate: 0,
};
const rollbackFailed = questionWith({
  kind: 'rollback-failed',
  id: 'rollback',
  roles: ['devops'],
  moves: ['retry', 'rollback', 'skip'],
});

const closedWindow = questionWith({
  kind: 'window',
  id: 'production.window',
  roles: ['devops'],
  moves: ['override'],
});

const refused = (reason: string) => ({ accepted: false, reason: expect.stringContaining(reason) });
const accepted = (reason: string) => ({ accepted: true, reason });

/** One decision of each kind that would be accepted, and where. */
const welcome: Record<DecisionKind, { ledger: () => Ledger; decision: Decision; reason: string }> = {
  approve: {
    ledger: () => ledgerWith({ startedBy: 'eva', questions: [{ ...signOffs }] }),
    decision: decide('approve', 'ana', 'qa'),
    reason: 'signed off as qa',
  },
  reject: {
    ledger: () => ledgerWith({ questions: [{ ...signOffs }] }),
    decision: decide('reject', 'ana', 'qa', { why: 'old schema' }),
    reason: 'rejected: the deployment stops',
  },
  confirm: {
    ledger: () => ledgerWith({ questions: [questionWith({})] }),
    decision: decide('confirm', 'ana', 'qa'),
    reason: 'confirm: manual-validation',
  },
  move: {
    ledger: () => ledgerWith({ runner: `surefoot@${'0'.repeat(16)}` }),
    decision: decide('move', 'diego', 'devops', { to: 'f'.repeat(16), why: 'the machine is gone' }),
    reason: `its commands run on runner ${'f'.repeat(16)} from now on`,
  },
  hold: {
    ledger: () => ledgerWith(),
    decision: decide('hold', 'diego', 'devops'),
    reason: 'held before the next step',
  },
  resume: {
    ledger: () => ledgerWith({ held: recordOf(decide('hold', 'diego', 'devops')) }),
    decision: decide('resume', 'diego', 'devops'),
    reason: 'goes on',
  },
  retry: {
    ledger: () => ledgerWith({ questions: [failed('staging.health')] }),
    decision: decide('retry', 'diego', 'devops'),
    reason: 'retry: staging.health',
  },
  skip: {
    ledger: () => ledgerWith({ questions: [failed('staging.health')] }),
    decision: decide('skip', 'diego', 'devops', { why: 'known' }),
    reason: 'skip: staging.health',
  },
  override: {
    ledger: () => ledgerWith({ questions: [{ ...closedWindow }] }),
    decision: decide('override', 'diego', 'devops', { why: 'the fix cannot wait' }),
    reason: 'override: production.window',
  },
  abort: {
    ledger: () => ledgerWith(),
    decision: decide('abort', 'diego', 'devops', { why: 'postponed' }),
    reason: 'stopped',
  },
  rollback: {
    ledger: () => ledgerWith({ production: changed }),
    decision: decide('rollback', 'diego', 'devops', { why: 'complaints' }),
    reason: 'production is rolled back',
  },
};

describe.each(DECISIONS)('%s', (kind) => {
  const { ledger, decision, reason } = welcome[kind];

  test('is accepted where it is called for', () => expect(say(ledger(), decision)).toEqual(accepted(reason)));

  test('is refused to somebody who is not on the roster', () =>
    expect(say(ledger(), { ...decision, who: 'mallory' })).toEqual(
      refused("mallory is not on the plan's roster (ana, bob, carla, diego)"),
    ));

  test('names a revision only where it is a rollback', () => {
    if (kind === 'rollback') return; // names it with the options that go back to one
    expect(say(ledger(), { ...decision, revision: 'base' })).toEqual(
      refused('a revision is named with a rollback, and with no other decision'),
    );
  });

  test('is refused in a role that the person does not have', () =>
    expect(say(ledger(), { ...decision, who: 'carla', role: 'devops' })).toEqual(
      refused('carla does not have the role devops (has: dba)'),
    ));

  test('is refused with another digest, and accepted with the present one', () => {
    if (decision.kind === 'approve') return; // names what it approves instead
    expect(say(ledger(), { ...decision, digest: 'e'.repeat(64) })).toEqual(refused('the digest is not the one'));
    expect(say(ledger(), { ...decision, digest: '' })).toEqual(refused('the digest is not the one'));
    expect(say(ledger(), { ...decision, digest: 'd'.repeat(64) })).toEqual(accepted(reason));
  });

  test('is refused when it is about another deployment, as when it is sent a second time to a later one', () => {
    expect(say(ledger(), { ...decision, deployment: 'shop-20251101-080000-ffff' })).toEqual(
      refused('it is about shop-20251101-080000-ffff, and this is shop-20251124-120000-ab12'),
    );
    expect(say(ledger(), { ...decision, deployment: ledger().deployment })).toEqual(accepted(reason));
  });

  test('is refused when the deployment has ended', () =>
    expect(say({ ...ledger(), outcome: 'succeeded' }, decision)).toEqual(
      refused('the deployment has already ended: succeeded'),
    ));

  test('is refused when the deployment is already being stopped, unless it stops it too, or moves it', () => {
    const stopped = { ...ledger(), stop: recordOf(decide('abort', 'bob', 'dba')) };
    const counts: Partial<Record<DecisionKind, string>> = {
      abort: 'already being stopped: abort by bob',
      rollback: reason,
      move: reason,
    };
    const judged = say(stopped, decision);
    expect(judged).toEqual(counts[kind] ? accepted(counts[kind]) : refused('already being stopped: abort by bob'));
  });

  test('is refused where nothing asks for it', () => {
    const idle = ledgerWith();
    if (kind === 'hold' || kind === 'abort') idle.rollback = rollback;
    expect(say(idle, decision).accepted).toBe(false);
  });

  test('is refused when it is said a second time', () => {
    const now = ledger();
    expect(tell(now, decision).accepted).toBe(true);
    // What has not begun to work may be said again, by others and otherwise.
    expect(tell(now, decision).accepted).toBe(kind === 'abort' || kind === 'rollback');
  });
});

describe('a stop that has not begun to work', () => {
  const changed = () => ledgerWith({ production: { codeDeployed: true, migrated: false, maintenance: false } });
  const abort = decide('abort', 'diego', 'devops', { why: 'enough' });
  const backBy = (option: RollbackKind) => decide('rollback', 'bob', 'dba', { why: 'customers wait', option });

  test('gives way to the way back that somebody names, and the last one counts', () => {
    const ledger = changed();
    for (const said of [abort, backBy('full'), backBy('code')]) expect(tell(ledger, said).accepted).toBe(true);
    expect(ledger.stop).toMatchObject({ kind: 'rollback', who: 'bob', option: 'code' });
  });

  test('is not taken back by an abort: what somebody has chosen stands', () => {
    const ledger = changed();
    tell(ledger, backBy('code'));
    expect(tell(ledger, abort)).toEqual(accepted('already being stopped: rollback by bob'));
    expect(ledger.stop).toMatchObject({ kind: 'rollback', option: 'code' });
  });

  test('is heard also when the way forward has ended, until a rollback begins', () => {
    const ending = { ...changed(), ending: 'abort by diego' };
    expect(say(ending, backBy('code'))).toEqual(accepted('production is rolled back'));
    expect(say({ ...ending, rollback }, backBy('code'))).toEqual(refused('a rollback is already under way'));
    expect(say(ending, abort)).toEqual(refused('already being stopped: abort by diego'));
  });
});

describe('a move', () => {
  const to = 'f'.repeat(16);
  const at = (parts: Partial<Ledger> = {}) => ledgerWith({ runner: `surefoot@${'0'.repeat(16)}`, ...parts });
  const move = (parts: Partial<Decision> = {}) => decide('move', 'diego', 'devops', { to, why: 'gone', ...parts });

  test.each<[string, Partial<Ledger>, Partial<Decision>, string]>([
    ['no runner', {}, { to: undefined }, 'say where to'],
    ['what is no identity', {}, { to: 'ci-runner-4' }, '"ci-runner-4" is no runner\'s identity'],
    ['the same runner', { runner: `surefoot@${to}` }, {}, `its commands run on runner ${to} already`],
    ['before one has admitted it', { runner: undefined }, {}, 'no runner has admitted the deployment yet'],
    ['without a reason', {}, { why: undefined }, 'say why it is moved'],
    ['while another is looked at', { claims: [recordOf(move({ to: 'e'.repeat(16) }))] }, {}, 'is being looked at'],
    ['both a runner and a build', {}, { build: 'b2' }, 'to a runner or to a build: say one of them'],
    ['a build, and no reason', {}, { to: undefined, build: 'b2', why: undefined }, 'say why it is moved'],
  ])('is refused with %s', (_, parts, said, reason) => expect(say(at(parts), move(said))).toEqual(refused(reason)));

  test('counts whatever the deployment is about, also in the middle of a rollback', () => {
    for (const parts of [{ stop: recordOf(decide('abort', 'bob', 'dba')) }, { ending: 'a breach', rollback }])
      expect(say(at(parts), move()).accepted).toBe(true);
  });

  test('to a build counts at any time, also before a runner has admitted it', () => {
    const reason = 'build b2 carries it out from now on';
    for (const parts of [{ runner: undefined }, { ending: 'a breach', rollback }])
      expect(say(at(parts), move({ to: undefined, build: 'b2' }))).toEqual({ accepted: true, reason });
  });

  test('to a runner does not wait for one to a build, whose signature is looked at', () => {
    const claims = [recordOf(move({ to: undefined, build: 'b2' }))];
    expect(say(at({ claims }), move()).accepted).toBe(true);
  });

  test('to a build is written down by that one, and by no other', () => {
    expect(whyNotOnBuild('b2', 'b2')).toBeUndefined();
    expect(whyNotOnBuild('b2', 'b1')).toContain('build b1 carries it out, and to say so changes nothing');
    expect(whyNotOnBuild('b2', undefined)).toContain('a worker without a build carries it out');
  });

  test('to a runner counts when a worker of the deployment’s own build has answered there', () => {
    const why = (answered?: string, own?: string) => whyNotOfBuild(to, { answered, own });
    expect(why('b1', 'b1')).toBeUndefined();
    expect(why()).toBeUndefined();
    expect(why('b2', 'b1')).toContain(
      `the worker of runner ${to} is of build b2, and build b1 carries the deployment out`,
    );
    expect(why('b2', 'b1')).toContain('`surefoot worker --build-id b1 --state DIR`');
    expect(why(undefined, 'b1')).toContain('names no build');
    expect(why('b2')).toContain('needs a worker without one');
  });
});

describe('a sign-off', () => {
  const asked = (parts: Partial<Ledger> = {}) =>
    ledgerWith({ startedBy: 'eva', questions: [{ ...signOffs }], ...parts });
  const qaBy = (who: string) => [{ role: 'qa', who, at: START, digest: PROPOSED }];

  test('names what it approves, by the digest or its first twelve characters', () => {
    const without = { ...decide('approve', 'ana', 'qa'), digest: undefined };
    expect(say(asked(), without)).toEqual(refused('name the digest of what you approve: aaaaaaaaaaaa'));
    expect(say(asked(), { ...without, digest: 'aaaaaaaaaaa' }).accepted).toBe(false);
    expect(say(asked(), { ...without, digest: 'aaaaaaaaaaaa' }).accepted).toBe(true);
  });

  test('is refused when what it approves has changed since', () =>
    expect(say(asked(), decide('approve', 'ana', 'qa', { digest: 'b'.repeat(64) }))).toEqual(
      refused('bbbbbbbbbbbb is not what is asked for: look again and approve aaaaaaaaaaaa'),
    ));

  test('needs a signature where the plan says so, and then waits for its verification', () => {
    const signed = { signed: true };
    expect(say(asked(), decide('approve', 'ana', 'qa'), signed)).toEqual(refused('signed approvals only'));
    const ledger = asked();
    const claim = recordOf(decide('approve', 'ana', 'qa', { signature: 's' }));
    expect(say(ledger, claim, signed).accepted).toBe(true);
    take(ledger, claim);
    expect(ledger.approvals).toEqual([]);
    expect(ledger.claims).toEqual([claim]);
    expect(admitClaim(ledger, { ...approvals, ...signed }, claim).accepted).toBe(true);
    expect(ledger.approvals).toMatchObject([{ role: 'qa', who: 'ana', signed: true, digest: PROPOSED }]);
    expect(admitClaim(ledger, { ...approvals, ...signed }, claim).accepted).toBe(false);
  });

  test('is refused while none is asked for', () =>
    expect(say(ledgerWith({ startedBy: 'eva' }), decide('approve', 'ana', 'qa'))).toEqual(
      refused('no sign-off is being asked for now'),
    ));

  test('is refused for a role that signs nothing off', () =>
    expect(say(asked(), decide('approve', 'ana', 'lead'))).toEqual(refused('no sign-off of the role lead is needed')));

  test('is refused for a role that has been signed off, whoever did', () => {
    const signed = asked({ approvals: qaBy('ana') });
    expect(say(signed, decide('approve', 'ana', 'qa'))).toEqual(refused('qa has already been signed off by ana'));
    expect(say(signed, decide('approve', 'diego', 'qa'))).toEqual(refused('qa has already been signed off by ana'));
  });

  test('is refused in a second role, unless the plan lets one person fill many', () => {
    const signed = asked({ approvals: qaBy('bob') });
    expect(say(signed, decide('approve', 'bob', 'dba'))).toEqual(refused('bob has already signed off as qa'));
    expect(say(signed, decide('approve', 'bob', 'dba'), { onePersonManyRoles: true }).accepted).toBe(true);
  });

  test('is refused to whoever started the deployment, unless the plan allows it', () => {
    const own = asked({ startedBy: 'ana' });
    expect(say(own, decide('approve', 'ana', 'qa'))).toEqual(refused('ana started this deployment and cannot approve'));
    expect(say(own, decide('approve', 'ana', 'qa'), { selfApproval: true }).accepted).toBe(true);
  });

  test('is refused to a person who alone can fill another role that is open', () => {
    const roster = approvals.roster.filter(({ id }) => id !== 'carla');
    expect(say(asked(), decide('approve', 'bob', 'qa'), { roster })).toEqual(
      refused('bob is needed for another role: nobody else is left for dba'),
    );
    expect(say(asked(), decide('approve', 'bob', 'dba'), { roster }).accepted).toBe(true);
  });

  test('counts whoever started the deployment as nobody when it looks for the others', () =>
    expect(say(asked({ startedBy: 'carla' }), decide('approve', 'bob', 'qa'))).toEqual(refused('nobody else is left')));

  test('in any order that is accepted leaves every role to somebody', () => {
    const roles = ['qa', 'dba', 'devops', 'lead'];
    const people = fc
      .array(fc.subarray(roles, { minLength: 1 }), { minLength: 4, maxLength: 6 })
      .map((all) => all.map((has, n) => ({ id: `p${n}`, name: `P${n}`, roles: has })));
    const tries = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.constantFrom(...roles)), { maxLength: 20 });
    fc.assert(
      fc.property(people, tries, (roster, attempts) => {
        const plan = { roster, roles: roles.map((role) => ({ role, title: role, statement: role })) };
        const question = { ...signOffs, roles };
        const everything = (ledger: Ledger) => {
          for (let before = -1; before !== ledger.approvals.length; ) {
            before = ledger.approvals.length;
            for (const { id, roles: has } of roster)
              for (const role of has) {
                const decision = decide('approve', id, role);
                if (say(ledger, decision, plan).accepted) take(ledger, recordOf(decision));
              }
          }
          return ledger.approvals.length;
        };
        const best = everything(asked({ questions: [question] }));
        const ledger = asked({ questions: [question] });
        for (const [who, role] of attempts) {
          const decision = decide('approve', `p${who}`, role);
          if (say(ledger, decision, plan).accepted) take(ledger, recordOf(decision));
        }
        const filled = everything(ledger);
        if (best === roles.length) expect(filled).toBe(roles.length);
        expect(new Set(ledger.approvals.map(({ who }) => who)).size).toBe(filled);
        expect(new Set(ledger.approvals.map(({ role }) => role)).size).toBe(filled);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a rejection', () => {
  const asked = ledgerWith({ questions: [signOffs] });

  test('needs a reason', () => {
    expect(say(asked, decide('reject', 'ana', 'qa'))).toEqual(refused('say why it is rejected'));
  });

  test('comes from a role that signs off', () =>
    expect(say(asked, decide('reject', 'ana', 'lead', { why: 'no' }))).toEqual(
      refused('the role lead signs nothing off'),
    ));

  test('is open to whoever started the deployment, and to a role that has signed off', () => {
    const signed = { ...asked, approvals: [{ role: 'qa', who: 'diego', at: START, digest: PROPOSED }] };
    expect(say(signed, decide('reject', 'ana', 'qa', { why: 'old schema' })).accepted).toBe(true);
  });
});

describe('an answer', () => {
  const two = () => ledgerWith({ questions: [failed('staging.health'), failed('staging.logs')] });

  test('names its question where several are open', () => {
    expect(say(two(), decide('retry', 'diego', 'devops'))).toEqual(
      refused('say which one: staging.health, staging.logs'),
    );
    expect(say(two(), decide('retry', 'diego', 'devops', { subject: 'soak' }))).toEqual(
      refused('soak is not waiting; open: staging.health, staging.logs'),
    );
    const ledger = two();
    expect(tell(ledger, decide('retry', 'diego', 'devops', { subject: 'staging.logs' })).accepted).toBe(true);
    expect(ledger.questions.map(({ answer }) => answer?.kind)).toEqual([undefined, 'retry']);
  });

  test('comes from a role that is asked', () =>
    expect(say(ledgerWith({ questions: [failed('soak')] }), decide('retry', 'ana', 'qa'))).toEqual(
      refused('soak is answered by: devops, dba'),
    ));

  test('is one of the moves that are offered', () => {
    const questions = [{ ...failed('soak'), moves: ['skip' as const] }];
    expect(say(ledgerWith({ questions }), decide('retry', 'diego', 'devops'))).toEqual(
      refused('possible moves for soak: skip'),
    );
  });

  test('does not go to a question of another kind', () =>
    expect(say(ledgerWith({ questions: [failed('soak')] }), decide('confirm', 'diego', 'devops'))).toEqual(
      refused('nothing is waiting for "confirm"'),
    ));

  test('is not changed by a second one in the same moment', () => {
    const ledger = ledgerWith({ questions: [failed('soak')] });
    tell(ledger, decide('retry', 'diego', 'devops'));
    expect(tell(ledger, decide('skip', 'carla', 'dba', { why: 'known' }))).toEqual(
      refused('nothing is waiting for "skip"'),
    );
    expect(ledger.questions[0]?.answer?.kind).toBe('retry');
  });

  test('that skips needs a reason', () =>
    expect(say(ledgerWith({ questions: [failed('soak')] }), decide('skip', 'diego', 'devops'))).toEqual(
      refused('say why it is skipped'),
    ));
});

describe('holding and resuming', () => {
  const held = recordOf(decide('hold', 'bob', 'dba'));
  const resume = (subject?: string) => decide('resume', 'diego', 'devops', { subject });

  test('a deployment is held once', () =>
    expect(say(ledgerWith({ held }), decide('hold', 'diego', 'devops'))).toEqual(refused('already held by bob')));

  test('a rollback is not held', () =>
    expect(say(ledgerWith({ rollback }), decide('hold', 'diego', 'devops'))).toEqual(
      refused('a rollback is under way and is not held'),
    ));

  test('resuming nothing is refused', () =>
    expect(say(ledgerWith(), resume())).toEqual(refused('nothing is held and no concern is open')));

  test('resuming settles the one concern that is open', () => {
    const ledger = ledgerWith({ questions: [concern('cpu')] });
    expect(tell(ledger, resume())).toEqual(accepted('carried on despite the concern'));
    expect(ledger.questions[0]?.answer?.who).toBe('diego');
  });

  test('resuming says which where there are several concerns, or one and a hold', () => {
    expect(say(ledgerWith({ questions: [concern('cpu'), concern('p95')] }), resume())).toEqual(
      refused('say which one: cpu, p95'),
    );
    expect(say(ledgerWith({ held, questions: [concern('cpu')] }), resume())).toEqual(
      refused('say which one: hold, cpu'),
    );
  });

  test('resuming a concern leaves the hold, and the other way round', () => {
    const ledger = ledgerWith({ held, questions: [concern('cpu')] });
    expect(tell(ledger, resume('cpu')).accepted).toBe(true);
    expect(ledger.held).toBe(held);
    const other = ledgerWith({ held, questions: [concern('cpu')] });
    expect(tell(other, resume('hold')).accepted).toBe(true);
    expect(other.held).toBeUndefined();
    expect(other.questions[0]?.answer).toBeUndefined();
  });

  test('resuming a concern that is not open never releases a hold', () =>
    expect(say(ledgerWith({ held }), resume('cpu'))).toEqual(refused('cpu is not waiting; open: hold')));
});

describe('while people choose how production goes back', () => {
  const chosen = questionWith({
    kind: 'rollback-choice',
    id: 'rollback',
    roles: ['devops'],
    moves: ['rollback', 'confirm'],
  });
  const none = questionWith({
    kind: 'rollback-failed',
    id: 'rollback',
    roles: ['devops'],
    moves: ['rollback', 'skip'],
  });

  test.each([
    [
      'hold',
      chosen,
      'production is about to be rolled back, and that is not held: what can be decided is rollback, confirm',
    ],
    ['abort', chosen, 'production is about to be rolled back: what can be decided is rollback, confirm'],
    [
      'hold',
      none,
      'production is about to be rolled back, and that is not held: what can be decided is rollback, skip',
    ],
    ['abort', none, 'production is about to be rolled back: what can be decided is rollback, skip'],
  ] as const)('%s has no effect any more, and is refused with what has', (kind, question, reason) => {
    const ledger = ledgerWith({ production: changed, ending: 'errors at 12 %', questions: [question] });
    expect(tell(ledger, decide(kind, 'diego', 'devops', { why: 'an incident elsewhere' }))).toEqual(refused(reason));
    expect([ledger.held, ledger.stop]).toEqual([undefined, undefined]);
  });
});

describe('stopping', () => {
  test('an abort needs a reason, and says when it rolls back', () => {
    expect(say(ledgerWith(), decide('abort', 'diego', 'devops'))).toEqual(refused('say why it is aborted'));
    const abort = decide('abort', 'diego', 'devops', { why: 'postponed' });
    expect(say(ledgerWith({ production: changed }), abort)).toEqual(
      accepted('production has changed: it is rolled back'),
    );
    expect(say(ledgerWith({ rollback }), abort)).toEqual(refused('a rollback is under way: it is finished first'));
  });

  const back = decide('rollback', 'diego', 'devops', { why: 'complaints' });

  test('a rollback needs a production that has changed, and a reason', () => {
    expect(say(ledgerWith(), back)).toEqual(refused('production has not been changed yet; use abort'));
    expect(say(ledgerWith({ production: { ...changed, codeDeployed: false, migrated: true } }), back).accepted).toBe(
      true,
    );
    expect(say(ledgerWith({ production: changed }), { ...back, why: undefined })).toEqual(
      refused('say why production is rolled back'),
    );
  });

  test('a rollback during a rollback is refused, with what can be said instead', () => {
    const ledger = ledgerWith({ production: changed, rollback });
    const beside = `a rollback is already under way (${rollback.option}), and no other begins beside it`;
    expect(say(ledger, back)).toEqual(refused(`${beside}: if it fails, people are asked for the next one`));
    const waits = { ...ledger, questions: [{ ...rollbackFailed, kind: 'step-failed', moves: ['retry', 'skip'] }] };
    expect(say(waits as Ledger, back)).toEqual(refused(`${beside}: what can be decided is retry, skip`));
  });

  test('a rollback that failed is answered with a retry, another rollback, or standing by', () => {
    for (const kind of ['retry', 'rollback', 'skip'] as const) {
      const stop = recordOf(back);
      const questions = [{ ...rollbackFailed }];
      const ledger = ledgerWith({ production: certain, eligibility, rollback, stop, questions });
      const decision = decide(kind, 'diego', 'devops', { why: 'see ticket', option: 'full' });
      expect(tell(ledger, decision).accepted).toBe(true);
      expect(ledger.questions[0]?.answer).toMatchObject({ kind, option: 'full' });
      expect(ledger.stop).toBe(stop);
    }
  });

  test('an answer to a rollback that failed takes a role that is asked, a move that is offered, and a reason', () => {
    const asked = (moves: DecisionKind[] = ['retry', 'rollback', 'skip']) =>
      ledgerWith({ production: changed, rollback, questions: [{ ...rollbackFailed, moves }] });
    const code = decide('rollback', 'diego', 'devops', { why: 'see ticket', option: 'code' });
    expect(say(asked(), code).accepted).toBe(true);
    expect(say(asked(), { ...code, role: 'qa' })).toEqual(refused('rollback is answered by: devops'));
    expect(say(asked(['retry']), code)).toEqual(refused('possible moves for rollback: retry'));
    expect(say(asked(), { ...code, why: undefined })).toEqual(refused('say why this way back is taken'));
  });

  test('another rollback after one has failed is named: the one that failed is not taken to be meant', () => {
    const ledger = ledgerWith({ production: changed, rollback, questions: [{ ...rollbackFailed }] });
    expect(say(ledger, back)).toEqual(
      refused('say which one: option migration, code, full, restore; retry goes on with the one that failed'),
    );
    expect(say(ledger, decide('retry', 'diego', 'devops', { why: 'see ticket' })).accepted).toBe(true);
  });

  test('where no rollback is proven to be safe, an answer says which one', () => {
    const questions = [{ ...rollbackFailed, moves: ['rollback' as const, 'skip' as const] }];
    const ledger = ledgerWith({ production: changed, questions });
    expect(say(ledger, back)).toEqual(refused('say which one: option migration, code, full, restore'));
    expect(say(ledger, { ...back, option: 'code' }).accepted).toBe(true);
  });

  test('where it is not certain which revision to go back to, an answer that downgrades names one that was seen', () => {
    const questions = [{ ...rollbackFailed }];
    const asked = (production: Partial<typeof certain>) =>
      ledgerWith({ production: { ...certain, ...production }, eligibility, rollback, questions });
    const full = { ...back, option: 'full' as const };
    expect(say(asked({}), full).accepted).toBe(true);
    for (const production of [{ migratedFrom: undefined }, { migratedFrom: 'odd' }, { found: undefined }]) {
      const ledger = asked(production as Partial<typeof certain>);
      expect(say(ledger, full)).toEqual(refused('it is not certain which revision to go back to'));
      expect(say(ledger, { ...full, option: 'migration' }).accepted).toBe(false);
      expect(say(ledger, { ...full, option: 'code' }).accepted).toBe(true);
      expect(say(ledger, { ...full, revision: 'old' }).accepted).toBe(true);
      expect(say(ledger, { ...full, revision: 'base' })).toEqual(
        refused('base is none of the revisions that were seen'),
      );
    }
  });

  test('a revision is named for a downgrade only, also before one has failed', () => {
    const ledger = ledgerWith({ production: certain, eligibility });
    expect(say(ledger, { ...back, revision: 'old' })).toEqual(refused('a revision is named with the options'));
    expect(say(ledger, { ...back, option: 'code', revision: 'old' }).accepted).toBe(false);
    expect(say(ledger, { ...back, option: 'full', revision: 'old' }).accepted).toBe(true);
    expect(say(ledger, { ...back, option: 'full', revision: 'other' }).accepted).toBe(false);
  });

  test('a restore is refused before a rollback has failed, and without a backup', () => {
    const restore = { ...back, option: 'restore' as const };
    const production = { ...changed, backup: { location: 'l', sha256: 's' } };
    const chosen = questionWith({ kind: 'rollback-choice', id: 'rollback', roles: ['devops'], moves: ['rollback'] });
    const early = refused('a restore is offered only when a rollback has failed');
    expect(say(ledgerWith({ production }), restore)).toEqual(early);
    expect(say(ledgerWith({ production, questions: [chosen] }), restore)).toEqual(early);
    const failed = { rollback, questions: [{ ...rollbackFailed }] };
    expect(say(ledgerWith({ production, ...failed }), restore).accepted).toBe(true);
    expect(say(ledgerWith({ production: changed, ...failed }), restore)).toEqual(refused('there is no backup'));
  });

  test('a signed restore says of which backup, and it is the one from before the deploy', () => {
    const restore = { ...back, option: 'restore' as const, envelope: 'sealed' };
    const own = { location: '/backups/before.dump', sha256: 's' };
    const demands: Demands = { signed: ['start', 'approve', 'rollback'], people: [], approve: [], roles: {} };
    const about = { production: { ...changed, backup: own }, rollback, questions: [{ ...rollbackFailed }] };
    const ledger = ledgerWith({ ...about, demands });
    const unnamed = refused(
      'name the backup that is restored: the one from before the deploy is /backups/before.dump (s)',
    );
    expect(say(ledger, restore)).toEqual(unnamed);
    expect(say(ledger, { ...restore, backup: '/backups/another.dump (s)' })).toEqual(unnamed);
    const said = saidInDecision(restore, ledger);
    expect(said.backup).toBe('/backups/before.dump (s)');
    expect(say(ledger, asSaid(restore, said)).accepted).toBe(true);
    expect(say(ledgerWith(about), { ...restore, backup: '/backups/another.dump (s)' })).toEqual(unnamed);
  });

  test('no two backups have one name', () => {
    const text = () => fc.string({ unit: fc.constantFrom(...'a ()[]",') });
    const backup = () => fc.record({ location: text(), sha256: text() });
    fc.assert(
      fc.property(backup(), backup(), (one, other) => {
        if (backupName(one) === backupName(other)) expect(one).toEqual(other);
      }),
      { numRuns: 2_000 },
    );
    const [odd, plain] = [
      { location: 'a', sha256: 'b (c)' },
      { location: 'a (b', sha256: 'c)' },
    ];
    expect(backupName(odd)).not.toBe(backupName(plain));
    expect(backupName({ location: 'a', sha256: '' })).not.toBe(backupName({ location: 'a', sha256: 'no checksum' }));
  });

  test('maintenance mode alone is nothing to undo', () =>
    expect(hasChanged(ledgerWith({ production: { codeDeployed: false, migrated: false, maintenance: true } }))).toBe(
      false,
    ));
});

describe('a stop without an option, while concerns are open', () => {
  const criteria = [
    { id: 'cpu', rollback: 'code' },
    { id: 'p95', rollback: 'code' },
    { id: 'rows', rollback: 'full' },
    { id: 'logs' },
  ] as Criterion[];
  const planned = (open: string[], subject?: string) =>
    plannedOption(ledgerWith({ questions: [failed('soak'), ...open.map(concern)] }), criteria, { subject });

  test('takes the option that the plan has for the one that it names, or the only one', () => {
    expect(planned(['cpu'])).toBe('code');
    expect(planned(['cpu', 'rows'], 'rows')).toBe('full');
    expect(planned(['cpu', 'rows'], 'soak')).toBeUndefined();
  });

  test('takes the one that all have, and none when they differ or have none', () => {
    expect(planned(['cpu', 'p95'])).toBe('code');
    expect(planned(['cpu', 'rows'])).toBeUndefined();
    expect(planned(['logs'])).toBeUndefined();
    expect(planned([])).toBeUndefined();
  });
});

describe('approve, override and skip are different acts', () => {
  const ledger = () => ledgerWith({ questions: [{ ...closedWindow }] });

  test('a window is neither skipped nor confirmed', () => {
    for (const kind of ['skip', 'confirm', 'retry'] as const)
      expect(say(ledger(), decide(kind, 'diego', 'devops', { why: 'x' }))).toEqual(refused('nothing is waiting'));
  });

  test('an override opens nothing but a window', () => {
    const others = ledgerWith({ questions: [failed('staging.health'), questionWith({}), { ...signOffs }] });
    expect(say(others, decide('override', 'diego', 'devops', { why: 'x' }))).toEqual(refused('nothing is waiting'));
  });

  test('an override takes a reason, and a role that the plan names', () => {
    expect(say(ledger(), decide('override', 'diego', 'devops'))).toEqual(refused('say why the window is overridden'));
    expect(say(ledger(), decide('override', 'ana', 'qa', { why: 'x' }))).toEqual(
      refused('production.window is answered by: devops'),
    );
  });

  test('a confirmation is skipped only where the plan lets people decline it', () => {
    const asked = (moves: DecisionKind[]) => ledgerWith({ questions: [questionWith({ moves })] });
    const decline = decide('skip', 'ana', 'qa', { why: 'not today' });
    expect(say(asked(['confirm']), decline)).toEqual(refused('possible moves for manual-validation: confirm'));
    expect(say(asked(['confirm', 'skip']), decline)).toEqual(accepted('skip: manual-validation'));
  });

  test('what was judged is what is taken, also with other questions open', () => {
    const both = ledgerWith({ questions: [{ ...closedWindow }, questionWith({})] });
    take(both, recordOf(decide('override', 'diego', 'devops', { why: 'x' })));
    take(both, recordOf(decide('confirm', 'ana', 'qa')));
    expect(both.questions.map(({ answer }) => answer?.kind)).toEqual(['override', 'confirm']);
  });
});

describe('taking a decision', () => {
  test.each(DECISIONS)('%s changes the ledger in its own place only', (kind) => {
    const places: Record<DecisionKind, keyof Ledger> = {
      approve: 'approvals',
      reject: 'stop',
      confirm: 'questions',
      hold: 'held',
      resume: 'held',
      retry: 'questions',
      skip: 'questions',
      override: 'questions',
      move: 'claims',
      abort: 'stop',
      rollback: 'stop',
    };
    const ledger = welcome[kind].ledger();
    const before = structuredClone(ledger);
    take(ledger, recordOf(welcome[kind].decision));
    const touched = Object.keys({ ...before, ...ledger }).filter(
      (key) => JSON.stringify(before[key as keyof Ledger]) !== JSON.stringify(ledger[key as keyof Ledger]),
    );
    expect(touched).toEqual([places[kind]]);
  });

  test('whose question is gone changes nothing', () => {
    const ledger = ledgerWith();
    for (const kind of ['confirm', 'retry', 'skip', 'resume'] as const)
      take(ledger, recordOf(decide(kind, 'ana', 'qa')));
    expect(ledger).toEqual(ledgerWith());
  });
});

test('the question that is meant is the one named, or the only one', () => {
  const ledger = ledgerWith({ questions: [failed('a'), failed('b'), questionWith({ id: 'c' })] });
  const find = (subject?: string) =>
    openQuestion(ledger, decide('retry', 'ana', 'qa', { subject }), ['step-failed'])?.id;
  expect([find(), find('b'), find('c'), find('d')]).toEqual([undefined, 'b', undefined, undefined]);
});

describe('reading what was sent', () => {
  test('takes the fields it knows and no others', () =>
    expect(
      readDecision('hold', { who: 'ana', role: 'qa', why: 'lunch', kind: 'hold', at: 1, accepted: true, via: 'x' }),
    ).toEqual({ kind: 'hold', who: 'ana', role: 'qa', why: 'lunch' }));

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'send one JSON object'],
    ['null', null, 'send one JSON object'],
    ['a text', '{"who": "ana"}', 'send one JSON object'],
    ['a list', [{ who: 'ana', role: 'qa' }], 'send one JSON object'],
    [
      'what was said under another name',
      { kind: 'hold', who: 'ana', role: 'qa' },
      'says "kind": "hold", and was sent as approve',
    ],
    ['nobody', { role: 'qa' }, '"who" is missing'],
    ['an empty who', { who: '', role: 'qa' }, '"who" is missing'],
    ['a null who', { who: null, role: 'qa' }, '"who" is missing'],
    ['no role', { who: 'ana' }, '"role" is missing'],
    ['a number as who', { who: 7, role: 'qa' }, '"who" must be a text'],
    ['a reason that is an object', { who: 'ana', role: 'qa', why: {} }, '"why" must be a text'],
    ['a name with what cannot be seen', { who: 'a\u202ena', role: 'qa' }, '"who" holds characters that cannot be seen'],
    ['a role with a colour', { who: 'ana', role: '\u001b[31mqa' }, '"role" holds characters that cannot be seen'],
    ['a reason without end', { who: 'ana', role: 'qa', why: 'x'.repeat(2_001) }, '"why" is longer than 2000'],
    ['an option that does not exist', { who: 'ana', role: 'qa', option: 'half' }, '"option" must be one of'],
  ])('refuses %s in words', (_, sent, words) =>
    expect(readDecision('approve', sent)).toEqual({ invalid: expect.stringContaining(words) }),
  );

  test('takes out of a reason what a terminal would carry out', () =>
    expect(
      readDecision('skip', { who: 'ana', role: 'qa', why: 'ok\u001b]52;c;cm0gLXJm\u0007 by\r\nnow\u202e' }),
    ).toEqual({
      kind: 'skip',
      who: 'ana',
      role: 'qa',
      why: 'ok by\nnow',
    }));

  test('takes a blank reason for none', () =>
    expect(readDecision('skip', { who: 'ana', role: 'qa', why: ' \n\t' })).toEqual({
      kind: 'skip',
      who: 'ana',
      role: 'qa',
    }));

  test('never throws, and never makes a decision without who and role', () => {
    const fields = fc.constantFrom(
      'who',
      'role',
      'why',
      'subject',
      'digest',
      'option',
      'kind',
      '__proto__',
      'toString',
    );
    const value = fc.oneof(fc.constantFrom('ana', 'qa', '', 'full'), fc.jsonValue());
    const sent = fc.oneof(fc.jsonValue(), fc.dictionary(fields, value), fc.anything());
    fc.assert(
      fc.property(fc.constantFrom(...DECISIONS), sent, (kind, anything) => {
        const read = readDecision(kind, anything);
        if ('invalid' in read) {
          expect(read.invalid).not.toBe('');
          return;
        }
        expect(read.kind).toBe(kind);
        for (const text of [read.who, read.role]) expect(text).toEqual(expect.stringMatching(/./s));
        for (const text of Object.values(read)) expect(typeof text).toBe('string');
        expect(judgeDecision(ledgerWith(), approvals, read)).toMatchObject({ reason: expect.stringMatching(/./s) });
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('what is told of each decision', () => {
  test.each(DECISIONS)('the example of %s is one that would be read', (kind) => {
    const example = JSON.parse(signalHelp(kind).split('Input: ')[1] as string);
    expect(readDecision(kind, example)).toEqual({ ...example, kind });
  });

  test('a reason stands in the example of each that needs one, and in the command that is offered', () => {
    for (const kind of DECISIONS.filter((one) => DECISION_KINDS[one].asksWhy)) {
      expect(DECISION_KINDS[kind].example).toHaveProperty('why');
      expect(commandFor(kind, { role: 'qa' })).toContain('--why');
    }
  });
});

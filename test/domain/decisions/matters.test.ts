/** What a dialogue offers: what there is to decide, who may, and the command that says the same. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeDecision } from '../../../src/domain/decisions/decisions.js';
import { decidersUnder, knownDeciders } from '../../../src/domain/decisions/demands.js';
import {
  askedFor,
  isSignedOnly,
  type Matter,
  mattersFor,
  typedDecision,
} from '../../../src/domain/decisions/matters.js';
import { DECISION_KINDS, DECISIONS, type DecisionKind } from '../../../src/domain/ledger/decision-kinds.js';
import type { Decision, DecisionRecord } from '../../../src/domain/ledger/ledger.js';
import { ledgerWith, PROPOSED, questionWith, START } from '../../client/ledgers.js';

/** As a POSIX shell takes a command apart. */
function wordsOf(command: string): string[] {
  const script = `set -- ${command}\nprintf '%s\\0' "$@"`;
  return execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

/** The values of the flags, and what stands before them. */
function readBack(command: string) {
  const [program, kind, ...rest] = wordsOf(command);
  const first = rest.findIndex((word) => word.startsWith('--'));
  const flags: Record<string, string> = {};
  for (let at = first; at < rest.length; at += 2) flags[(rest[at] ?? '').slice(2)] = rest[at + 1] ?? 'no value';
  return { program, kind, named: rest.slice(0, first), flags };
}

const asked = (id: string, moves: DecisionKind[], roles = ['qa']) =>
  questionWith({ id, title: `About ${id}`, kind: 'step-failed', moves, roles });

describe('the command that says the same', () => {
  // What no argument of a program can hold is NUL; every word of people may be as it likes.
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
    fc.string({ unit: fc.constantFrom(...'\'"\\$`!*?[]{}()<>|&;#~= \t\n\r-a') }),
  );
  // A subject and a deployment are names, and never begin as a flag does.
  const anyName = anyText.map((text) => `n${text}`);
  const decisions: fc.Arbitrary<Decision> = fc.record(
    {
      kind: fc.constantFrom(...DECISIONS),
      who: anyText,
      role: anyText,
      why: anyText,
      subject: anyName,
      deployment: anyName,
      revision: anyText,
      to: anyText,
      option: fc.constantFrom('code' as const, 'full' as const),
    },
    { requiredKeys: ['kind', 'who', 'role'] },
  );

  test('is taken apart by a shell into what was decided, whatever people have written', () => {
    fc.assert(
      fc.property(decisions, fc.option(anyText, { nil: undefined }), (decision, key) => {
        const { kind, who, role, why, subject, deployment, option, revision, to } = decision;
        const isMove = kind === 'move';
        const named = isMove ? deployment : DECISION_KINDS[kind].namesSubject && subject;
        const flags = { as: who, role, to, option, revision, why, sign: key, ...(isMove ? {} : { deployment }) };
        expect(readBack(typedDecision(decision, key))).toEqual({
          program: 'surefoot',
          kind,
          named: named ? [named] : [],
          flags: JSON.parse(JSON.stringify(flags)),
        });
      }),
      { numRuns: 150 },
    );
  });

  test('quotes only what has to be', () => {
    const decision = { kind: 'retry', who: 'ana@example.com', role: 'dba', subject: 'staging.health' } as const;
    expect(typedDecision({ ...decision, why: "it's $HOME" })).toBe(
      `surefoot retry staging.health --as ana@example.com --role dba --why 'it'\\''s $HOME'`,
    );
  });
});

describe('what there is to decide', () => {
  const answer = { kind: 'retry', who: 'ana', role: 'qa', at: START, via: 'signal', accepted: true, reason: '' };
  const open = asked('staging.health', ['retry', 'skip']);
  const other = asked('staging.logs', ['skip']);
  const answered = { ...asked('staging.code', ['retry']), answer: answer as DecisionRecord };
  const ledger = ledgerWith({ questions: [open, other, answered] });

  test('are the open questions that such a decision answers, and what else could be said, that first', () => {
    expect(mattersFor('skip', ledger).map(({ subject, kinds }) => [subject, kinds])).toEqual([
      ['staging.health', ['skip', 'retry']],
      ['staging.logs', ['skip']],
    ]);
    expect(mattersFor('retry', ledger)).toEqual([
      { question: open, subject: 'staging.health', title: 'About staging.health', kinds: ['retry', 'skip'] },
    ]);
    expect(mattersFor('confirm', ledger)).toEqual([]);
  });

  test('is the deployment itself, for what may be said without being asked', () => {
    expect(DECISIONS.filter((kind) => mattersFor(kind, ledgerWith()).length > 0)).toEqual([
      'hold',
      'move',
      'abort',
      'rollback',
    ]);
    expect(mattersFor('abort', ledger)).toEqual([{ title: 'Shop', kinds: ['abort'] }]);
    const question = asked('way-back', ['rollback', 'retry']);
    expect(mattersFor('rollback', ledgerWith({ questions: [question] }))).toMatchObject([{ subject: 'way-back' }]);
  });

  test('is a hold before any concern, for who resumes', () => {
    const held = { who: 'diego', role: 'devops', at: START };
    const concern = asked('error-rate', ['resume']);
    const known = ledgerWith({ held: held as never, questions: [concern] });
    expect(mattersFor('resume', known).map(({ title }) => title)).toEqual(['Held by diego', 'About error-rate']);
    expect(mattersFor('resume', ledgerWith({ questions: [concern] }))).toHaveLength(1);
  });

  test('a sign-off is given or refused, and nothing else', () => {
    const signOffs = questionWith({ kind: 'approvals', id: 'sign-offs', moves: ['approve', 'reject', 'abort'] });
    expect(mattersFor('approve', ledgerWith({ questions: [signOffs] }))[0]?.kinds).toEqual(['approve', 'reject']);
    expect(mattersFor('reject', ledgerWith({ questions: [signOffs] }))[0]?.kinds).toEqual(['reject', 'approve']);
  });

  test('is nothing once the deployment has ended', () => {
    const ended = ledgerWith({ questions: [open], outcome: 'succeeded' });
    expect(DECISIONS.flatMap((kind) => mattersFor(kind, ended))).toEqual([]);
  });
});

describe('who is offered a decision', () => {
  const roster = [
    { id: 'ana', name: 'Ana', roles: ['qa', 'dba'] },
    { id: 'bia', name: 'Bia', roles: ['qa'] },
    { id: 'rui', name: 'Rui', roles: ['devops'] },
  ];
  const deciders = { roster, selfApproval: true, onePersonManyRoles: true };
  const question = questionWith({ kind: 'approvals', id: 'sign-offs', roles: ['qa', 'dba'], moves: ['approve'] });
  const matter: Matter = { question, title: 'Sign-offs', kinds: ['approve', 'reject'] };
  const approval = { role: 'qa', who: 'ana', at: START, digest: PROPOSED };
  const told = (...asking: Parameters<typeof askedFor>) =>
    askedFor(...asking).map(({ person, role, whyNot }) => [`${person} ${role}`, ...(whyNot ? [whyNot] : [])]);

  test('is everybody in a role that is asked; who cannot sign off any more is told why', () => {
    const ledger = ledgerWith({ approvals: [approval], startedBy: 'bia' });
    const all = [['ana qa'], ['ana dba'], ['bia qa']];
    const signedOff = 'qa has already been signed off by ana';
    expect(told('approve', matter, { ledger: ledgerWith(), deciders })).toEqual(all);
    expect(told('reject', matter, { ledger, deciders })).toEqual(all);
    expect(told('approve', matter, { ledger, deciders })).toEqual([
      ['ana qa', signedOff],
      ['ana dba'],
      ['bia qa', signedOff],
    ]);
    const strict = { roster, selfApproval: false, onePersonManyRoles: false };
    expect(told('approve', matter, { ledger, deciders: strict })[1]).toEqual([
      'ana dba',
      'ana has already signed off as qa; one person fills one role',
    ]);
    expect(told('approve', matter, { ledger: ledgerWith({ startedBy: 'rui' }), deciders: strict })).toEqual([
      ['ana qa', 'ana is needed for another role: nobody else is left for dba'],
      ['ana dba'],
      ['bia qa'],
    ]);
    expect(told('approve', matter, { ledger: ledgerWith({ startedBy: 'bia' }), deciders: strict })).toEqual([
      ['ana qa'],
      ['ana dba'],
      ['bia qa', 'bia started this deployment and cannot approve it'],
    ]);
  });

  test('is everybody, where nobody was asked; whom a policy does not let is told why', () => {
    const unasked: Matter = { title: 'Shop', kinds: ['abort'] };
    const demands = { signed: ['abort' as const], people: roster, approve: [], roles: { abort: ['devops'] } };
    const everybody = [['ana qa'], ['ana dba'], ['bia qa'], ['rui devops']];
    const barred = 'abort is said by devops, as the runner’s policy has it';
    expect(told('abort', unasked, { ledger: ledgerWith(), deciders })).toEqual(everybody);
    expect(told('abort', unasked, { ledger: ledgerWith({ demands }), deciders })).toEqual(
      everybody.map(([who]) => (who === 'rui devops' ? [who] : [who, barred])),
    );
    const signed = (kind: DecisionKind) => isSignedOnly(kind, { ledger: ledgerWith({ demands }) });
    expect([signed('abort'), signed('hold'), signed('approve')]).toEqual([true, false, undefined]);
  });

  test('is known by the policy where the plan cannot be read, and by nothing where there is none', () => {
    const demands = { signed: [], people: roster, approve: [], roles: {} };
    const planned = { ...deciders, roles: [] };
    expect(knownDeciders(ledgerWith(), undefined)).toBeUndefined();
    expect(knownDeciders(ledgerWith({ demands }), undefined)).toMatchObject({ roster, selfApproval: false });
    expect(knownDeciders(ledgerWith({ demands }), planned)).toMatchObject({ roster, selfApproval: false });
    expect(knownDeciders(ledgerWith(), planned)).toMatchObject({ roster, selfApproval: true });
  });

  test('is whose sign-off the deployment would take, and nobody else; the reasons are those that it would give', () => {
    const roles = fc.subarray(['qa', 'dba', 'devops'], { minLength: 1 });
    const people = ['ana', 'bia', 'rui', 'eva'];
    const situations = fc.record({
      roster: fc.tuple(...people.map((id) => roles.map((own) => ({ id, name: id, roles: own })))),
      needed: roles,
      startedBy: fc.constantFrom(...people),
      signed: fc.uniqueArray(fc.record({ role: fc.constantFrom('qa', 'dba'), who: fc.constantFrom(...people) }), {
        selector: ({ role }) => role,
      }),
      let: fc.option(roles, { nil: undefined }),
      selfApproval: fc.boolean(),
      onePersonManyRoles: fc.boolean(),
    });
    const met = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(situations, ({ needed, startedBy, signed, let: allowed, ...people }) => {
        const question = questionWith({ kind: 'approvals', id: 'sign-offs', roles: needed, moves: ['approve'] });
        const approvals = signed.map((each) => ({ ...approval, ...each }));
        const demands = { signed: [], people: people.roster, approve: needed, roles: { approve: allowed } };
        const known = { startedBy, approvals, questions: [question] };
        const ledger = ledgerWith(allowed ? { ...known, demands } : known);
        const planned = { ...people, roles: needed.map((role) => ({ role, title: role, statement: role })) };
        const under = decidersUnder(ledger.demands, planned, startedBy);
        const offered = knownDeciders(ledger, planned);
        if (!offered) throw new Error('nobody is known');
        for (const { person: who, role, whyNot } of askedFor('approve', { question }, { ledger, deciders: offered })) {
          const judged = judgeDecision(ledger, under, { kind: 'approve', who, role, digest: PROPOSED });
          expect(judged).toMatchObject(whyNot === undefined ? { accepted: true } : { accepted: false, reason: whyNot });
          met[judged.accepted ? 'taken' : 'refused'] += 1;
        }
      }),
      { numRuns: 300 },
    );
    expect(Math.min(met.taken, met.refused)).toBeGreaterThan(100);
  });
});

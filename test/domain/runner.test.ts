import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeMove } from '../../src/domain/decisions/moves.js';
import {
  affectedBy,
  type CommandQueues,
  commandQueues,
  movedBy,
  movesBetween,
  movesTo,
  type OwnRunner,
  queueFor,
} from '../../src/domain/runner.js';

const IDENTITIES = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(16));
const [A = '', B = '', C = '', D = ''] = IDENTITIES;
const queueOf = (identity: string) => `surefoot@${identity}`;
const own = (...named: string[]): OwnRunner => ({ queue: queueOf(named[0] ?? ''), named });

const ENVIRONMENTS = ['staging', 'production'] as const;
const identity = fc.constantFrom(...IDENTITIES);
const anOwn = fc.record({ queue: identity.map(queueOf), named: fc.uniqueArray(identity, { minLength: 1 }) });
const runners = fc.record({ staging: anOwn, production: anOwn }, { requiredKeys: [] });
const queues: fc.Arbitrary<CommandQueues> = fc
  .record({ runner: identity.map(queueOf), runners: fc.option(runners, { nil: undefined }) })
  .map(({ runner, runners }) => ({ runner, ...(runners ? { runners } : {}) }));
const named = fc.option(fc.subarray([...ENVIRONMENTS]), { nil: undefined });

describe('commands', () => {
  test('run on the runner of their environment, or where the deployment was admitted', () => {
    const two = { runner: queueOf(A), runners: { production: own(B) } };
    expect(queueFor(two, 'production')).toBe(queueOf(B));
    expect(queueFor(two, 'staging')).toBe(queueOf(A));
    expect(queueFor(two)).toBe(queueOf(A));
    expect(queueFor({ runner: queueOf(A) }, 'production')).toBe(queueOf(A));
  });

  test('wait for each of their runners, and not for one that runs nothing of the deployment', () => {
    expect(commandQueues({})).toEqual([]);
    expect(commandQueues({ runner: queueOf(A) })).toEqual([queueOf(A)]);
    expect(commandQueues({ runner: queueOf(A), runners: { production: own(B) } })).toEqual([queueOf(A), queueOf(B)]);
    const all = { staging: own(B), production: own(C) };
    expect(commandQueues({ runner: queueOf(A), runners: all })).toEqual([queueOf(B), queueOf(C)]);
  });
});

describe('a move', () => {
  test('takes to a runner what that one is named for, and nothing else', () => {
    fc.assert(
      fc.property(queues, identity, named, (before, to, named) => {
        const moves = movesTo(before, { identity: to, queue: queueOf(to), named });
        const now = moves.reduce(movedBy, before);
        for (const environment of ENVIRONMENTS) {
          const was = before.runners?.[environment];
          const isNamed = was?.named.includes(to) || (was && named?.includes(environment)) || false;
          const isMoved = moves.some((move) => affectedBy(before, move).includes(environment));
          // One that is somebody's own takes nothing that is nobody's.
          const isAnybodys = !was && !ENVIRONMENTS.some((other) => isOwn(before, { other, to, named }));
          expect(isMoved).toBe(isNamed || isAnybodys);
          expect(queueFor(now, environment)).toBe(isMoved ? queueOf(to) : queueFor(before, environment));
          expect(now.runners?.[environment]?.named).toEqual(was?.named);
        }
      }),
    );
  });

  const isOwn = (
    { runners }: CommandQueues,
    { other, to, named }: { other: (typeof ENVIRONMENTS)[number]; to: string; named?: readonly string[] },
  ) => runners?.[other] !== undefined && (runners[other].named.includes(to) || named?.includes(other) === true);

  test('is heard by a child as it was made', () => {
    fc.assert(
      fc.property(queues, fc.array(identity), (before, destinations) => {
        const now = destinations.reduce(
          (queues, to) => movesTo(queues, { identity: to, queue: queueOf(to) }).reduce(movedBy, queues),
          before,
        );
        expect(movesBetween(before, now).reduce(movedBy, before)).toEqual(now);
        expect(movesBetween(now, now)).toEqual([]);
      }),
    );
  });

  test('of an environment without a runner of its own is none: whoever may signal a child may send anything', () => {
    const plain = { runner: queueOf(A) };
    expect(movedBy(plain, { runner: queueOf(B), environment: 'production' })).toEqual(plain);
  });

  const judged = (runners: CommandQueues['runners'], to: string, answer?: Parameters<typeof judgeMove>[1]['answer']) =>
    judgeMove({ runner: queueOf(A), runners }, { identity: to, queue: queueOf(to), answer });
  const both = { staging: own(B), production: own(C, D) };

  test('says whose commands it is about where not all run on the same runner', () => {
    expect(judged(undefined, B)).toMatchObject({ reason: `its commands run on runner ${B} from now on` });
    expect(judged(both, D)).toEqual({
      moves: [{ runner: queueOf(D), environment: 'production' }],
      reason: `its commands of production run on runner ${D} from now on`,
    });
    expect(judged({ production: own(C, D) }, B)).toMatchObject({
      reason: `its commands of staging run on runner ${B} from now on`,
    });
  });

  test.each([
    ['to a runner that the policy names for nothing', both, A, {}, `(staging: ${B}; production: ${C}, ${D})`],
    ['to the runner that runs them', both, C, {}, `its commands of production run on runner ${C} already`],
    [
      'to a worker of another environment',
      both,
      D,
      { environment: 'staging' },
      'serves staging only, and not production',
    ],
    ['of everything to a worker of one environment', undefined, B, { environment: 'production' }, 'and not staging'],
  ] as const)('is refused %s', (_, runners, to, answer, reason) => {
    expect(judged(runners, to, { ...answer })).toEqual({ refused: expect.stringContaining(reason) });
  });

  test('goes to a runner that the policy has come to name since: by that one’s own word', () => {
    expect(judged(both, A, { named: ['production'] })).toMatchObject({
      moves: [{ runner: queueOf(A), environment: 'production' }],
    });
  });
});

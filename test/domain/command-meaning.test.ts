import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasGone, meaningOf, type SeenCommand } from '../../src/domain/command-meaning.js';

const alive = fc.array(fc.constantFrom('7 (sh)', '8 (node)'), { maxLength: 2 });
const end = fc.record({
  code: fc.constantFrom(null, 0, 1, 255),
  signal: fc.constantFrom(null, 'SIGKILL', 'SIGTERM'),
  stopReason: fc.constantFrom(undefined, 'stopped', 'timed out'),
  error: fc.constantFrom(undefined, 'spawn ENOENT'),
});
const seen = fc.record({
  end: fc.option(end, { nil: undefined }),
  alive,
  unseen: fc.constantFrom(undefined, 'it was started on another machine'),
  unreadable: fc.constantFrom(undefined, 'exit.json'),
  limit: fc.constant('15 min'),
  isRemote: fc.boolean(),
  connection: fc.constantFrom(undefined, 'lost', 'not-started'),
}) as fc.Arbitrary<SeenCommand>;

const ended = (changes: Partial<NonNullable<SeenCommand['end']>>, more: Partial<SeenCommand> = {}) =>
  meaningOf({ end: { code: null, signal: null, ...changes }, alive: [], limit: '15 min', ...more });

describe('what the end of a command means', () => {
  test('without one, nothing is known', () => {
    fc.assert(fc.property(seen, (command) => meaningOf({ ...command, end: undefined }).kind === 'unknown'));
  });

  test('without one, it is gone only where all that could still be at work is seen not to be', () => {
    fc.assert(
      fc.property(seen, (command) => {
        const { alive, unseen, unreadable, isRemote } = command;
        const isSeen = unseen === undefined && unreadable === undefined && !isRemote;
        expect(hasGone(command)).toBe(command.end === undefined && alive.length === 0 && isSeen);
      }),
    );
  });

  test('good is only an exit with code 0 that nobody has forced', () => {
    fc.assert(
      fc.property(seen, (command) => {
        const { code, signal, stopReason, error } = command.end ?? {};
        const isGood = code === 0 && signal === null && stopReason === undefined && error === undefined;
        expect(meaningOf(command).kind === 'succeeded').toBe(isGood);
      }),
    );
  });

  test('one that was cut short is known to be over only where all of it is gone, and seen to be', () => {
    fc.assert(
      fc.property(seen, (command) => {
        const { end: { error, signal = null, stopReason } = {}, isRemote } = command;
        const wasCut =
          command.end !== undefined && error === undefined && (stopReason !== undefined || signal !== null);
        fc.pre(wasCut);
        expect(meaningOf(command).kind === 'unknown').toBe(isRemote === true || command.alive.length > 0);
      }),
    );
  });

  test.each([
    [ended({ code: 3 }), { kind: 'failed', text: 'ended with exit code 3' }],
    [ended({ stopReason: 'timed out' }), { kind: 'failed', text: 'took longer than 15 min and was killed' }],
    [ended({ stopReason: 'stopped' }), { kind: 'stopped', text: 'was stopped by a cancellation' }],
    [
      ended({ stopReason: 'timed out' }, { alive: ['7 (sh)', '8 (node)'] }),
      {
        kind: 'unknown',
        text: 'took longer than 15 min and was killed; still runs as processes 7 (sh), 8 (node) and could not be ended',
      },
    ],
    [
      ended({ signal: 'SIGKILL' }, { isRemote: true }),
      { kind: 'unknown', text: 'was killed by SIGKILL; its remote side may still be running' },
    ],
    [
      meaningOf({ alive: [], unseen: 'it was started on another machine', limit: '15 min' }),
      {
        kind: 'unknown',
        text: 'was started, but its recorder was killed; whether the command runs cannot be seen: it was started on another machine',
      },
    ],
  ])('%#', (meaning, expected) => {
    expect(meaning).toEqual(expected);
  });
});

import { Client, Connection } from '@temporalio/client';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { judgeWatchdog, watchdogService } from '../../src/temporal/watchdog-service.js';
import { deadPort } from '../helpers/server.js';

const NOW = Date.UTC(2026, 0, 1);
const ago = (seconds: number) => NOW - seconds * 1_000;

test('a watchdog looks when its last look ended within three minutes; else nobody would be told, and that is said', () => {
  expect(judgeWatchdog({ isPaused: false, lastLookAt: ago(179) }, NOW)).toEqual({
    state: 'looks',
    lastLookAt: ago(179),
    text: 'the watchdog looked 2 min 59 s ago',
  });
  expect(judgeWatchdog({ isPaused: false, lastLookAt: ago(180) }, NOW)).toEqual({
    state: 'absent',
    lastLookAt: ago(180),
    text: 'the watchdog last looked 3 min ago: when workers are away, or cannot go on, nobody is told',
    advice: expect.stringContaining('surefoot worker --watchdog'),
  });
});

test('without a schedule, paused, or before its first look it does not look, whatever else is known', () => {
  const watchdog = fc.option(
    fc.record({ isPaused: fc.boolean(), lastLookAt: fc.option(fc.nat(NOW), { nil: undefined }) }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(watchdog, (found) => {
      const { state, text, advice } = judgeWatchdog(found, NOW);
      const looks = found?.isPaused === false && found.lastLookAt !== undefined && NOW - found.lastLookAt < 180_000;
      expect(state).toBe(looks ? 'looks' : 'absent');
      expect(advice === undefined).toBe(looks);
      if (!looks) expect(text).toContain('nobody is told');
    }),
  );
});

test('a server that does not answer leaves it unknown, with the reason', async () => {
  const connection = Connection.lazy({ address: `127.0.0.1:${await deadPort()}`, interceptors: [] });
  onTestFinished(() => connection.close());
  expect(await watchdogService({ client: new Client({ connection }) })).toEqual({
    state: 'unknown',
    text: expect.stringMatching(/^whether a watchdog looks at deployments is not known: .+/),
  });
});

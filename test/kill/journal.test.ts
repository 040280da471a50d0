/** What the sweep calls lost, doubled and overlapping; and that it chooses moments from a whole path. */
import { expect, test } from 'vitest';
import { damageOf, readJournal } from './journal.js';
import { grouped, ownOf, partOf, spread } from './spread.js';
import { isSound } from './sweep.js';

const DEPLOY = 'production.deploy/1/command production deploy v2';
const UPGRADE = 'production.migration/1/upgrade production upgrade';
const lines = (...texts: string[]) => readJournal(texts.join('\n'));
const GOOD = lines(`begin 1 ${DEPLOY}`, `end 1 ${DEPLOY}`, `begin 2 ${UPGRADE}`, `end 2 ${UPGRADE}`);
const NONE = { lost: [], doubled: [], overlapping: [] };

test('a run that has done what the undisturbed one did is clean', () => {
  expect(damageOf(GOOD, GOOD)).toEqual(NONE);
});

test('what has not begun is lost, and so is what has no end', () => {
  expect(damageOf(GOOD, GOOD.slice(0, 2)).lost).toEqual(['production.migration: production upgrade']);
  expect(damageOf(GOOD, GOOD.slice(0, 3)).lost).toEqual(['production.migration: production upgrade']);
});

test('what begins twice is doubled, for one generation or for two', () => {
  const again = lines(`begin 3 ${DEPLOY}`, `end 3 ${DEPLOY}`);
  expect(damageOf(GOOD, [...GOOD, ...again]).doubled).toContain(
    'production.deploy: production deploy v2 (generation 1)',
  );
  const anew = lines(...['begin', 'end'].map((what) => `${what} 3 ${DEPLOY.replace('/1/', '/2/')}`));
  expect(damageOf(GOOD, [...GOOD, ...anew]).doubled).toEqual(['production.deploy: production deploy v2']);
});

test('where people had something begun anew, more of it is no damage, and twice for one generation still is', () => {
  const [again, anew] = [
    lines(`begin 3 ${DEPLOY}`, `end 3 ${DEPLOY}`),
    GOOD.map((entry) => ({ ...entry, generation: 2 })),
  ];
  expect(damageOf(GOOD, [...GOOD, ...anew], 'anew')).toEqual(NONE);
  expect(damageOf(GOOD, [...GOOD, ...again], 'anew').doubled).not.toEqual([]);
});

test('where people have said that something is done, what is done besides is no damage, and more of the same still is', () => {
  const [again, besides] = [
    lines(...['begin', 'end'].map((what) => `${what} 3 ${DEPLOY.replace('/1/', '/2/')}`)),
    lines(
      ...['begin', 'end'].map((what) => `${what} 4 staging.reversibility.prepare/1/downgrade staging downgrade r1`),
    ),
  ];
  expect(damageOf(GOOD, [...GOOD, ...besides], 'done')).toEqual(NONE);
  expect(damageOf(GOOD, [...GOOD, ...besides]).doubled).toEqual([
    'staging.reversibility.prepare: staging downgrade r1',
  ]);
  expect(damageOf(GOOD, [...GOOD, ...again], 'done').doubled).toEqual(['production.deploy: production deploy v2']);
});

test('what a person has begun anew because it never began is neither lost nor doubled', () => {
  const anew = lines(...['begin', 'end'].map((what) => `${what} 3 ${DEPLOY.replace('/1/', '/2/')}`));
  expect(damageOf(GOOD, [...anew, ...GOOD.slice(2)])).toEqual(NONE);
});

test('what begins beside another one overlaps', () => {
  const both = lines(`begin 1 ${DEPLOY}`, `begin 2 ${UPGRADE}`, `end 1 ${DEPLOY}`, `end 2 ${UPGRADE}`);
  expect(damageOf(GOOD, both).overlapping).toEqual([
    'production.migration: production upgrade beside production.deploy: production deploy v2',
  ]);
});

test('a line that is no journal’s is refused', () => {
  expect(() => readJournal('begin production deploy')).toThrow('no command writes');
});

test('a rollback’s own moments begin at its breach, but for those before it that the happy path has not', () => {
  const own = ownOf(['deploy', 'hiccup', 'watch', 'deploy', 'rollback'], { breach: 3, happy: ['deploy', 'watch'] });
  expect(own).toEqual(['hiccup', 'deploy', 'rollback']);
});

test('parts have each moment once, in whatever order each has come upon them', () => {
  const moments = Array.from({ length: 40 }, (_, index) => `task ${index}`);
  const parts = [1, 2, 3].map((nth) => partOf(nth === 2 ? moments.toReversed() : moments, { nth, of: 3 }));
  expect(parts.every(({ length }) => length > 5)).toBe(true);
  expect(parts.flat().sort()).toEqual([...moments].sort());
});

test('a sample is spread over the whole, and groups leave nothing out', () => {
  expect(spread([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2)).toEqual([3, 8]);
  expect(spread([1, 2, 3], 5)).toEqual([1, 2, 3]);
  expect(grouped([1, 2, 3, 4, 5], 2)).toEqual([[1, 4], [2, 5], [3]]);
});

const PREVIOUS = { version: 'v1.9.0', revision: 'r1', maintenance: 'off' };
const TARGET = { version: 'v2.0.0', revision: 'r2', maintenance: 'off' };
test.each([
  [true, { outcome: 'succeeded', ...TARGET }],
  [false, { outcome: 'succeeded', ...TARGET, revision: 'r1' }],
  [false, { outcome: 'succeeded', ...TARGET, maintenance: 'on' }],
  [true, { outcome: 'aborted', ...PREVIOUS }],
  [false, { outcome: 'aborted', ...PREVIOUS, version: 'v2.0.0' }],
  [true, { outcome: 'rolled-back', option: 'code', ...PREVIOUS, revision: 'r2' }],
  [true, { outcome: 'rolled-back', option: 'migration', ...TARGET, revision: 'r1' }],
  [false, { outcome: 'rolled-back', option: 'full', ...PREVIOUS, revision: 'r2' }],
  [true, { outcome: 'rollback-failed', ...TARGET, maintenance: 'on' }],
  [false, { outcome: 'rollback-failed', ...TARGET }],
])('sound is an ending that production agrees with: %s, %o', (sound, ending) => {
  expect(isSound(ending)).toBe(sound);
});

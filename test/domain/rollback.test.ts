import { describe, expect, test } from 'vitest';
import type { RollbackOption } from '../../src/domain/criteria.js';
import { chooseRollback } from '../../src/domain/rollback.js';

describe('the rollback', () => {
  test.each<[RollbackOption, codeDeployed: boolean, migrated: boolean, RollbackOption]>([
    ['migration', true, true, 'migration'],
    ['code', true, true, 'code'],
    ['full', true, true, 'full'],
    ['migration', true, false, 'code'],
    ['code', true, false, 'code'],
    ['full', true, false, 'code'],
    ['migration', false, true, 'migration'],
    ['code', false, true, 'migration'],
    ['full', false, true, 'migration'],
    ['migration', false, false, 'code'],
    ['code', false, false, 'code'],
    ['full', false, false, 'code'],
  ])('%s with code deployed: %s and migrated: %s is %s', (wanted, codeDeployed, migrated, option) => {
    const choice = chooseRollback({ wanted, because: 'the plan says so', codeDeployed, migrated });
    expect(choice.option).toBe(option);
    expect(choice.reasons[0]).toBe('the plan says so');
    expect(choice.reasons).toHaveLength(option === wanted ? 1 : 2);
  });

  test('never downgrades a database that was not migrated', () => {
    for (const wanted of ['migration', 'code', 'full'] as const)
      for (const codeDeployed of [true, false])
        expect(chooseRollback({ wanted, because: '', codeDeployed, migrated: false }).option).toBe('code');
  });

  test('says why it is not the one that was wanted', () => {
    const facts = { wanted: 'full', because: 'ana asked for full' } as const;
    expect(chooseRollback({ ...facts, codeDeployed: true, migrated: false }).reasons[1]).toContain(
      'no migration to undo',
    );
    expect(chooseRollback({ ...facts, codeDeployed: false, migrated: true }).reasons[1]).toContain('never deployed');
  });
});

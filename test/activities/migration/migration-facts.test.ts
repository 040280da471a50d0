/** What a migration's facts show of what it has printed. */
import { expect, test } from 'vitest';
import { migrationFacts } from '../../../src/activities/migration/migration-facts.js';
import { WITHHELD } from '../../../src/adapters/postgres/quotable.js';
import { migrationTool } from '../../../src/domain/migration/migration-tools.js';

const warnings = (output: string, notWhole?: string) =>
  migrationFacts({
    ...{ tool: migrationTool('alembic'), kind: 'upgrade', target: 'a1', toHead: false },
    run: { title: 'alembic upgrade a1', failure: 'failed', milliseconds: 1, output, notWhole },
  }).find(({ name }) => name === 'warnings')?.text;

test('a warning that is a part of a row or of a statement counts, and is not shown', () => {
  const row = 'DETAIL:  Failing row contains (7, all is well\nWARNING of rowmark, null).';
  expect(warnings(`ERROR:  null value in column "email"\n${row}`)).toBe(`1 warnings: ${WITHHELD}`);
  expect(warnings("(7, 'WARNING of rowmark')", 'only the last 4 MB are read')).toBe(`1 warnings: ${WITHHELD}`);
  expect(warnings(`${row}\nWARNING:  index exists`)).toBe('2 warnings: WARNING:  index exists');
});

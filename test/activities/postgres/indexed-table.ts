import type { IndexExpectations } from '../../../src/contract/plan/migration.js';

/** A table with two indexes, and what a plan expects of it. */
export const TABLE = `
  create table plans (id int primary key, status text, needs_review boolean, "Reviewed At" timestamptz);
  insert into plans select i, 'state ' || i % 50, i % 3 = 0, now() from generate_series(1, 2000) i;
  create index ix_status_review on plans (status, needs_review);
  create index "ix_Reviewed" on plans ("Reviewed At");
  analyze plans`;

export const INDEXES: IndexExpectations = {
  table: 'plans',
  total: 3,
  expected: [
    { name: 'ix_status_review', columns: ['status', 'needs_review'] },
    { name: 'ix_Reviewed', columns: ['Reviewed At'] },
  ],
  queries: [
    { name: 'pending', sql: `select * from plans where status = 'active' and needs_review;`, uses: 'ix_status_review' },
  ],
};

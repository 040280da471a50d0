/** The shipped plan as one for many releases, for a service of its own: a repository with migrations, and production. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { newRepository, type TestRepository } from '../helpers/repository.js';
import { json, serve, type TestServer } from '../helpers/server.js';
import { replaceOnce, shippedText, write } from '../plan/plan-files.js';

/** Taken out of the shipped plan: what a release is. */
const FIXED = [
  '  branch: perf/optimize-intervention-plans\n',
  '  target: main\n',
  '  previous: v1.2.3\n',
  '  revision: 5403edb1d087\n',
];

/** The shipped plan with some of its values taken out. */
export const planLeavingOpen = (values: readonly string[]): string =>
  write(
    'plan.yaml',
    FIXED.filter((line) => values.some((value) => line.startsWith(`  ${value}:`))).reduce(
      (text, line) => replaceOnce(text, [line, '']),
      shippedText,
    ),
  );

export interface Service {
  plan: string;
  bindings: string;
  repository: TestRepository;
  production: TestServer;
}

export const migrationFile = (revision: string, before: string | null): string =>
  [
    `"""A revision."""`,
    `revision: str = "${revision}"`,
    `down_revision: str | None = ${before === null ? 'None' : `"${before}"`}`,
    'def upgrade(): pass',
    'def downgrade(): pass\n',
  ].join('\n');

/** v5.0.0 is at revision aaa1 and runs; v5.1.0 has another, bbb2; `main` has gone on to ccc3. */
export async function newService(): Promise<Service> {
  const repository = await newRepository();
  const migrate = (revision: string, before: string | null) =>
    repository.commit(`migrations/versions/${revision}_it.py`, migrationFile(revision, before));
  await migrate('aaa1', null);
  await repository.git('tag', 'v5.0.0');
  await repository.git('checkout', '--quiet', '-b', 'feature/refunds');
  await migrate('bbb2', 'aaa1');
  await repository.git('checkout', '--quiet', 'main');
  await repository.git('merge', '--quiet', '--no-ff', '--message', 'Refunds', 'feature/refunds');
  await repository.git('tag', 'v5.1.0');
  await migrate('ccc3', 'bbb2');
  const production = await serve((_, response) => json(response, { version: 'v5.0.0' }));
  const plan = planLeavingOpen(['branch', 'target', 'previous', 'revision']);
  const bindings = join(repository.folder, '..', `${Date.now()}-bindings.yaml`);
  writeFileSync(
    bindings,
    stringify({
      surefoot: 1,
      hosts: { 'production-api': production.url },
      folders: { repository: repository.folder },
    }),
  );
  return { plan, bindings, repository, production };
}

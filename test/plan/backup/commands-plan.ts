/** The minimal plan with a backup by commands, as docs/backups.md has it. */
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { write } from '../plan-files.js';

const DOCUMENTED = /^```yaml\n(backup:\n {2}by: commands\n[\s\S]*?)^```$/m;

/** @param edit of what the docs have, as text */
export function planWithBackup(edit: (text: string) => string = (text) => text): string {
  const documented = DOCUMENTED.exec(readFileSync('docs/backups.md', 'utf8'))?.[1];
  if (documented === undefined) throw new Error('docs/backups.md has no backup by commands');
  const plan = parse(readFileSync('plans/minimal.yaml', 'utf8')) as object;
  return write('plan.yaml', stringify({ ...plan, ...(parse(edit(documented)) as object) }));
}

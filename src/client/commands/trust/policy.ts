import type { Command } from 'commander';
import { formatProblems, PlanError } from '../../../plan/core/problems.js';
import { loadPolicy } from '../../../policy/policy.js';
import { grantsOf } from '../../../policy/words.js';
import { EXIT } from '../../../temporal/errors.js';
import pc from '../../terminal/colors.js';
import { exiting, note, print, printJson } from '../../terminal/output.js';

export function definePolicy(policy: Command): void {
  policy
    .command('check')
    .description('check a policy and say what it grants')
    .argument('<FILE>', 'the policy file')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot policy check /etc/surefoot/policy.yaml')
    .action(exiting(check));
}

async function check(file: string, { json }: { json?: boolean }): Promise<number> {
  try {
    const grants = grantsOf(loadPolicy(file), Date.now());
    if (json) printJson({ ok: true, problems: [], grants });
    else {
      print(`${pc.green('✓')} ${file}`);
      for (const grant of grants) print(`  ${grant}`);
    }
    return EXIT.good;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    if (json) printJson({ ok: false, problems: error.problems, grants: [] });
    note(formatProblems(error.problems));
    return EXIT.usage;
  }
}

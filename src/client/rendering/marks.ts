import type { StepState } from '../../domain/ledger/ledger.js';
import type { Verdict } from '../../domain/watch/criteria.js';

/** The colours a rendering uses; picocolors' own, or the identity where colour is not wanted. */
export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

export function stepMark(state: StepState, colors: Colors): string {
  switch (state) {
    case 'passed':
      return colors.green('✓');
    case 'failed':
      return colors.red('✗');
    case 'skipped':
      return colors.yellow('↷');
    case 'running':
      return colors.cyan('▸');
  }
}

export function verdictMark(verdict: Verdict, colors: Colors): string {
  if (verdict === 'healthy') return colors.green('✓ healthy');
  return verdict === 'breached' ? colors.red('✗ breached') : colors.yellow('? unknown');
}

import type { temporal } from '@temporalio/proto';

interface Recorded {
  workflowId: string;
  history: temporal.api.history.v1.IHistory;
}
type Verdict = 'hotfix-compatible' | 'drain';

export const claims: () => Record<string, Verdict>;
export const recorded: (release: string) => Recorded[];
export const judge: (
  histories: Recorded[],
  workflowBundle?: { codePath: string } | { code: string },
) => Promise<{ verdict: Verdict; misfits: string[] }>;

/** Checklist 1.5, "sem erros de memória": whether the application ran out of memory during a load test. */
import { ApplicationFailure } from '@temporalio/common';
import { askInstances, startsOf, told } from '../../adapters/application/health.js';
import { healthPlace } from '../../adapters/application/health-reading.js';
import { commandLine } from '../../adapters/commands/command-line.js';
import { redact } from '../../adapters/evidence/redaction.js';
import { NoAnswer } from '../../adapters/http/http.js';
import type { EvidencePlace, StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment } from '../../contract/plan/environment.js';
import type { EvidenceReference, Fact } from '../../domain/evidence.js';
import { restartsSeen } from '../../domain/watch/instances.js';
import { freshLines, linesOf } from '../commands/fresh-lines.js';
import { runOnce, secretsOf } from '../commands/recorded-commands.js';

/** As Python, Java, Node, Go, PostgreSQL, the kernel, shells and Kubernetes say it. */
const OUT_OF_MEMORY =
  /\bMemoryError\b|\bOutOfMemory(?:Error)?\b|\bOOM(?:Killed)?\b|\boom[-_]kill|\bKilled\b|[Oo]ut of memory|[Cc]annot allocate memory/;

interface Watched {
  state: string;
  key: StepKey;
  evidence: EvidencePlace;
  environment: Environment;
  healthPath: string;
  logs: Command;
  signal: AbortSignal;
}

/** What is known of the application at one time: when its process started, and what its log says of memory. */
interface MemoryObservation {
  /** Of each instance that answered; or why it is not known. */
  startedAt: string[] | { unknown: string };
  lines: string[] | { unknown: string };
  evidence: EvidenceReference[];
}

/** Looks before the test; `judge` looks again after it and tells the fact `memory`. */
export async function watchMemory(
  watched: Watched,
): Promise<{ judge: () => Promise<{ fact: Fact; evidence: EvidenceReference[] }> }> {
  const before = await look(watched, 'before');
  return {
    async judge() {
      const after = await look(watched, 'after');
      const evidence = [...before.evidence, ...after.evidence];
      const problems = [restarted(before.startedAt, after.startedAt), spoken(before.lines, after.lines)].filter(
        (problem) => problem !== undefined,
      );
      const ok = problems.length === 0;
      const text = ok
        ? 'the application was not restarted, and its log has no new line about memory'
        : problems.join('; ');
      return { fact: { name: 'memory', ok, text }, evidence };
    },
  };
}

function restarted(before: MemoryObservation['startedAt'], after: MemoryObservation['startedAt']): string | undefined {
  if ('unknown' in before) return `whether it was restarted is not known: before the test ${before.unknown}`;
  if ('unknown' in after) return `after the test ${after.unknown}`;
  const seen = restartsSeen([before, after]);
  if ('unknown' in seen) return `whether it was restarted is not known: ${seen.unknown}`;
  if (seen.value === 0) return undefined;
  return `the application was restarted: started at ${before.join(', ')}, then at ${after.join(', ')}`;
}

/** What an earlier test left in the log says nothing of this one. */
function spoken(before: MemoryObservation['lines'], after: MemoryObservation['lines']): string | undefined {
  const unknown = 'unknown' in before ? before.unknown : 'unknown' in after ? after.unknown : undefined;
  if (unknown !== undefined || 'unknown' in before || 'unknown' in after)
    return `the log could not be read: ${unknown}`;
  const fresh = freshLines(before, after);
  return fresh.length === 0 ? undefined : `${fresh.length} new lines of the log speak of memory; first: ${fresh[0]}`;
}

async function look(watched: Watched, when: 'before' | 'after'): Promise<MemoryObservation> {
  const [startedAt, log] = await Promise.all([processStart(watched), readLog(watched, when)]);
  return { startedAt, ...log };
}

async function processStart({ environment, healthPath, signal }: Watched): Promise<MemoryObservation['startedAt']> {
  const answers = await askInstances(healthPlace(environment, healthPath), { signal });
  for (const answer of answers) {
    if (answer instanceof NoAnswer) return { unknown: `the health check does not answer: ${answer.message}` };
    if (answer.status !== 200) return { unknown: `the health check answers ${answer.statusText}` };
    if ('unknown' in told(answer, 'started_at')) return { unknown: 'the health check does not tell started_at' };
  }
  return startsOf(answers);
}

async function readLog(watched: Watched, when: string): Promise<Pick<MemoryObservation, 'lines' | 'evidence'>> {
  const { state, key, evidence, environment, logs } = watched;
  const line = commandLine({ environment, command: logs, values: { environment: environment.name } });
  try {
    const name = `logs-${when}`;
    const run = await runOnce({ state, key, name, evidence, environment, line, timeout: logs.timeout });
    const secrets = await secretsOf(environment);
    const lines = linesOf(run).filter((text) => OUT_OF_MEMORY.test(text));
    if (lines.length === 0 && run.notWhole !== undefined)
      return { lines: { unknown: run.notWhole }, evidence: run.evidence };
    return { lines: lines.map((text) => redact(text, secrets).slice(0, 300)), evidence: run.evidence };
  } catch (error) {
    const known: string[] = [FailureType.CommandFailed, FailureType.OutcomeUnknown];
    if (!(error instanceof ApplicationFailure) || !known.includes(error.type ?? '')) throw error;
    watched.signal.throwIfAborted();
    const [details] = (error.details ?? []) as { evidence?: EvidenceReference[] }[];
    return { lines: { unknown: error.message.split('\n')[0] ?? '' }, evidence: details?.evidence ?? [] };
  }
}

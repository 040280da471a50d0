/** The last resort by the plan's own command: the backup from before the deploy in the place of the database. */
import { ApplicationFailure } from '@temporalio/common';
import { stepFolder, wasStarted } from '../../adapters/commands/recorder.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import type { CommandBackupActivities } from '../../contract/activities/backup.js';
import { FailureType } from '../../contract/errors.js';
import type { BackupReference } from '../../contract/plan/backup.js';
import { needed } from '../../contract/plan/parts.js';
import { agreement, type QueryAnswers } from '../../domain/backup/answers.js';
import { type Fact, failures, passed, type StepReport, unknownFact } from '../../domain/evidence.js';
import { evidencePath } from '../commands/recorded-commands.js';
import { once } from '../commands/remembered.js';
import { BackupCommands, isHeard } from './backup-command.js';
import { untried } from './backup-proofs.js';
import { fetchBackup, recordOf } from './stored-backup.js';

interface Work {
  state: string;
  input: Parameters<CommandBackupActivities['restoreByCommands']>[0];
  /** Where it is fetched to, where it is a file. */
  file: string;
  signal: AbortSignal;
}

/** Facts: `fetched`, `restored`, `in-place`. */
export async function restoreByCommand(work: Work): Promise<StepReport> {
  const { state, input, file } = work;
  const { key, evidence, environment, backup, from } = input;
  const values: Record<string, string> = backup.leaves.kind === 'file' ? { file } : { backup: from.location };
  const commands = new BackupCommands(state, input, values);
  const facts = await restoreAndAsk(work, commands);
  const reference = await storeEvidence(evidence, {
    title: `Restore of ${environment.name} by commands`,
    path: evidencePath(key, 'restore.json'),
    content: `${JSON.stringify({ environment: environment.name, from, facts }, undefined, 2)}\n`,
  });
  const report = { summary: '', facts, evidence: [reference, ...commands.evidence] };
  return { ...report, summary: passed(report) ? facts.map(({ text }) => text).join('; ') : failures(report) };
}

async function restoreAndAsk(work: Work, commands: BackupCommands): Promise<Fact[]> {
  const { backup, again } = work.input;
  const done = again ? undefined : await earlierRestore(work);
  if (done)
    return [...done, done.every(({ ok }) => ok) ? await inPlace(work, commands) : untried('in-place', 'asked', done)];
  const fetched = await fetchOnce(work, commands);
  if (!fetched.ok) {
    return [fetched, untried('restored', 'restored', [fetched]), untried('in-place', 'put in place', [fetched])];
  }
  const run = await commands.run('restore', needed(backup.restore));
  const restored = { name: 'restored', ok: isHeard(run), text: isHeard(run) ? run.text : run.problem };
  if (!restored.ok) return [fetched, restored, untried('in-place', 'asked', [restored])];
  return [fetched, restored, await inPlace(work, commands)];
}

/**
 * What the latest attempt before this one has come to, when that is nothing to follow with another restore: it would
 * undo what has been written since, or run beside what may still be at work.
 */
async function earlierRestore({ state, input, file }: Work): Promise<Fact[] | undefined> {
  const { key, backup } = input;
  for (let generation = key.generation - 1; generation >= 1; generation -= 1) {
    const attempt = { ...key, generation };
    if (!(await wasStarted(stepFolder(state, attempt, 'restore')))) continue;
    const by = `by attempt ${generation}`;
    const fetched = { name: 'fetched', ok: true, text: `fetched ${by}` };
    const commands = new BackupCommands(state, { ...input, key: attempt }, { file, backup: input.from.location });
    const run = await commands.run('restore', needed(backup.restore)).catch(unknownEnd);
    if (run instanceof ApplicationFailure) {
      const text = `how the restore ${by} ended is not known, and it is not run again unasked: ${run.message}. ${ANEW}`;
      return [fetched, unknownFact('restored', text)];
    }
    if (!isHeard(run)) return undefined;
    return [fetched, { name: 'restored', ok: true, text: `${run.text}, ${by}: it is not run again. ${ANEW}` }];
  }
  return undefined;
}

const ANEW = 'A rollback with the option restore runs it anew';

function unknownEnd(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure && error.type === FailureType.OutcomeUnknown) return error;
  throw error;
}

/** Once the command runs, the file that it reads is not touched again. */
function fetchOnce({ state, input, file, signal }: Work, commands: BackupCommands): Promise<Fact> {
  const { key, backup } = input;
  const { leaves } = backup;
  if (leaves.kind !== 'file') return readBack(input, leaves, commands);
  return once(`${stepFolder(state, key, 'restore')}.fetched.json`, () =>
    fetchBackup(input, { ...leaves, file, signal }),
  );
}

/** Where others keep it: it is there, and is what it was. */
async function readBack(
  { backup, from }: Work['input'],
  leaves: BackupReference,
  commands: BackupCommands,
): Promise<Fact> {
  const name = 'fetched';
  const seen = await commands.reference('verify', needed(backup.verify), leaves);
  if (!isHeard(seen)) return unknownFact(name, `whether ${from.location} is still there is not known: ${seen.problem}`);
  const { backup: location, checksum = '' } = seen;
  if (location === from.location && checksum === from.sha256) {
    return { name, ok: true, text: `${location} is there${checksum && `, checksum ${checksum}`}` };
  }
  return { name, ok: false, text: `${from.location} (${from.sha256}) is read back as ${location} (${checksum})` };
}

async function inPlace({ input }: Work, commands: BackupCommands): Promise<Fact> {
  const name = 'in-place';
  const { evidence, backup, from } = input;
  const asked = await commands.ask('query', backup.query);
  if (!isHeard(asked)) return unknownFact(name, `what the database holds now is not known: ${asked.problem}`);
  const then = (await recordOf<{ answers?: QueryAnswers }>(evidence, from))?.answers;
  if (!then) return unknownFact(name, 'what the database held then is not known: the record of the backup is gone');
  return agreement(name, { ...then, restored: asked.lines });
}

/** Backups by the plan's own commands: of any database, and proven before they count. */
import { stat } from 'node:fs/promises';
import { dumpName, hashOfFile, type OpenStore } from '../../adapters/backup/backup-store.js';
import { openBackupStore } from '../../adapters/backup/open-backup-store.js';
import { stepFolder } from '../../adapters/commands/recorder.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import type { BackupReport, CommandBackupActivities } from '../../contract/activities/backup.js';
import { backupFacts } from '../../contract/backup-facts.js';
import type { BackupFile, BackupReference, CommandBackup } from '../../contract/plan/backup.js';
import { needed } from '../../contract/plan/parts.js';
import { agreement, type QueryAnswers } from '../../domain/backup/answers.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, failures, passed, unknownFact } from '../../domain/evidence.js';
import { evidencePath } from '../commands/recorded-commands.js';
import { once } from '../commands/remembered.js';
import { BackupCommands, isHeard, type Referred } from './backup-command.js';
import { judgeSize, untried } from './backup-proofs.js';
import { restoreByCommand } from './command-restore.js';
import { type Draft, inOwnDraft, type Records } from './draft.js';
import { keep } from './keeping.js';

type Input = Parameters<CommandBackupActivities['backUpByCommands']>[0];

export function createCommandBackupActivities(records: Records): CommandBackupActivities {
  const { state } = records;
  return {
    backUpByCommands: (input) => inOwnDraft(records, input, (draft) => backUp({ state, input, ...draft })),
    restoreByCommands: (input) => inOwnDraft(records, input, (draft) => restoreByCommand({ state, input, ...draft })),
  };
}

interface Work extends Draft {
  state: string;
  input: Input;
}

/** What was made, with the facts of it. */
interface Made {
  facts: Fact[];
  bytes?: number;
  sha256?: string;
  /** Of one that others keep. */
  location?: string;
}

interface Proof extends Made {
  at: number;
  answers?: Partial<QueryAnswers>;
  /** Of the restore on trial. */
  milliseconds?: number;
}

async function backUp(work: Work): Promise<BackupReport> {
  const { state, input } = work;
  const { key, evidence, environment, backup } = input;
  const { leaves } = backup;
  const commands = new BackupCommands(state, input, leaves.kind === 'file' ? { file: work.file } : {});
  // What is kept is no longer where it was made: a later attempt knows of it from here.
  const memory = (what: string) => `${stepFolder(state, key, 'create')}.${what}.json`;
  const proof = await once(memory('proof'), async () => {
    const found = await prove(work, commands);
    return { ...found, facts: complete(backup, found.facts), evidence: commands.evidence };
  });
  const kept = leaves.kind === 'file' ? await once(memory('kept'), () => keepFile(work, proof, leaves)) : undefined;
  const facts = [...proof.facts, ...(kept?.facts ?? [])];
  const { bytes = 0, sha256 = '', milliseconds: restoreMilliseconds, answers } = proof;
  const location = facts.every(isGood) ? (kept ?? proof).location : undefined;
  const known = { bytes, sha256, location, restoreMilliseconds };
  const reference = await storeEvidence(evidence, {
    title: `Backup of ${environment.name} by commands`,
    path: evidencePath(key, 'backup.json'),
    content: `${JSON.stringify({ environment: environment.name, ...known, facts, answers }, undefined, 2)}\n`,
  });
  const report = { summary: '', facts, evidence: [reference, ...proof.evidence], ...known };
  const good = `${environment.name}: restored on trial in ${formatDuration(restoreMilliseconds ?? 0)}, ${textOf(facts, 'stored')}`;
  return { ...report, summary: passed(report) ? good : failures(report) };
}

const isGood = ({ ok, advisory }: Fact): boolean => ok || advisory === true;

const textOf = (facts: Fact[], name: string): string => facts.find((fact) => fact.name === name)?.text ?? '';

/** What keeping a file establishes. */
const KEPT = ['stored', 'retention'];

/** All that the plan's commands can establish; what was not looked at is unknown. */
function complete(backup: CommandBackup, found: Fact[]): Fact[] {
  const bad = found.filter((fact) => !isGood(fact));
  const names = backupFacts(backup).facts.filter((name) => backup.leaves.kind !== 'file' || !KEPT.includes(name));
  return names.map((name) => found.find((fact) => fact.name === name) ?? missing(name, bad));
}

/** Where nothing was restored, there is nothing to remove. */
const missing = (name: string, because: Fact[]): Fact =>
  name === 'removed' ? { ...untried(name, 'needed', because), advisory: true } : untried(name, 'looked at', because);

async function prove(work: Work, commands: BackupCommands): Promise<Proof> {
  const { query, scratch, leaves } = work.input.backup;
  const at = Date.now();
  const before = await commands.ask('query-before', query);
  if (!isHeard(before)) {
    const text = `nothing was made: what the database holds is not known: ${before.problem}`;
    return { at, facts: [unknownFact('created', text)] };
  }
  const made =
    leaves.kind === 'file' ? await writeFile(work, commands, leaves) : await haveMade(work, commands, leaves);
  if (!made.facts.every(isGood)) return { at, ...made };
  const after = await commands.ask('query-after', query);
  if (!isHeard(after)) {
    const contents = unknownFact('contents', `what the database held then is not known: ${after.problem}`);
    return { at, ...made, facts: [...made.facts, contents] };
  }
  const answers = { before: before.lines, after: after.lines };
  const trial = await restoreOnTrial(commands, scratch, answers);
  return { at, ...made, ...trial, facts: [...made.facts, ...trial.facts] };
}

/** The command writes a file: `created`, `size`, and `readable` where there is a command that reads it. */
async function writeFile(work: Work, commands: BackupCommands, leaves: BackupFile): Promise<Made> {
  const { file, signal } = work;
  const { create, verify, atLeast } = work.input.backup;
  // First of all: where it has to go is worth knowing before it is made.
  const store = await openStore(work, leaves);
  const created = await commands.run('create', create);
  if (!isHeard(created)) return { facts: [{ name: 'created', ok: false, text: created.problem }] };
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    const text = `${created.text}, but has written no file ${file}`;
    return { facts: [{ name: 'created', ok: false, text }] };
  }
  const bytes = found.size;
  const sha256 = await hashOfFile(file, signal);
  const size =
    plausibleSize(bytes, atLeast) ?? (await judgeSize(store, { bytes, at: Date.now(), smallest: leaves.smallest }));
  const facts = [{ name: 'created', ok: true, text: created.text }, size];
  if (verify) {
    const read = await commands.run('verify', verify);
    facts.push({ name: 'readable', ok: isHeard(read), text: isHeard(read) ? read.text : read.problem });
  }
  return { facts, bytes, sha256 };
}

/** The command has it made elsewhere: `created`, `readable`, `stored`, and `size` where that is told. */
async function haveMade(work: Work, commands: BackupCommands, leaves: BackupReference): Promise<Made> {
  const { create, verify, atLeast } = work.input.backup;
  const made = await commands.reference('create', create, leaves);
  if (!isHeard(made)) return { facts: [{ name: 'created', ok: false, text: made.problem }] };
  commands.know({ backup: made.backup });
  const created = { name: 'created', ok: true, text: `${made.text}: ${made.backup}` };
  const seen = await commands.reference('verify', needed(verify), leaves);
  if (!isHeard(seen)) return { facts: [created, { name: 'readable', ok: false, text: seen.problem }] };
  const { backup: location, bytes, checksum: sha256 } = seen;
  const facts = [created, { name: 'readable', ok: true, text: seen.text }, sameReference(made, seen)];
  if (bytes !== undefined) {
    facts.push(plausibleSize(bytes, atLeast) ?? { name: 'size', ok: true, text: `${bytes} bytes` });
  }
  return { facts, bytes, sha256, location };
}

/** `stored`: what is told of it where it is kept is what was told of it when it was made. */
function sameReference(made: Referred, seen: Referred): Fact {
  const told = ({ backup, bytes, checksum }: Referred) =>
    [
      backup,
      ...(bytes === undefined ? [] : [`${bytes} bytes`]),
      ...(checksum === undefined ? [] : [`checksum ${checksum}`]),
    ].join(', ');
  const ok = told(made) === told(seen);
  return { name: 'stored', ok, text: ok ? told(seen) : `made as ${told(made)}, but read back as ${told(seen)}` };
}

/** The fact of a size that is not; undefined for one that may be. */
const plausibleSize = (bytes: number, atLeast: number): Fact | undefined =>
  bytes >= atLeast ? undefined : { name: 'size', ok: false, text: `${bytes} bytes, fewer than ${atLeast}` };

/** `restored`, `contents`, and `removed` where there is a command for it: then whatever came of the others. */
async function restoreOnTrial(
  commands: BackupCommands,
  scratch: CommandBackup['scratch'],
  { before, after }: Pick<QueryAnswers, 'before' | 'after'>,
): Promise<Pick<Proof, 'facts' | 'answers' | 'milliseconds'>> {
  const run = await commands.run('scratch-restore', scratch.restore);
  const restored = { name: 'restored', ok: isHeard(run), text: isHeard(run) ? run.text : run.problem };
  const facts: Fact[] = [restored];
  const asked = isHeard(run) ? await commands.ask('scratch-query', scratch.query) : undefined;
  if (asked && isHeard(asked)) facts.push(agreement('contents', { before, after, restored: asked.lines }));
  else if (asked) facts.push(unknownFact('contents', `what was restored is not known: ${asked.problem}`));
  if (scratch.remove) {
    const removal = await commands.run('scratch-remove', scratch.remove);
    facts.push(
      isHeard(removal)
        ? { name: 'removed', ok: true, text: removal.text }
        : {
            name: 'removed',
            ok: false,
            advisory: true,
            text: `what was restored may still be there: ${removal.problem}`,
          },
    );
  }
  const milliseconds = isHeard(run) ? run.milliseconds : undefined;
  return { facts, milliseconds, answers: { before, after, ...(asked && isHeard(asked) && { restored: asked.lines }) } };
}

const openStore = ({ input, signal }: Work, { store, retention }: BackupFile): Promise<OpenStore> =>
  openBackupStore(store, { service: input.service, environment: input.environment.name, retention, signal });

async function keepFile(
  work: Work,
  { at, facts, bytes = 0, sha256 = '' }: Proof,
  leaves: BackupFile,
): Promise<{ facts: Fact[]; location?: string }> {
  const { input, file, signal } = work;
  const { deployment, generation } = input.key;
  const proven = facts.filter(({ advisory }) => !advisory);
  const name = dumpName({ at, deployment, generation, sha256 });
  const store = await openStore(work, leaves);
  const { stored, retention, location } = await keep(store, { file, proven, name, bytes, sha256, signal });
  return { facts: [stored, retention], location };
}

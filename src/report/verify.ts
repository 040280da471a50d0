/** Checks a report that somebody hands over: against the history, made anew from it, and against the evidence. */
import { dirname } from 'node:path';
import { release } from '../local/release.js';
import type { Policy } from '../policy/policy.js';
import type { Connected } from '../temporal/connection.js';
import { type FoundDeployment, findRun } from '../temporal/deployments.js';
import { CliError, EXIT } from '../temporal/errors.js';
import { readSeal } from './checklist/checklist.js';
import { compareChecklists } from './checklist/compare-checklists.js';
import { coarse, compareContents, jsonDifferences, type ReportDifference } from './content/compare.js';
import {
  contentOf,
  documentOf,
  hashOfContent,
  type Making,
  type ReportContent,
  type ReportDocument,
  withoutMaking,
} from './content/document.js';
import { type EvidenceFolder, evidenceFolder, type Flaw, flawOf } from './content/evidence.js';
import { type Archived, EVIDENCE_HERE, findArchived, flawsOfArchive, gatherArchived } from './history/archive.js';
import { type Gathered, gather, type LedgerSource } from './history/gather.js';
import { restingOnKeptKeys, withKeptKeys } from './kept-keys.js';
import { type Format, renderReport } from './make.js';
import { unprovenWords } from './words-proven.js';

export interface Verified {
  format: Format;
  deployment: string;
  workflowId: string;
  runId: string;
  differences: ReportDifference[];
  /** What could not be compared, and why. */
  notes: string[];
}

type Expected = Pick<FoundDeployment, 'workflowId' | 'runId'>;

interface Handed {
  format: Format;
  text: string;
  /** Of a checklist there is only the seal. */
  document: Pick<ReportDocument, 'deployment' | 'workflowId' | 'runId' | 'status' | 'sha256' | keyof Making> &
    Partial<ReportDocument>;
}

/** @throws CliError exit 1 when the text is no report that can be read */
export function readReport(text: string, file: string): Handed {
  const json = /<script type="application\/json" id="surefoot-report">([^<]*)<\/script>/.exec(text)?.[1];
  const seal = readSeal(text);
  const format = json !== undefined ? 'html' : seal ? 'checklist' : 'json';
  const document = seal ?? parse(json ?? text);
  const isReport = document?.version === 1 && typeof document.runId === 'string' && typeof document.sha256 === 'string';
  if (document && isReport && document.source) return { format, text, document };
  throw new CliError(`${file} is no report that can be read: what it was made from is missing, or was damaged`, {
    hint: 'Give the file as `surefoot report` has written it: the page, the checklist with its last line, or the JSON.',
    exitCode: EXIT.badly,
  });
}

function parse(text: string): ReportDocument | undefined {
  try {
    return JSON.parse(text) as ReportDocument;
  } catch {
    return undefined;
  }
}

/**
 * @param options.expected the deployment that the report should be of, when somebody has said which
 * @param options.store where the archives are of what Temporal no longer has
 * @param options.policy by which every decision has to be signed; without one that is not looked at
 */
export async function verifyReport(
  connected: Connected,
  handed: Handed,
  { expected, store = EVIDENCE_HERE, policy }: { expected?: Expected; store?: string; policy?: Policy } = {},
): Promise<Verified> {
  const { format, document } = handed;
  const { deployment, workflowId, runId } = document;
  const about = { format, deployment, workflowId, runId };
  const otherRun = (text: string): Verified => {
    return { ...about, differences: [{ kind: 'other-run', where: 'runId', text }], notes: [] };
  };
  if (expected && expected.runId !== runId) {
    return otherRun(
      `the report is of run ${runId} of ${workflowId}, not of run ${expected.runId} of ${expected.workflowId}`,
    );
  }
  const found = await findRun(connected, { workflowId, runId });
  if (found) {
    const gathered = await gather(connected, found, sourceOf(document) === 'history' ? 'history' : undefined);
    return { ...about, ...(await check(handed, gathered, policy)) };
  }
  const archived = await findArchived(store, runId);
  if (archived) return { ...about, ...(await checkWithArchive(handed, archived, { connected, policy })) };
  const where = `${connected.address}, namespace ${connected.namespace}`;
  return otherRun(`neither ${where}, nor an archive in ${store} has run ${runId} of ${workflowId}`);
}

/** Temporal no longer has the deployment: its archive says what was, if it is what it was. */
async function checkWithArchive(
  handed: Handed,
  archived: Archived,
  { connected, policy }: { connected: Connected; policy?: Policy },
): Promise<Pick<Verified, 'differences' | 'notes'>> {
  const { archivedAt, missing } = archived.index;
  const gathered = await gatherArchived(archived, connected.client.options.loadedDataConverter);
  const { differences, notes } = await check(handed, gathered, policy);
  const flaws = (await flawsOfArchive(archived)).map(differenceOf);
  const from = `Temporal no longer has the deployment: compared with the archive of ${new Date(archivedAt).toISOString()}`;
  return { differences: [...differences, ...flaws], notes: [from, ...notes, ...missing.map(lacking)] };
}

const lacking = (what: string): string => `not in the archive: ${what}`;

async function check(
  { format, text, document }: Handed,
  gathered: Gathered,
  policy: Policy | undefined,
): Promise<Pick<Verified, 'differences' | 'notes'>> {
  const { plan, deployment } = gathered.input;
  const content = contentOf(gathered);
  const place = evidenceFolder(gathered.archive?.store ?? plan.evidence, deployment);
  const notes: string[] = [];
  const found: ReportDifference[] = [];
  const isSameSource = gathered.source === sourceOf(document);
  if (!isSameSource) {
    notes.push(
      `the report was made ${document.source.ledger}, which is not to be had now (${gathered.source}): items and sign-offs were compared, not every word`,
    );
  }
  const isSameWords = document.generator === release();
  if (!isSameWords) notes.push(`the report was made by Surefoot ${document.generator}: its wording was not compared`);

  if (format === 'checklist') {
    const made = documentOf(content, makingIn(document));
    const goneOn = document.status === 'running' && document.sha256 !== made.sha256;
    if (goneOn) notes.push('the deployment has gone on since: what was unknown then was not compared');
    else if (isSameSource && document.sha256 !== made.sha256) found.push(hashDiffers(document.sha256, made.sha256));
    if (isSameWords) found.push(...compareChecklists(text, made, { plan, isLenient: goneOn || !isSameSource, goneOn }));
  } else {
    const file = document as ReportDocument;
    const hash = hashOfContent(file);
    if (hash !== file.sha256) found.push(hashDiffers(file.sha256, hash));
    if (file.status === 'running' && content.status !== 'running') found.push(...endedSince(file, gathered, notes));
    found.push(
      ...(isSameSource
        ? compareContents(withoutMaking(file), content, plan)
        : jsonDifferences(coarse(file), coarse(content), '')),
    );
    if (format === 'html' && isSameWords) found.push(...(await comparePages(text, { file, place, plan, notes })));
  }
  found.push(...(await checkEvidence(document.evidence ?? content.evidence, { place, file: document, notes })));
  if (policy) {
    const withKeys = withKeptKeys(policy, { place, references: content.evidence });
    found.push(...(await unprovenWords(withKeys, gathered)));
    notes.push(...restingOnKeptKeys(policy));
  }
  return { differences: found, notes };
}

/** What a worker answered is what it had made of the history. */
const sourceOf = ({ source: { ledger } }: Making): LedgerSource => (ledger === 'query' ? 'history' : ledger);

/** A report of what had ended by then cannot say that it goes on. */
function endedSince(file: ReportDocument, { events, status }: Gathered, notes: string[]): ReportDifference[] {
  notes.push('the deployment has ended since');
  if (file.source.events < events) return [];
  return [
    { kind: 'content', where: 'status', text: `"running" in the file, ${status} after the same ${events} events` },
  ];
}

const hashDiffers = (file: string, computed: string): ReportDifference => ({
  kind: 'content',
  where: 'sha256',
  text: `the content's hash is ${file} in the file, ${computed} when it is computed: something was edited`,
});

const makingIn = ({ generator: by, madeAt, source }: Making): Making => ({ generator: by, madeAt, source });

/** The page is made anew from its own data, which has been compared by itself: only what people see can differ. */
async function comparePages(
  text: string,
  {
    file,
    place,
    plan,
    notes,
  }: { file: ReportDocument; place: EvidenceFolder; plan: Gathered['input']['plan']; notes: string[] },
): Promise<ReportDifference[]> {
  const { read, why } = file.source.evidence;
  if (read && place.missing !== undefined) {
    notes.push('the page was made with the evidence, which is not here: its plots were not compared');
    return [];
  }
  const own: EvidenceFolder = read ? place : { ...place, missing: why ?? 'unknown why' };
  return compareLines(text, await renderReport(file, { format: 'html', plan, place: own }));
}

const LINES_TOLD = 5;

/** The first lines that differ. */
export function compareLines(file: string, expected: string): ReportDifference[] {
  const [then, now] = [file, expected].map((text) => text.trimEnd().split('\n'));
  const found: ReportDifference[] = [];
  for (let line = 0; line < Math.max(then?.length ?? 0, now?.length ?? 0) && found.length < LINES_TOLD; line += 1) {
    const [written, made] = [then?.[line], now?.[line]];
    if (written === made) continue;
    const from = [...(written ?? '')].findIndex((character, index) => character !== made?.[index]);
    const part = (text: string | undefined) =>
      text === undefined ? 'nothing' : `“${text.slice(Math.max(from - 20, 0), Math.max(from, 0) + 80)}”`;
    found.push({
      kind: 'text',
      where: `line ${line + 1}`,
      text: `${part(written)} in the file, ${part(made)} when it is made anew`,
    });
  }
  return found;
}

async function checkEvidence(
  references: ReportContent['evidence'],
  { place, file, notes }: { place: EvidenceFolder; file: Handed['document']; notes: string[] },
): Promise<ReportDifference[]> {
  if (references.length === 0) return [];
  if (place.missing !== undefined) {
    notes.push(`the report was made ${file.source.evidence.read ? 'with' : 'without'} the evidence at hand`);
    const text = `${place.missing}: none of its ${references.length} files could be checked`;
    return [{ kind: 'evidence-missing', where: dirname(`${place.folder}/.`), text }];
  }
  const flaws = await Promise.all(references.map((reference) => flawOf(place, reference)));
  return flaws.filter((flaw) => flaw !== undefined).map(differenceOf);
}

const differenceOf = ({ kind, path, text }: Flaw): ReportDifference => ({
  kind: `evidence-${kind}`,
  where: path,
  text,
});

import { type Command, Option } from 'commander';
import { readText, whyUnread } from '../../files/bounded-files.js';
import type { Policy } from '../../policy/policy.js';
import { gatherArchived } from '../../report/history/archive.js';
import { type Gathered, gather } from '../../report/history/gather.js';
import { FORMATS, type Format, makeReport } from '../../report/make.js';
import { readReport, type Verified, verifyReport } from '../../report/verify.js';
import { type Connected, withConnection } from '../../temporal/connection.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { archiveText, evidenceOption, findWithArchives } from '../retention/archived.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { writeOut } from '../terminal/write-out.js';
import { givenPolicy } from './trust/given-policy.js';

interface ReportOptions {
  format?: Format;
  out?: string;
  verify?: string;
  policy?: string;
  evidence: string;
  json?: boolean;
}

export function defineReport(command: Command): void {
  command
    .argument('[DEPLOYMENT]', 'deployment ID, service or workflow ID (default: the one running, or the latest)')
    .addOption(
      new Option(
        '--format <FORMAT>',
        'html: one page; checklist: your own document, filled in; json: the data',
      ).choices(FORMATS),
    )
    .option('--out <FILE>', 'write it there (default: stdout)')
    .option('--verify <FILE>', 'check a report of any format against history and evidence; exit 1 when it differs')
    .option('--policy <FILE>', 'with --verify: by which every decision has to be signed')
    .addOption(evidenceOption())
    .option('--json', 'one JSON document on stdout: the report itself, what was written, or what differs')
    .addHelpText(
      'after',
      '\nExample:\n  $ surefoot report eduautismo --format html --out report.html\n  $ surefoot report --verify report.html',
    )
    .action(exiting(report));
}

async function report(reference: string | undefined, options: ReportOptions): Promise<number> {
  const { verify, out, format, evidence, json, policy: file } = options;
  if (file !== undefined && verify === undefined)
    throw usageError('--policy is what --verify holds a report against', 'Add --verify FILE.');
  const policy = file === undefined ? undefined : await givenPolicy(file);
  if (verify !== undefined && (out !== undefined || format !== undefined)) {
    throw usageError('--verify reads a report, and --format and --out make one', 'Call it once for each.');
  }
  return await withConnection((connected) =>
    verify === undefined
      ? make(connected, reference, { out, format, evidence, json })
      : check(connected, reference, { verify, evidence, json, policy }),
  );
}

async function make(
  connected: Connected,
  reference: string | undefined,
  options: Omit<ReportOptions, 'verify' | 'policy'>,
): Promise<number> {
  const { out, json } = options;
  const format = options.format ?? (json && out === undefined ? 'json' : 'html');
  if (json && out === undefined && format !== 'json') {
    throw usageError(
      `--json on stdout and a report as ${format} on stdout exclude each other`,
      'Add --out FILE, or leave --json out.',
    );
  }
  const gathered = await gatherWherever(connected, reference, options.evidence);
  const { text, document } = await makeReport(gathered, { format, out });
  if (out === undefined) {
    print(text.trimEnd());
    if (gathered.archive) note(`${archiveText(gathered.archive)}.`);
    return EXIT.good;
  }
  await writeOut(out, text);
  const { deployment, outcome, status, sha256, counts, source } = document;
  if (json) printJson({ ok: true, format, out, deployment, outcome, status, sha256, items: counts, source });
  else note(`${out}: ${format} of ${deployment}, ${outcome ?? status}, content sha256 ${sha256}`);
  if (gathered.archive) note(`${archiveText(gathered.archive)}.`);
  if (source.evidence.why) note(`Without plots: ${source.evidence.why}.`);
  return EXIT.good;
}

/** From Temporal, or from the archive of what it no longer has. */
async function gatherWherever(connected: Connected, reference: string | undefined, store: string): Promise<Gathered> {
  const which = await findWithArchives(connected, reference, store);
  if ('found' in which) return await gather(connected, which.found);
  return await gatherArchived(which.archived, connected.client.options.loadedDataConverter);
}

/** Bytes; the evidence that a page shows is in it. */
const LARGEST_REPORT = 256_000_000;

async function check(
  connected: Connected,
  reference: string | undefined,
  { verify, evidence, json, policy }: { verify: string; evidence: string; json?: boolean; policy?: Policy },
): Promise<number> {
  const text = await readText(verify, LARGEST_REPORT).catch((error: unknown) => {
    throw usageError(`${verify} can't be read (${whyUnread(error)})`, 'Give --verify the path of a report.');
  });
  const handed = readReport(text, verify);
  const which = reference === undefined ? undefined : await findWithArchives(connected, reference, evidence);
  const expected = which && ('found' in which ? which.found : which.archived.index);
  const verified = await verifyReport(connected, handed, { expected, store: evidence, policy });
  const ok = verified.differences.length === 0;
  if (json) printJson({ ok, file: verify, ...verified });
  else tell(verify, verified);
  return ok ? EXIT.good : EXIT.badly;
}

function tell(file: string, { deployment, format, differences, notes }: Verified): void {
  for (const { kind, where, text } of differences) print(`✗ ${kind}: ${where}: ${text}`);
  for (const text of notes) print(`· ${text}`);
  if (differences.length === 0) print(`✓ ${file}: the ${format} of ${deployment} is what history and evidence say`);
  else print(`${file} differs from history or evidence in ${differences.length} places`);
}

import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { writeAtomically } from '../../local/folders.js';
import type { Policy } from '../../policy/policy.js';
import { gather } from '../../report/history/gather.js';
import { FORMATS, type Format, makeReport } from '../../report/make.js';
import { readReport, type Verified, verifyReport } from '../../report/verify.js';
import { type Connected, withConnection } from '../../temporal/connection.js';
import { findDeployment } from '../../temporal/deployments.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { givenPolicy } from './trust/given-policy.js';

interface ReportOptions {
  format?: Format;
  out?: string;
  verify?: string;
  policy?: string;
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
    .option('--json', 'one JSON document on stdout: the report itself, what was written, or what differs')
    .addHelpText(
      'after',
      '\nExample:\n  $ surefoot report eduautismo --format html --out report.html\n  $ surefoot report --verify report.html',
    )
    .action(exiting(report));
}

async function report(reference: string | undefined, options: ReportOptions): Promise<number> {
  const { verify, out, format, json, policy: file } = options;
  if (file !== undefined && verify === undefined)
    throw usageError('--policy is what --verify holds a report against', 'Add --verify FILE.');
  const policy = file === undefined ? undefined : await givenPolicy(file);
  if (verify !== undefined && (out !== undefined || format !== undefined)) {
    throw usageError('--verify reads a report, and --format and --out make one', 'Call it once for each.');
  }
  return await withConnection((connected) =>
    verify === undefined
      ? make(connected, reference, { out, format, json })
      : check(connected, reference, { verify, json, policy }),
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
  const gathered = await gather(connected, await findDeployment(connected, reference));
  const { text, document } = await makeReport(gathered, { format, out });
  if (out === undefined) {
    print(text.trimEnd());
    return EXIT.good;
  }
  await write(out, text);
  const { deployment, outcome, status, sha256, counts, source } = document;
  if (json) printJson({ ok: true, format, out, deployment, outcome, status, sha256, items: counts, source });
  else note(`${out}: ${format} of ${deployment}, ${outcome ?? status}, content sha256 ${sha256}`);
  if (source.evidence.why) note(`Without plots: ${source.evidence.why}.`);
  return EXIT.good;
}

async function write(out: string, text: string): Promise<void> {
  try {
    await writeAtomically(out, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(
      `${out} can't be written (${code ?? error})`,
      'Name a file in a folder that exists and may be written to.',
    );
  }
}

async function check(
  connected: Connected,
  reference: string | undefined,
  { verify, json, policy }: { verify: string; json?: boolean; policy?: Policy },
): Promise<number> {
  const text = await readFile(verify, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${verify} can't be read (${error.code})`, 'Give --verify the path of a report.');
  });
  const handed = readReport(text, verify);
  const expected = reference === undefined ? undefined : await findDeployment(connected, reference);
  const verified = await verifyReport(connected, handed, expected, policy);
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

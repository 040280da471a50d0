import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { type ChainVerdict, chained, verifyChain } from '../../domain/audit/chain.js';
import { type AuditEvent, auditEventsOf, notKnown, timeText } from '../../domain/audit/events.js';
import { selectDeployments, type Wanted } from '../../domain/deployments/listed.js';
import { readBytes } from '../../files/bounded-files.js';
import { type KnownDeployment, knownDeployments } from '../../report/history/known-deployments.js';
import { ledgerOfKnown } from '../../report/history/ledgers.js';
import { type Connected, withConnection } from '../../temporal/connection.js';
import { CliError, EXIT, innermost, usageError } from '../../temporal/errors.js';
import { evidenceOption } from '../retention/archived.js';
import pc from '../terminal/colors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { since } from './deployments/since.js';

interface ExportOptions extends Pick<Wanted, 'service' | 'since'> {
  evidence: string;
}

export function defineAudit(audit: Command): void {
  audit
    .command('export')
    .description('what has happened in deployments, JSON lines on stdout, each with the hash of the one before')
    .option('--service <SERVICE>', 'of this service only')
    .option('--since <TIME>', 'running, or ended since then: how long ago (30d), or a date (2025-11-24)', since)
    .addOption(evidenceOption())
    .addHelpText(
      'after',
      [
        '\nThe head that it says on stderr is the hash of the last event: keep it elsewhere, where nobody who can write the',
        'file can write. What could not be seen is an event of its own, `not-known`, with its reason.',
        '\nExample:\n  $ surefoot audit export --since 365d > audit.jsonl',
      ].join('\n'),
    )
    .action(exiting(exportLog));
  audit
    .command('verify')
    .description('whether a log is as it was written: nothing changed, left out, added or put in another order')
    .argument('<FILE>', 'the log')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nA log that was cut short and given a new end, or written anew, is whole, too: compare head and number of events',
        'with those that `audit export` said.',
        '\nExample:\n  $ surefoot audit verify audit.jsonl',
      ].join('\n'),
    )
    .action(exiting(verify));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function exportLog({ evidence, ...wanted }: ExportOptions): Promise<number> {
  return await withConnection(async (connected) => {
    const { deployments, unknown } = await knownDeployments(connected, evidence);
    const selected = selectDeployments(deployments, wanted).reverse();
    const events: AuditEvent[] = [
      {
        at: timeText(Date.now()),
        kind: 'exported',
        from: `${connected.address}, namespace ${connected.namespace}`,
        only: { service: wanted.service, since: wanted.since === undefined ? undefined : timeText(wanted.since) },
      },
      ...unknown.map(notKnown),
    ];
    for (const each of selected) events.push(...(await eventsOf(connected, each)));
    const { text, head } = chained(events, sha256);
    process.stdout.write(text);
    const missing = events.filter(({ kind }) => kind === 'not-known');
    for (const { text: what } of missing) note(`not known: ${what}`);
    note(`${events.length} events of ${selected.length} deployments; head ${head}`);
    return EXIT.good;
  });
}

async function eventsOf(connected: Connected, each: KnownDeployment): Promise<AuditEvent[]> {
  try {
    return auditEventsOf(await ledgerOfKnown(connected, each), each);
  } catch (error) {
    const why = error instanceof CliError ? error.message : innermost(error);
    return [notKnown(`what happened in ${each.deployment ?? each.runId}: ${why}`)];
  }
}

/** Bytes: what one text can hold. */
const LARGEST_LOG = 500_000_000;

async function verify(file: string, { json }: { json?: boolean }): Promise<number> {
  const bytes = await readBytes(file, LARGEST_LOG).catch((error: unknown) => {
    throw usageError(`${file} cannot be read: ${innermost(error)}`, 'Name a file that `surefoot audit export` wrote.');
  });
  const verdict = verdictOn(bytes);
  if (json) printJson({ ok: verdict.whole, ...verdict });
  else if (verdict.whole) print(`${pc.green('✓')} ${file}: ${verdict.lines} events, head ${verdict.head}`);
  else print(`${pc.red('✗')} ${file}, line ${verdict.line}: ${verdict.why}`);
  return verdict.whole ? EXIT.good : EXIT.badly;
}

/** Bytes that are no UTF-8 could be read as what stood there before: they are no log. */
function verdictOn(bytes: Uint8Array): ChainVerdict {
  try {
    return verifyChain(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), sha256);
  } catch {
    const lines = Buffer.from(bytes).toString('latin1').split('\n');
    const line = 1 + lines.findIndex((each) => !isUtf8(Buffer.from(each, 'latin1')));
    return { whole: false, line, why: 'it is not UTF-8' };
  }
}

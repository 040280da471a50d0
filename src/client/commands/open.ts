import type { Command } from 'commander';
import { execa } from 'execa';
import { withConnection } from '../../temporal/connection.js';
import { findDeployment } from '../../temporal/deployments.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';

export function defineOpen(command: Command): void {
  command
    .argument('[DEPLOYMENT]', 'deployment ID, service or workflow ID (default: the one running, or the latest)')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot open eduautismo')
    .action(exiting(open));
}

async function open(reference: string | undefined, options: { json?: boolean }): Promise<number> {
  const link = await withConnection(async (connected) => {
    const found = await findDeployment(connected, reference);
    if (found.link) return found.link;
    throw usageError(
      `Where the Web UI of ${connected.address} is, is not known`,
      'Set SUREFOOT_UI_URL to its address.',
    );
  });
  if (options.json) {
    printJson({ uiUrl: link });
    return EXIT.good;
  }
  print(link);
  if (process.stdout.isTTY) {
    const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
    const { failed } = await execa(opener, [link], { stdio: 'ignore', timeout: 5_000, reject: false });
    if (failed) note('No browser could be opened from here; follow the link.');
  }
  return EXIT.good;
}

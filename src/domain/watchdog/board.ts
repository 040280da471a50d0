/** What a look has come to, for the Web UI's details: Markdown. */
import { formatDuration } from '../duration.js';
import { cell } from '../ledger/board.js';
import type { WatchdogState } from './alarms.js';

export function renderWatchdog(look: WatchdogState & { looked: number; untold: readonly string[] }): string {
  const troubled = Object.entries(look.deployments);
  const worries = troubled.length === 0 ? 'nothing is wrong' : `${troubled.length} of them are worried about`;
  return [
    `### ${look.looked} deployments looked at: ${worries}`,
    ...troubled.flatMap(([deployment, { since, alarm }]) => [
      '',
      `${cell(deployment)}: ${alarm?.toldAt === undefined ? 'nobody was told yet' : `told ${alarm.told.map((id) => cell(id)).join(', ')}`}`,
      ...Object.entries(since).map(([key, at]) => `- ${cell(key)}, for ${formatDuration(look.at - at)}`),
    ]),
    ...(look.untold.length === 0 ? [] : ['', '### Could not be looked at, or told', '']),
    ...look.untold.map((text) => `- ${cell(text)}`),
  ].join('\n');
}

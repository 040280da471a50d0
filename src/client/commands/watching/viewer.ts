/** Showing what is followed: here one line for each thing that happened. */

import type { Ledger } from '../../../domain/ledger/ledger.js';
import { leftBehind } from '../../../domain/ledger/left-behind.js';
import { cutOff, type LedgerView } from '../../../temporal/ledger-view.js';
import { unserved } from '../../../temporal/queue-service.js';
import { ledgerChanges } from '../../rendering/changes.js';
import { clockText, wayOn } from '../../rendering/status.js';
import { note, print } from '../../terminal/output.js';
import { FROM_HISTORY } from '../status.js';

/** Why a look has shown nothing. */
export interface MissedLook {
  /** The same for as long as it is the same. */
  what: string;
  why?: string;
}

export interface Viewer {
  /** What was seen just now. */
  show(look: LedgerView): void;
  /** That nothing was; told at each look. */
  unseen(unseen: MissedLook): void;
  /** Nothing more is shown. */
  close(): void;
}

/** For pipes, logs and terminals that can do no more. @param json stdout is for one JSON document */
export function lineViewer(json: boolean): Viewer {
  const line = json ? note : print;
  let before: Ledger | undefined;
  let isFromHistory = false;
  let idle = '';
  let silence = '';
  const stamped = (text: string) => line(`${clockText(Date.now())}  ${text}`);
  return {
    show(view) {
      const { ledger, services } = view;
      isFromHistory = view.unanswered !== undefined;
      if (silence !== '' && !isFromHistory) {
        note(`${clockText(Date.now())}  it answers again`);
        silence = '';
      }
      for (const change of ledgerChanges(before, ledger)) stamped(change);
      before = ledger;
      const ended = cutOff(view);
      if (ended !== undefined) {
        for (const told of [`ended from outside: ${ended}`, ...leftBehind(ledger), ...wayOn(ledger)]) stamped(told);
      }
      const queues = unserved(services);
      const now = queues.map(({ queue }) => queue).join();
      if (now !== idle) {
        for (const { text, advice } of queues) stamped(`${text}. ${advice}`);
        if (now === '') stamped('its task queues are served again');
      }
      idle = now;
    },
    unseen({ what, why }) {
      if (what !== silence) {
        const since =
          why === undefined ? what : `${clockText(Date.now())}  ${what} (${why}): it is asked until it does`;
        note(isFromHistory ? `${since}\n${FROM_HISTORY}` : since);
      }
      silence = what;
    },
    close() {},
  };
}

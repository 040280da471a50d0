/**
 * The commands that ask a deployment, or answer it: typed again and again, and by people who wait. The build makes one
 * file of them and the packages they need (`scripts/bundle/asking.js`), which `main.ts` carries them out with.
 */
import { DECISION_KINDS, DECISIONS, type DecisionKind } from '../domain/ledger/decision-kinds.js';
import type { CommandTable, TableEntry } from './program.js';

const decision = (kind: DecisionKind): [string, TableEntry] => [
  kind,
  {
    description: DECISION_KINDS[kind].help,
    load: async () => {
      const { defineDecision } = await import('./commands/decide.js');
      return (command) => defineDecision(command, kind);
    },
  },
];

export const ASKING_COMMANDS: CommandTable = {
  status: {
    description: 'say where a deployment stands, and what it waits for',
    load: async () => (await import('./commands/status.js')).defineStatus,
  },
  watch: {
    description: 'follow a deployment until it ends; Ctrl-C leaves it running',
    load: async () => (await import('./commands/watching/watch.js')).defineWatch,
  },
  ...Object.fromEntries(DECISIONS.map(decision)),
};

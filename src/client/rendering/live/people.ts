/** Whom it waits for: who has signed off, who is missing, and what to type for each open question. Pure. */
import { missingRoles } from '../../../domain/decisions/waits-for.js';
import { formatDuration } from '../../../domain/duration.js';
import type { Ledger, OpenQuestion } from '../../../domain/ledger/ledger.js';
import { allowedDecisions } from '../allowed-decisions.js';
import { type Line, type TerminalStyle, wrappedCommand, wrappedPieces, wrappedText } from './lines.js';

export function signOffLines(ledger: Ledger, style: TerminalStyle): Line[] {
  const question = ledger.questions.find(({ kind }) => kind === 'approvals');
  if (ledger.approvals.length === 0 && !question) return [];
  const missing = question && !ledger.outcome ? missingRoles(ledger, question) : [];
  const pieces: Line[] = [
    [{ text: 'Sign-offs:', paint: 'bold' }],
    ...ledger.approvals.map(({ role, who }): Line => [{ text: '✓ ', paint: 'green' }, { text: `${role} (${who})` }]),
    ...missing.map((role): Line => [{ text: `· ${role} missing`, paint: 'yellow' }]),
  ];
  return wrappedPieces(pieces, style);
}

/** What is open is told before what was said of it: where there is little room the commands stay. */
export function questionLines(ledger: Ledger, { at, style }: { at: number; style: TerminalStyle }): Line[] {
  if (ledger.outcome) return [];
  const open = ledger.questions.filter(({ answer }) => !answer);
  return [...heldLines(ledger, style), ...open.flatMap((question) => linesOf(ledger, question, { at, style }))];
}

function linesOf(ledger: Ledger, question: OpenQuestion, { at, style }: { at: number; style: TerminalStyle }): Line[] {
  const { id, title, text, roles, openedAt } = question;
  const asked = `(${id}, open for ${formatDuration(Math.max(at - openedAt, 0))})`;
  const isTold = ledger.steps.some(({ state, reason }) => state === 'failed' && reason === text);
  return [
    [
      { text: '? ', paint: 'yellow' },
      { text: title, paint: 'bold' },
      { text: ` ${asked}`, paint: 'dim' },
    ],
    ...allowedDecisions(ledger, question).flatMap((command) => wrappedCommand(command, style, 4)),
    ...(roles.length > 1 ? wrappedText({ text: `ROLE is one of ${roles.join(', ')}` }, style, { indent: 2 }) : []),
    ...(text === '' || isTold ? [] : wrappedText({ text }, style, { indent: 2 })),
  ];
}

function heldLines({ held }: Ledger, style: TerminalStyle): Line[] {
  if (!held) return [];
  const why = held.why ? `: ${held.why}` : '';
  return [
    [
      { text: '? ', paint: 'yellow' },
      { text: `held by ${held.who}${why}`, paint: 'bold' },
    ],
    ...wrappedCommand('surefoot resume --as WHO --role ROLE', style, 4),
  ];
}

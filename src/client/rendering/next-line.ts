/** What a deployment does next, waits for, or has come to, in a line. Pure. */
import { hasYetToBegin } from '../../domain/ledger/beginning.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { type QueueService, unserved } from '../../temporal/queue-service.js';
import type { Colors } from './marks.js';

const LEFT = 'see above what production was left in';

/** What a person has to look at who lets it go on. */
const becauseOf = ({ reset }: Ledger): string =>
  reset && !reset.answer ? `: ${reset.text}. Look at production first` : '';

/** What happens next, or what is waited for. */
export function nextLine(
  ledger: Ledger,
  { colors, services = [], cutOff }: { colors: Colors; services?: readonly QueueService[]; cutOff?: string },
): string {
  const label = colors.bold('Next:');
  if (ledger.outcome) return `${colors.bold('Ended:')} ${outcomeText(ledger, colors)}`;
  if (cutOff !== undefined) return `${colors.bold('Ended:')} ${colors.red(`from outside (${cutOff})`)}; ${LEFT}`;
  if (ledger.stop && !ledger.rollback) return `${label} stops (${ledger.stop.kind} by ${ledger.stop.who})`;
  const open = ledger.questions.filter(({ answer }) => !answer);
  if (ledger.held)
    return `${label} held by ${ledger.held.who}${becauseOf(ledger)}; go on with surefoot resume --as WHO --role ROLE`;
  if (open.length > 0) return `${label} waits for ${open.map(({ title }) => title).join('; ')}`;
  const [missing] = unserved(services);
  if (missing) return `${label} waits for a worker: ${missing.text}`;
  if (hasYetToBegin(ledger)) return `${label} its time comes; nobody has to do anything (surefoot abort calls it off)`;
  if (ledger.rollback && ledger.rollback.succeeded === undefined) return `${label} the rollback finishes`;
  const running = ledger.steps.findLast(({ state }) => state === 'running');
  const next = running ? `${running.title} finishes` : `${ledger.phase} goes on`;
  // Nobody has to do anything only as far as it is known that somebody does it.
  const unsure = services.find(({ state }) => state === 'unknown');
  return `${label} ${next}; ${unsure ? unsure.text : 'nobody has to do anything'}`;
}

/** The outcome in the colour of what it means. */
export function outcomeText(ledger: Ledger, colors: Colors): string {
  if (!ledger.outcome) return '';
  const paint = ledger.outcome === 'succeeded' ? colors.green : colors.red;
  return paint(colors.bold(ledger.outcome)) + (ledger.reason ? `: ${ledger.reason}` : '');
}

/** How a deployment stands, and what comes next, in one sentence each. Pure. */
import { waitsFor } from '../domain/decisions/waits-for.js';
import { formatDuration } from '../domain/duration.js';
import { hasYetToBegin, universalMinute } from '../domain/ledger/beginning.js';
import type { Ledger } from '../domain/ledger/ledger.js';
import { stillRollsBack } from '../domain/ledger/left-behind.js';
import { cutOff } from '../temporal/ledger-view.js';
import { unserved } from '../temporal/queue-service.js';
import type { ConsoleRow, DeploymentLook } from './look.js';
import type { PageAsking } from './pages/frame.js';

/** asks: it waits for people. doubt: what is the case is not known, or not well known. */
export type Tone = 'calm' | 'good' | 'asks' | 'doubt' | 'bad';

export interface Headline {
  tone: Tone;
  state: string;
  next: string;
}

/** In which words, and at which moment. */
type Told = Pick<PageAsking, 'words' | 'now'>;

export function headlineOf(look: DeploymentLook, told: Told): Headline {
  const { ledger, services, unanswered } = look;
  const { next, outcomes, phases, rollbacks, answers } = told.words;
  const how = cutOff(look);
  if (ledger.outcome) {
    const after = formatDuration((ledger.endedAt ?? ledger.startedAt) - ledger.startedAt);
    if (ledger.outcome === 'rollback-failed')
      return { tone: 'bad', state: outcomes[ledger.outcome], next: next.lookFirst };
    return { tone: toneOf(ledger.outcome), state: outcomes[ledger.outcome], next: next.ended(after) };
  }
  if (how !== undefined) return { tone: 'bad', state: next.endedOutside(how), next: next.lookFirst };
  const waits = waitsFor(ledger);
  const rollsBack = ledger.rollback && stillRollsBack(ledger) ? ledger.rollback : undefined;
  const begins = beginningOf(ledger, told);
  const running = begins?.state ?? next.running(phases[ledger.phase]);
  if (ledger.held) return { tone: 'asks', state: next.held(ledger.held.who), next: next.resume };
  if (waits.length > 0) {
    const roles = [...new Set(waits.flatMap((each) => each.roles))];
    const state = rollsBack ? next.rollsBack(rollbacks[rollsBack.option]) : next.waitsFor(roles.join(', '));
    return { tone: 'asks', state, next: next.answer(waits.map(({ title }) => title).join('; ')) };
  }
  const [missing] = unserved(services);
  if (missing)
    return { tone: 'doubt', state: next.noWorker, next: [missing.text, missing.advice].filter(Boolean).join(' ') };
  const unsure = services.find(({ state }) => state === 'unknown')?.text ?? unanswered?.message;
  if (rollsBack) {
    const goesOn = unsure === undefined ? next.rollbackGoesOn : next.notSure(unsure);
    return { tone: 'doubt', state: next.rollsBack(rollbacks[rollsBack.option]), next: goesOn };
  }
  if (unsure !== undefined) return { tone: 'doubt', state: running, next: next.notSure(unsure) };
  if (ledger.stop) {
    const { kind, who } = ledger.stop;
    return { tone: 'doubt', state: next.stops(answers[kind]?.name ?? kind, who), next: next.nothingToDo };
  }
  if (begins) return begins;
  const step = ledger.steps.findLast(({ state }) => state === 'running');
  const goesOn = step ? next.nobodyHasTo(step.title) : next.goesOn(phases[ledger.phase]);
  return { tone: 'calm', state: running, next: goesOn };
}

/** The same of one in a list, which is known less of. */
export function rowHeadline({ listed, ledger, unanswered }: ConsoleRow, told: Told): Headline {
  const { next, outcomes, phases } = told.words;
  if (listed.outcome !== 'running') return { tone: toneOf(listed.outcome), state: outcomes[listed.outcome], next: '' };
  const named = Object.entries(phases).find(([phase]) => phase === (ledger?.phase ?? listed.phase));
  const { beginsAt, startedAt } = listed;
  // What has not answered is known by its start alone: whether it has begun since its time came is not among that.
  const isAhead = beginsAt !== undefined && beginsAt > told.now;
  const begins = ledger ? beginningOf(ledger, told) : isAhead && beginningOf({ beginsAt, startedAt }, told);
  const state = begins ? begins.state : next.running(named?.[1] ?? listed.phase ?? next.phaseUnknown);
  if (!ledger) return { tone: 'doubt', state, next: next.waitsUnknown(unanswered ?? next.phaseUnknown) };
  const waits = waitsFor(ledger);
  if (waits.length === 0) return begins || { tone: 'calm', state, next: '' };
  const asked = waits.map(({ title, roles }) => `${next.waitsFor(roles.join(', '))}: ${title}`);
  return { tone: 'asks', state, next: asked.join('; ') };
}

/** Of one that was started for a time to come, until something of it has run. */
function beginningOf(
  appointed: Pick<Ledger, 'beginsAt' | 'startedAt' | 'outcome'>,
  { words: { next }, now }: Told,
): Headline | undefined {
  const { beginsAt } = appointed;
  if (beginsAt === undefined || !hasYetToBegin(appointed)) return undefined;
  const time = universalMinute(beginsAt);
  if (beginsAt > now) return { tone: 'calm', state: next.begins(time), next: next.hasYetToBegin };
  return { tone: 'doubt', state: next.wasToBegin(time), next: next.hasNotBegun };
}

function toneOf(outcome: ConsoleRow['listed']['outcome']): Tone {
  if (outcome === 'succeeded') return 'good';
  if (outcome === 'running') return 'calm';
  return outcome === 'rolled-back' || outcome === 'unknown' ? 'doubt' : 'bad';
}

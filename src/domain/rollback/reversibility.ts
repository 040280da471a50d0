/** Whether there is a way back: what trying it out on staging says about production's rollbacks. */
import { type Fact, failures, passed, type StepReport, unknownFact } from '../evidence.js';
import type { Eligibility } from '../ledger/ledger.js';
import { type MixturesSeen, mayGoCodeFirst, orderOf } from './order.js';

export const NOT_PROVEN: Eligibility = { migration: false, code: false, reasons: ['no way back was tried on staging'] };

/** A downgrade or an upgrade as it went. */
export type ReversibilityTrial = StepReport & {
  before?: string | null;
  after?: string | null;
  schema?: { before: string; after: string };
  added?: Eligibility['drops'];
  compared?: { schema: string; lost: string[] };
};

export interface ReversibilityTrials {
  /** Where the database has to come back to. */
  previous: string | null;
  /** Missing when production is already at the new revision: there is nothing to undo. */
  down?: ReversibilityTrial;
  /** The upgrade after it; tried even when the downgrade failed, for staging has to be at the new revision. */
  up?: ReversibilityTrial;
  /** The new release on the old schema, between the two; missing when there was no such moment. */
  newCode?: StepReport;
  /** The previous release on the new schema; a text says why it was not tried. */
  previousCode: StepReport | string;
  /** Down and up once more while the previous release is deployed, where that matters. */
  fromPrevious?: MadeAgain;
  /** The plan migrates before it deploys. */
  migratesFirst: boolean;
  /** The plan goes on without a way back. */
  allowed: boolean;
}

/** The upgrade is not made where the downgrade has moved nothing. */
export interface MadeAgain {
  down: ReversibilityTrial;
  up?: ReversibilityTrial;
}

/** Facts: `downgrade`, `schema-restored`, `upgrade-again`, `new-code`, `previous-code`. */
export function judgeReversibility(trials: ReversibilityTrials): { facts: Fact[]; eligibility: Eligibility } {
  const migration = migrationFacts(trials);
  const code = codeFact(trials.previousCode);
  const newCode = newCodeFact(trials.newCode);
  const facts = [...migration, newCode, code];
  const undone = isUndone(trials);
  const mixtures = mixturesOf(trials);
  const full = undone ? orderOf({ ...mixtures, undoneFromPrevious: undoneFromPrevious(trials) }) : undefined;
  const reasons = [
    trials.down === undefined
      ? 'there is no migration to undo'
      : undone
        ? 'staging was downgraded and upgraded again without loss'
        : `the migration cannot be undone: ${texts(migration)}`,
    code.ok
      ? 'the previous release answered on the new schema'
      : `the previous release does not work on the new schema: ${code.text}`,
    ...(full ? [`in a full rollback ${full.reason}`] : []),
  ];
  // A staging that was left somewhere else is never something to go on with.
  const advisory = trials.allowed && isBack(trials);
  return {
    facts: facts.map((fact) => (fact.ok || !advisory ? fact : { ...fact, advisory })),
    eligibility: {
      ...{ migration: undone, code: code.ok, newCode: mixtures.newCode, full, reasons, drops: trials.up?.added },
      ...(wentBack(trials) ? { wentBackTo: trials.previous } : {}),
    },
  };
}

/** The migration was undone and made again without loss. */
const isUndone = (trials: Undone): boolean => trials.down !== undefined && migrationFacts(trials).every(({ ok }) => ok);

type Undone = Pick<ReversibilityTrials, 'previous' | 'down' | 'up' | 'fromPrevious'>;

type Mixtures = Pick<ReversibilityTrials, 'newCode' | 'previousCode' | 'migratesFirst'>;

const mixturesOf = ({ newCode, previousCode, migratesFirst }: Mixtures): MixturesSeen => ({
  migratesFirst,
  newCode: newCode && passed(newCode),
  previousCode: typeof previousCode !== 'string' && passed(previousCode),
});

/** Whether the migration is undone once more with the previous release deployed: only where the code may go back first. */
export const isTriedFromPrevious = (trials: Undone & Mixtures): boolean =>
  isUndone(trials) && mayGoCodeFirst(mixturesOf(trials));

/** As {@link isUndone}, of the second time. */
const undoneFromPrevious = ({ previous, fromPrevious }: ReversibilityTrials): boolean | undefined =>
  fromPrevious && fromPrevious.up !== undefined && isUndone({ previous, ...fromPrevious });

const wentBack = ({ previous, down }: ReversibilityTrials): boolean =>
  down !== undefined && passed(down) && down.before !== previous && down.after === previous;

function migrationFacts({ previous, down, up, fromPrevious }: Undone): Fact[] {
  const there = previous ?? 'no revision';
  if (!down || !up) {
    const text = `production is already at ${there}: there is no migration to undo`;
    return ['downgrade', 'schema-restored', 'upgrade-again'].map((name) => ({ name, ok: true, text }));
  }
  const moved = passed(down) && down.before !== down.after;
  const again = passed(up) && up.before !== up.after;
  const differs = down.compared?.schema;
  return [
    moved
      ? lossFact('downgrade', down, `${down.summary}; no rows or values were lost`)
      : { name: 'downgrade', ok: false, text: failures(down) || down.summary },
    {
      name: 'schema-restored',
      ok: moved && differs === '',
      text: !moved
        ? `not known: the downgrade to ${there} failed`
        : differs === ''
          ? `the schema is as it was before the migration (${down.schema?.after.slice(0, 12)})`
          : `the downgrade does not restore the schema: ${differs ?? 'it was not compared'}`,
    },
    !moved
      ? {
          name: 'upgrade-again',
          ok: false,
          text: 'not proven: the downgrade failed, so there was nothing to upgrade again',
        }
      : !again
        ? { name: 'upgrade-again', ok: false, text: failures(up) || up.summary }
        : fromPrevious?.up && !isBack(fromPrevious)
          ? {
              name: 'upgrade-again',
              ok: false,
              text: `with the previous release deployed it was not made again: ${failures(fromPrevious.up) || fromPrevious.up.summary}`,
            }
          : up.compared?.schema !== ''
            ? { name: 'upgrade-again', ok: false, text: `the second upgrade leads elsewhere: ${up.compared?.schema}` }
            : lossFact('upgrade-again', up, `${up.summary}; the schema is the same as after the first upgrade`),
  ];
}

function lossFact(name: string, { compared }: ReversibilityTrial, good: string): Fact {
  const lost = compared?.lost ?? [];
  const shown = `${lost.slice(0, 5).join(', ')}${lost.length > 5 ? ` and ${lost.length - 5} more` : ''}`;
  return { name, ok: lost.length === 0, text: lost.length === 0 ? good : `data was lost: ${shown}` };
}

function codeFact(tried: StepReport | string): Fact {
  const name = 'previous-code';
  if (typeof tried === 'string') return { name, ok: false, text: tried };
  return { name, ok: passed(tried), text: passed(tried) ? tried.summary : failures(tried) };
}

function newCodeFact(tried: StepReport | undefined): Fact {
  const name = 'new-code';
  // Worth knowing for the order of things, and no reason to stop: production may be in maintenance mode meanwhile.
  const advisory = true;
  if (!tried) return { ...unknownFact(name, 'not tried: staging was not at the old schema'), advisory };
  if (passed(tried)) return { name, ok: true, text: tried.summary };
  return { name, ok: false, text: failures(tried), advisory };
}

/** Staging is where the first upgrade had brought it. */
export function isBack({ down, up, fromPrevious }: Pick<ReversibilityTrials, 'down' | 'up' | 'fromPrevious'>): boolean {
  if (fromPrevious?.up && !isBack(fromPrevious)) return false;
  if (!down || !up) return true;
  if (!up.facts.some(({ name, ok }) => name === 'revision' && ok)) return false;
  // Without a first upgrade to compare with, a downgrade that changed nothing has left it there.
  return up.compared
    ? up.compared.schema === ''
    : down.schema !== undefined && down.schema.before === down.schema.after;
}

const texts = (facts: Fact[]) =>
  facts
    .filter(({ ok }) => !ok)
    .map(({ text }) => text)
    .join('; ');

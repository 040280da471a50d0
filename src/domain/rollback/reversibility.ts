/** Whether there is a way back: what trying it out on staging says about production's rollbacks. */
import { type Fact, failures, passed, type StepReport } from '../evidence.js';
import type { Eligibility } from '../ledger/ledger.js';

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
  /** The previous release on the new schema; a text says why it was not tried. */
  previousCode: StepReport | string;
  /** The plan goes on without a way back. */
  allowed: boolean;
}

/** Facts: `downgrade`, `schema-restored`, `upgrade-again`, `previous-code`. */
export function judgeReversibility(trials: ReversibilityTrials): { facts: Fact[]; eligibility: Eligibility } {
  const migration = migrationFacts(trials);
  const code = codeFact(trials.previousCode);
  const facts = [...migration, code];
  const undone = trials.down !== undefined && migration.every(({ ok }) => ok);
  const reasons = [
    trials.down === undefined
      ? 'there is no migration to undo'
      : undone
        ? 'staging was downgraded and upgraded again without loss'
        : `the migration cannot be undone: ${texts(migration)}`,
    code.ok
      ? 'the previous release answered on the new schema'
      : `the previous release does not work on the new schema: ${code.text}`,
  ];
  // A staging that was left somewhere else is never something to go on with.
  const advisory = trials.allowed && isBack(trials);
  return {
    facts: facts.map((fact) => (fact.ok || !advisory ? fact : { ...fact, advisory })),
    eligibility: {
      ...{ migration: undone, code: code.ok, reasons, drops: trials.up?.added },
      ...(wentBack(trials) ? { wentBackTo: trials.previous } : {}),
    },
  };
}

const wentBack = ({ previous, down }: ReversibilityTrials): boolean =>
  down !== undefined && passed(down) && down.before !== previous && down.after === previous;

function migrationFacts({ previous, down, up }: ReversibilityTrials): Fact[] {
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

/** Staging is where the first upgrade had brought it. */
export function isBack({ down, up }: Pick<ReversibilityTrials, 'down' | 'up'>): boolean {
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

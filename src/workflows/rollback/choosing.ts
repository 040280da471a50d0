/** Which way back: what is known is gathered, one pure function chooses, and people may choose otherwise. */
import { condition } from '@temporalio/workflow';
import type { Migration } from '../../contract/plan/migration.js';
import { canRestore, rollbackOptions } from '../../contract/plan/parts.js';
import { formatDuration } from '../../domain/duration.js';
import { whoAndWhy } from '../../domain/evidence.js';
import type { DecisionRecord, Ledger, RollbackKind, RollbackTrigger } from '../../domain/ledger/ledger.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { backupName } from '../../domain/rollback/backup-name.js';
import { chooseRollback, type RollbackFacts } from '../../domain/rollback/choice.js';
import { rollbackFacts } from '../../domain/rollback/facts.js';
import { urgentReads, urgentReadsOn } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { placed } from '../run/runner.js';
import { countStored } from '../run/stored-rows.js';

/** A way back, with the reasons for it, and the revision where a person has named one. */
export interface Chosen {
  option: RollbackKind;
  reasons: string[];
  revision?: string;
}

/** The option to take, or to whom it was left when none was safe and nobody chose one. */
export async function chooseRollbackKind(
  deployment: Deployment,
  trigger: RollbackTrigger,
  wishes: Wishes,
): Promise<Chosen | { leftTo: string }> {
  const found = await look(deployment);
  const wish = wishes.next();
  const asked = wish?.option ? personal(wish, trigger) : trigger;
  const { option, reasons } = chooseRollback(factsOf(deployment, asked, found));
  if (option === undefined) return askForOne(deployment, reasons);
  if (asked.kind === 'person') return { option, reasons, revision: asked.revision };
  if (wish) return { option, reasons };
  if (deployment.plan.rollback.overrideWithin === 0) return { option, reasons };
  return offerOverride(deployment, { option, reasons });
}

/** Rollbacks that people ask for after one was decided on, and before it has begun: a runner may be away that long. */
export class Wishes {
  private heard: DecisionRecord | undefined;

  constructor(private readonly ledger: Pick<Ledger, 'stop'>) {
    this.heard = ledger.stop;
  }

  get isAny(): boolean {
    return this.ledger.stop !== this.heard;
  }

  /** The last one that has not been heard yet. */
  next(): DecisionRecord | undefined {
    if (!this.isAny) return undefined;
    this.heard = this.ledger.stop;
    return this.heard;
  }
}

/** A person has chosen the way back. */
export const personal = ({ who, option, revision }: DecisionRecord, { text }: RollbackTrigger): RollbackTrigger => ({
  kind: 'person',
  who,
  text,
  option,
  revision,
});

/** The checklist's options, each with the longest that it should take. */
export const options = (deployment: Deployment): string =>
  rollbackOptions(deployment.plan)
    .map((option) => {
      const estimate = estimateOf(deployment, option);
      return estimate === undefined ? option : `${option} (up to ${formatDuration(estimate)})`;
    })
    .join(', ');

/** All that people may choose from when a rollback has failed, or none is safe: the last resort too. */
export function rollbackKinds(deployment: Deployment): string {
  const { backup } = deployment.ledger.production;
  if (!backup) {
    const isMade = deployment.plan.backup !== undefined && !canRestore(deployment.plan);
    const none = isMade ? 'the plan has no command that puts its backup in place' : 'there is no backup to restore';
    return `${options(deployment)}; ${none}`;
  }
  const took = formatDuration(estimateOf(deployment, 'restore') ?? 0);
  const now =
    deployment.plan.backup?.by === 'commands'
      ? 'what becomes of what is there now is its command’s'
      : 'what is there now is kept beside it';
  return `${options(deployment)}, restore (the backup from before the deploy: ${backupName(backup)}, ${took} on trial; ${now})`;
}

/** The checklist's longest estimate; for a restore, what the trial restore took. Milliseconds. */
export const estimateOf = ({ plan, ledger }: Deployment, option: RollbackKind): number | undefined =>
  option === 'restore' ? (ledger.production.restoreEstimate ?? 0) : plan.rollback.estimates[option];

/** What there is to undo and what that would cost, as far as it has been seen. */
interface Found {
  migrated: boolean;
  stored: Record<string, number> | undefined;
}

/** The database is asked, not remembered, and for both at once. */
async function look(deployment: Deployment): Promise<Found> {
  const { ledger, plan } = deployment;
  const { production } = ledger;
  const { migration } = plan;
  let migrated = production.migrated;
  const { found = {}, migratedFrom = found.revision } = production;
  const counting = migrated ? countStored(deployment) : undefined;
  if (migration) {
    try {
      const revision = await revisionNow(deployment, migration);
      if (migratedFrom !== undefined) migrated = revision !== migratedFrom;
    } catch {
      // The database cannot be asked: what this workflow did stands.
    }
  }
  return { migrated, stored: migrated ? await (counting ?? countStored(deployment)) : {} };
}

/** In a moment from what the database itself holds; by the tool where only that can tell. */
function revisionNow(deployment: Deployment, migration: Migration): Promise<string | null> {
  const how = { summary: 'Read the database revision before choosing the rollback' };
  const asked = { environment: deployment.plan.environments.production, migration };
  if (!migrationTool(migration.tool).table) return deployment.commands.readRevision.executeWithOptions(how, [asked]);
  return placed(deployment, urgentReads, urgentReadsOn).storedRevision.executeWithOptions(how, [asked]);
}

function factsOf(deployment: Deployment, trigger: RollbackTrigger, { migrated, stored }: Found): RollbackFacts {
  const { ledger, plan } = deployment;
  return rollbackFacts(ledger, {
    trigger,
    policy: plan.rollback,
    previous: plan.release.previous,
    migrated,
    stored: { before: deployment.storedByMigration, now: stored },
  });
}

/** Before a rollback that nobody asked for begins, people may choose another option, or say that it shall begin at once. */
async function offerOverride(deployment: Deployment, chosen: Chosen): Promise<Chosen> {
  const within = deployment.plan.rollback.overrideWithin;
  const question = deployment.openQuestion({
    kind: 'rollback-choice',
    id: 'rollback',
    title: `Rolling back (${chosen.option}) in ${formatDuration(within)} unless somebody chooses otherwise`,
    text: `${chosen.reasons.join('; ')}. Options: ${options(deployment)}`,
    roles: deployment.allRoles,
    moves: ['rollback', 'confirm'],
  });
  await condition(() => question.answer !== undefined, within, { summary: question.title });
  deployment.closeQuestion(question);
  const { answer } = question;
  if (answer?.kind !== 'rollback' || !answer.option) return chosen;
  const reason = whoAndWhy(answer, `chose ${answer.option} instead`);
  return { option: answer.option, reasons: [...chosen.reasons, reason], revision: answer.revision };
}

/** No option is safe: production is in trouble and a person has to weigh what is lost. */
async function askForOne(deployment: Deployment, reasons: string[]): Promise<Chosen | { leftTo: string }> {
  for (;;) {
    const answer = await deployment.ask({
      kind: 'rollback-failed',
      id: 'rollback',
      title: 'No rollback is proven to be safe: which one?',
      text: `${reasons.join('; ')}. Ways back: ${rollbackKinds(deployment)}`,
      roles: deployment.allRoles,
      moves: ['rollback', 'skip'],
    });
    if (answer.kind === 'skip') return { leftTo: `no rollback is safe; left to ${answer.who}: ${answer.why}` };
    if (answer.option) {
      const reason = whoAndWhy(answer, `chose ${answer.option}`);
      return { option: answer.option, reasons: [...reasons, reason], revision: answer.revision };
    }
  }
}

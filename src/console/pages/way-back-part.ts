/** What there is to undo, whether the way back is proven, and what it would cost now. Pure. */
import { formatDuration } from '../../domain/duration.js';
import type { Ledger, RollbackKind } from '../../domain/ledger/ledger.js';
import { NOT_PROVEN } from '../../domain/rollback/reversibility.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import type { DeploymentLook } from '../look.js';
import type { ConsoleWords } from '../words/console-words.js';
import type { PageAsking } from './frame.js';
import { listOf, part } from './parts.js';
import { rollbackOf } from './phases-part.js';

export function wayBackPart(look: DeploymentLook, asking: PageAsking): Markup {
  const { ledger } = look;
  const { words } = asking;
  const done = [...ledger.earlierRollbacks, ...(ledger.rollback ? [ledger.rollback] : [])];
  const told = [...changes(ledger, words), ...proofs(ledger, words), ...costs(look, words)];
  // Until one has brought production back, what another would cost is worth knowing.
  const isBack = ledger.rollback?.succeeded === true;
  const body = html`${isBack ? undefined : listOf(told)}${lines(done.map((record) => rollbackOf(record, asking)))}`;
  return part('way-back', words.deployment.wayBack, body);
}

function changes({ production }: Ledger, { deployment: { changed, nothingToUndo } }: ConsoleWords): string[] {
  const { codeDeployed, migrated, maintenance } = production;
  const told = [
    ...(codeDeployed ? [changed.code] : []),
    ...(migrated ? [changed.database] : []),
    ...(maintenance ? [changed.maintenance] : []),
  ];
  return told.length > 0 ? told : [nothingToUndo];
}

function proofs({ eligibility }: Ledger, { deployment }: ConsoleWords): (Markup | string)[] {
  // Until the proof has ended, what the ledger says is what is assumed without one.
  if (!eligibility || eligibility.reasons.join() === NOT_PROVEN.reasons.join()) return [deployment.unproven];
  const { migration, code } = deployment.proven;
  return [
    eligibility.migration ? migration.yes : migration.no,
    eligibility.code ? code.yes : code.no,
    ...(eligibility.migration && eligibility.code
      ? []
      : eligibility.reasons.map((reason) => html`<span lang="en">${reason}</span>`)),
    ...drops(eligibility, deployment),
  ];
}

function drops(
  { drops: dropped }: NonNullable<Ledger['eligibility']>,
  { wouldDrop }: ConsoleWords['deployment'],
): string[] {
  const names = [
    ...(dropped?.tables ?? []),
    ...(dropped?.columns ?? []).map(({ table, column }) => `${table}.${column}`),
  ];
  return names.length > 0 ? [wouldDrop(names.join(', '))] : [];
}

/** Of each way back that there is something to undo by: by the checklist's estimates, and by the trial restore. */
function costs({ ledger: { production }, planned }: DeploymentLook, { deployment, rollbacks }: ConsoleWords): string[] {
  const { codeDeployed, migrated, backup, restoreEstimate } = production;
  const estimates = planned?.plan.rollback.estimates ?? {};
  const ways: [RollbackKind, number | undefined][] = [
    ...(codeDeployed ? [['code', estimates.code] as [RollbackKind, number | undefined]] : []),
    ...(migrated ? [['migration', estimates.migration] as [RollbackKind, number | undefined]] : []),
    ...(codeDeployed && migrated ? [['full', estimates.full] as [RollbackKind, number | undefined]] : []),
    ...(backup ? [['restore', restoreEstimate] as [RollbackKind, number | undefined]] : []),
  ];
  return ways.map(([kind, time]) =>
    time === undefined
      ? deployment.costUnknown(rollbacks[kind])
      : deployment.wouldTake(rollbacks[kind], formatDuration(time)),
  );
}

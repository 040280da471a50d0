/** Tries production's ways back on staging: the migration undone and made again, the previous release on the new schema. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import type { EndpointCheck } from '../../contract/plan/application.js';
import { migratesFirst, needed } from '../../contract/plan/parts.js';
import {
  commitBefore,
  expectedCommit,
  releaseFound,
  releaseWords,
  wordsBack,
} from '../../contract/plan/proof-of-commit.js';
import type { FirstUpgrade, ReversibilityInput, ReversibilityResult } from '../../contract/reversibility.js';
import { failures, passed, type StepReport } from '../../domain/evidence.js';
import {
  isBack,
  isTriedFromPrevious,
  judgeReversibility,
  type MadeAgain,
  type ReversibilityTrial,
  type ReversibilityTrials,
} from '../../domain/rollback/reversibility.js';
import { STEPS } from '../../domain/steps.js';
import { mustHold } from '../common/input.js';
import { longChecks } from '../common/policies.js';
import { ChildRunner } from '../run/child-runner.js';
import { describe, isFailure, isUnknown } from '../run/failures.js';
import { placed } from '../run/runner.js';

/** A child of the deployment, so that the deployment's own history stays short enough to read. */
export async function ReversibilityWorkflow(input: ReversibilityInput): Promise<ReversibilityResult> {
  mustHold(input, 'plan', 'runner', 'evidence');
  const proof = new Proof(input);
  const undone = { ...(await proof.undoMigration()), migratesFirst: migratesFirst(input.plan) };
  const tried = isBack(undone)
    ? await proof.tryPreviousCode(undone)
    : { previousCode: 'not tried: staging is not at the new schema' };
  const allowed = input.plan.rollback.irreversible === 'allow';
  const judged = judgeReversibility({ ...undone, ...tried, allowed });
  const summary = judged.eligibility.reasons.join('; ');
  return { summary, ...judged, evidence: proof.evidence, endedAt: Date.now() };
}

const NO_WAY = 'production has no revision yet, and staging did: it is not emptied to prove a downgrade to nothing';
const NOT_EMPTIED: ReversibilityTrial = {
  ...{ summary: NO_WAY, facts: [{ name: 'ran', ok: false, text: NO_WAY }], evidence: [] },
  schema: { before: 'untouched', after: 'untouched' },
};

type Undone = Pick<ReversibilityTrials, 'previous' | 'down' | 'up' | 'newCode'>;

interface Released {
  version: string;
  /** What the deploy command is told. */
  words: Record<string, string>;
  /** What the health check is asked of the commit. */
  expected: { commit?: string };
}

class Proof {
  /** The upgrade that the others are compared with. */
  private since?: StepKey;
  readonly evidence: StepReport['evidence'] = [];
  private readonly runner;
  private readonly commands;
  private readonly environment;
  private readonly migration;

  constructor(private readonly input: ReversibilityInput) {
    this.runner = new ChildRunner(input);
    this.commands = this.runner.commands;
    this.environment = needed(input.plan.environments.staging);
    this.migration = needed(input.plan.migration);
  }

  /** Down to the revision that production is at, for there its rollback would have to go, and up again. */
  async undoMigration(): Promise<Undone> {
    const { plan, upgrade } = this.input;
    const previous = await this.commands.readRevision.executeWithOptions(
      { summary: 'Read the revision that production would go back to' },
      [{ environment: plan.environments.production, migration: this.migration }],
    );
    const isUndone = this.input.generation > 1 && (await this.findUndone(previous));
    if (upgrade?.before === previous && !isUndone) return { previous, ...(await this.downAndUp(previous, upgrade)) };

    // Nobody has asked for an empty staging: that is left to people.
    if (previous === null) return { previous, down: NOT_EMPTIED, up: await this.upgrade('migrate') };

    // Staging did not start from where production is: it is brought there, and the upgrade is made from there.
    const prepared = await this.downgrade('prepare', previous);
    const first = await this.upgrade('migrate');
    if (!passed(prepared) || !passed(first)) return { previous, down: prepared, up: first };
    if (first.before === first.after) return { previous };
    const made: FirstUpgrade = { key: this.key('migrate'), before: previous };
    return { previous, ...(await this.downAndUp(previous, made)) };
  }

  /**
   * A proof that did not come to its end may have left staging with the previous release, which can't undo the migration,
   * or at the previous revision, where there is nothing to undo: one that is retried begins where it is to begin.
   */
  private async findUndone(previous: string | null): Promise<boolean> {
    const { release } = this.input.plan;
    await this.deploy(this.released(release.target), 'prepare-deploy');
    const revision = await this.commands.readRevision.executeWithOptions(
      { summary: 'Read the revision at which the proof before has left staging' },
      [{ environment: this.environment, migration: this.migration }],
    );
    return revision === previous;
  }

  /**
   * Deploys it, lets it answer, undoes the migration and makes it again where the code may go back first, and puts the
   * release back.
   * @throws when staging cannot be brought back
   */
  async tryPreviousCode(
    undone: Undone & { migratesFirst: boolean },
  ): Promise<{ previousCode: StepReport; fromPrevious?: MadeAgain }> {
    const { release, smoke, rollback } = this.input.plan;
    const checks = smoke.filter(({ id }) => rollback.previousChecks?.includes(id) ?? true);
    const more =
      checks.length > 0 ? () => this.smoke('smoke', `${release.previous} on the new schema`, checks) : undefined;
    const previousCode = await this.tryRelease(release.previous, more);
    const isTried = isTriedFromPrevious({ ...undone, previousCode });
    const fromPrevious = isTried ? await this.undoFromPrevious(undone.previous) : undefined;
    const back = await this.tryRelease(release.target);
    if (passed(back)) return { previousCode, fromPrevious };
    throw ApplicationFailure.create({
      type: FailureType.StepFailed,
      message: `${release.target} could not be put back on staging: ${failures(back)}`,
      nonRetryable: true,
    });
  }

  private async smoke(name: string, what: string, checks: EndpointCheck[]): Promise<StepReport> {
    const { evidence } = this.input;
    const { environment } = this;
    const report = await placed(this.runner, longChecks).checkEndpoints.executeWithOptions(
      { summary: `Smoke tests of ${what}` },
      [{ key: this.key(name), evidence, environment, checks }],
    );
    this.evidence.push(...report.evidence);
    return report;
  }

  private async downAndUp(previous: string | null, { key }: FirstUpgrade): Promise<Omit<Undone, 'previous'>> {
    this.since = key;
    const down = await this.downgrade('downgrade', previous, key);
    // The moment that users meet between a deploy and its migration, and in a rollback that takes the migration first.
    const newCode = hasMoved(down) ? await this.tryNewCode() : undefined;
    return { down, newCode, up: await this.upgrade('upgrade', key) };
  }

  /** Lets the release that is deployed answer on the old schema: whatever comes of it, the upgrade is made again. */
  private async tryNewCode(): Promise<StepReport> {
    const { plan } = this.input;
    const { target } = plan.release;
    const what = `${target} on the old schema`;
    return this.attempt(async () => {
      const health = await this.health(target, 'health-old-schema');
      if (!passed(health) || plan.smoke.length === 0) return health;
      return together(what, health, await this.smoke('smoke-old-schema', what, plan.smoke));
    });
  }

  /** The way back that takes the code first: the migration's scripts may be gone with the release. */
  private async undoFromPrevious(previous: string | null): Promise<MadeAgain> {
    const down = await this.downgrade('downgrade-from-previous', previous, this.since);
    return hasMoved(down) ? { down, up: await this.upgrade('upgrade-from-previous', this.since) } : { down };
  }

  private async downgrade(name: string, to: string | null, since?: StepKey): Promise<ReversibilityTrial> {
    const from = this.migration.revision;
    return this.migrate(name, `Downgrade staging to ${to ?? 'no revision'}`, { kind: 'downgrade', from, to }, since);
  }

  private upgrade(name: string, since?: StepKey): Promise<ReversibilityTrial> {
    const { revision } = this.migration;
    return this.migrate(name, `Upgrade staging to ${revision} again`, { kind: 'upgrade' }, since);
  }

  private async migrate(
    name: string,
    summary: string,
    direction: { kind: 'upgrade' } | { kind: 'downgrade'; from: string; to: string | null },
    since?: StepKey,
  ): Promise<ReversibilityTrial> {
    const { evidence } = this.input;
    const { environment, migration } = this;
    const trial = await this.commands.migrate.executeWithOptions({ summary }, [
      { key: this.key(name), evidence, environment, migration, direction, stock: { since } },
    ]);
    this.evidence.push(...trial.evidence);
    return trial;
  }

  /** Deploys a release, waits until it answers, and looks at more when it does. */
  private async tryRelease(version: string, more?: () => Promise<StepReport>): Promise<StepReport> {
    return this.attempt(async () => {
      const since = Date.now();
      await this.deploy(this.released(version));
      const health = await this.health(version, `health-${version}`, since);
      return passed(health) && more ? together(`${version} on the new schema`, health, await more()) : health;
    });
  }

  private async health(version: string, name: string, since?: number): Promise<StepReport> {
    const { plan, evidence } = this.input;
    const { environment } = this;
    const { healthPath: path, healthWithin: within } = plan;
    const report = await placed(this.runner, longChecks).awaitHealth.executeWithOptions(
      { summary: `Staging answers with ${version}` },
      [
        {
          key: this.key(name),
          evidence,
          environment,
          path,
          version,
          ...this.released(version).expected,
          since,
          within,
        },
      ],
    );
    this.evidence.push(...report.evidence);
    return report;
  }

  /** What fails in a trial is what it has shown. */
  private async attempt(trial: () => Promise<StepReport>): Promise<StepReport> {
    try {
      return await trial();
    } catch (error) {
      // Nothing follows what may be at work: people are asked.
      if (!isFailure(error) || isUnknown(error)) throw error;
      const text = describe(error);
      return { summary: text, facts: [{ name: 'ran', ok: false, text }], evidence: [] };
    }
  }

  /** How a release is deployed, and what is known of its commit. */
  private released(version: string): Released {
    const { plan, commit, found } = this.input;
    const command = plan.commands.deploy;
    if (version === plan.release.target) {
      const expected = expectedCommit(this.environment, commit);
      return { version, words: releaseWords(command, version, commit), expected };
    }
    const before = releaseFound(version, found);
    return { version, words: wordsBack(command, before), expected: commitBefore(before) };
  }

  private async deploy({ version, words: values }: Released, name = `deploy-${version}`): Promise<void> {
    const { evidence, plan } = this.input;
    const command = plan.commands.deploy;
    const report = await this.commands.runCommand.executeWithOptions({ summary: `Deploy ${version} to staging` }, [
      { key: this.key(name), evidence, environment: this.environment, command, values },
    ]);
    this.evidence.push(...report.evidence);
  }

  private key(name: string): StepKey {
    const { deployment, generation } = this.input;
    return { deployment, step: `${STEPS.reversibility.id}.${name}`, generation };
  }
}

const hasMoved = ({ before, after }: ReversibilityTrial): boolean => before !== after;

const together = (what: string, health: StepReport, more: StepReport): StepReport => ({
  summary: `${what}: ${health.summary}; ${more.summary}`,
  facts: [...health.facts, ...more.facts],
  evidence: [],
});

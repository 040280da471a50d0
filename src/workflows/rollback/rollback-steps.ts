/** The steps that the three rollbacks are made of (checklist "Rollback Plan"), and the record they leave. */

import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { StepKey } from '../../contract/activities/step.js';
import type { RollbackInput, RollbackResult } from '../../contract/messages.js';
import { logsOf, toolOf } from '../../contract/plan/parts.js';
import { commitBefore, type ReleaseBefore, releaseFound, wordsBack } from '../../contract/plan/proof-of-commit.js';
import type { StepReport } from '../../domain/evidence.js';
import { cell } from '../../domain/ledger/board.js';
import type { StepRecord } from '../../domain/ledger/ledger.js';
import { showWhenAsked } from '../common/details.js';
import { mustHold } from '../common/input.js';
import { checks, longChecks } from '../common/policies.js';
import { Publisher } from '../common/published.js';
import { ChildRunner } from '../run/child-runner.js';
import { reportedRevision } from '../run/reported-revision.js';
import { placed } from '../run/runner.js';
import { begunRecord, runGeneration } from '../run/step-record.js';

/** Ends a rollback that could not be done: a modelled state, not an accident. */
class RollbackFailed extends Error {}

export class Rollback {
  private readonly steps: StepRecord[] = [];
  private readonly startedAt = Date.now();
  /** When the previous release began to be deployed: where no version is told, what was started since is the proof. */
  private since?: number;
  private readonly runner;
  private readonly commands;
  private readonly environment;
  private readonly before: ReleaseBefore;
  private readonly publisher = new Publisher(() => ({ steps: this.steps }));

  constructor(
    private readonly input: RollbackInput,
    private readonly option: string,
  ) {
    mustHold(input, 'deployment', 'plan', 'runner', 'evidence', 'trigger');
    this.runner = new ChildRunner(input);
    this.commands = this.runner.commands;
    this.environment = input.plan.environments.production;
    this.before = releaseFound(input.previous, input.found);
    showWhenAsked(() => this.board);
  }

  /** Runs the table of contents to its end. Nothing cancels a rollback. */
  async run(contents: () => Promise<void>): Promise<RollbackResult> {
    return CancellationScope.nonCancellable(async () => {
      try {
        await contents();
        return this.result(true, `rolled back: ${this.option}`);
      } catch (error) {
        if (!(error instanceof RollbackFailed)) throw error;
        return this.result(false, error.message);
      }
    });
  }

  /** Downgrades from the new code to exactly the revision that was chosen; where that is not certain, nothing is run. */
  downgradeDatabase(): Promise<void> {
    const { plan, evidence, downgradeTo: to } = this.input;
    const { migration } = plan;
    return this.step('downgrade', 'Downgrade the database', async (key, summary) => {
      if (!migration) throw ApplicationFailure.nonRetryable('the plan has no migration to undo');
      if (to === undefined) throw ApplicationFailure.nonRetryable('it is not certain which revision to go back to');
      return this.commands.migrate.executeWithOptions({ summary }, [
        {
          key,
          evidence,
          environment: this.environment,
          migration,
          direction: { kind: 'downgrade', from: migration.revision, to },
        },
      ]);
    });
  }

  restoreDatabase(): Promise<void> {
    const { plan, evidence, backup: from, again } = this.input;
    const { backup } = plan;
    return this.step('restore', 'Restore the backup from before the deploy', async (key, summary) => {
      if (!from || !backup) throw ApplicationFailure.nonRetryable('there is no backup from before the deploy');
      const asked = { key, evidence, service: plan.service, environment: this.environment, from };
      return backup.by === 'commands'
        ? this.commands.restoreByCommands.executeWithOptions({ summary }, [{ ...asked, backup, again }])
        : this.commands.restoreDatabase.executeWithOptions({ summary }, [{ ...asked, backup, tool: toolOf(plan) }]);
    });
  }

  deployPreviousVersion(): Promise<void> {
    const { plan, evidence, previous } = this.input;
    return this.step('deploy', `Deploy ${previous}`, (key, summary) => {
      this.since = Date.now();
      return this.commands.runCommand.executeWithOptions({ summary }, [
        {
          key,
          evidence,
          environment: this.environment,
          command: plan.commands.deploy,
          values: wordsBack(plan.commands.deploy, this.before),
        },
      ]);
    });
  }

  restartService(): Promise<void> {
    const { plan, evidence } = this.input;
    const command = plan.commands.restartService;
    if (!command) return Promise.resolve();
    return this.step('restart', 'Restart the service', (key, summary) =>
      this.commands.runCommand.executeWithOptions({ summary }, [
        { key, evidence, environment: this.environment, command, values: {} },
      ]),
    );
  }

  awaitHealth(version?: string): Promise<void> {
    const { plan, evidence } = this.input;
    return this.step('health', 'Production answers its health check', (key, summary) =>
      placed(this.runner, longChecks).awaitHealth.executeWithOptions({ summary }, [
        {
          key,
          evidence,
          environment: this.environment,
          path: plan.healthPath,
          version,
          ...(version === undefined ? {} : commitBefore(this.before)),
          since: this.since,
          within: plan.healthWithin,
        },
      ]),
    );
  }

  checkLogs(): Promise<void> {
    const { plan, evidence } = this.input;
    if (!plan.commands.logs) return Promise.resolve();
    return this.step('logs', 'Look at the logs', (key, summary) =>
      this.commands.checkLogs.executeWithOptions({ summary }, [
        { key, evidence, environment: this.environment, ...logsOf(plan) },
      ]),
    );
  }

  checkApplication(): Promise<void> {
    const { plan, evidence } = this.input;
    const { verifyPath: path } = plan.rollback;
    if (path === undefined || this.input.maintenance) return Promise.resolve();
    return this.step('application', `${path} answers`, (key, summary) =>
      placed(this.runner, longChecks).checkPath.executeWithOptions({ summary }, [
        { key, evidence, environment: this.environment, path },
      ]),
    );
  }

  /** The proof: production's real state, read from the database and the application, not from this workflow's word. */
  verify(expected: { version?: string; revision?: string | null; migrationUndone: boolean }): Promise<void> {
    const { plan, evidence } = this.input;
    return this.step('verify', 'Production is back', async (key, summary) =>
      placed(this.runner, checks).verifyState.executeWithOptions({ summary }, [
        {
          key,
          evidence,
          environment: this.environment,
          healthPath: plan.healthPath,
          expected: {
            version: expected.version,
            ...(expected.version === undefined ? {} : commitBefore(this.before)),
            ...(expected.migrationUndone
              ? {
                  revision: expected.revision,
                  ...(await reportedRevision(plan, this.commands)),
                  ...(plan.indexes ? { indexes: { present: false, expectations: plan.indexes } } : {}),
                }
              : {}),
          },
        },
      ]),
    );
  }

  private async step(
    id: string,
    title: string,
    run: (key: StepKey, summary: string) => Promise<StepReport>,
  ): Promise<void> {
    const { deployment, generation } = this.input;
    const step = `rollback-${this.option}.${id}`;
    const record = begunRecord({ id: step, phase: 'production', section: 'Rollback', title }, generation);
    this.steps.push(record);
    this.publisher.changed();
    await runGeneration(record, () => run({ deployment, step, generation }, title));
    this.publisher.changed();
    if (record.reason !== undefined) throw new RollbackFailed(`${title}: ${record.reason}`);
  }

  private get board(): string {
    const rows = this.steps.map(
      ({ state, title, summary, reason }) => `- ${state}: ${cell(title)} ${cell(reason ?? summary ?? '')}`,
    );
    return [`### Rollback (${this.option})`, cell(this.input.trigger.text), '', ...rows].join('\n');
  }

  private result(succeeded: boolean, reason: string): RollbackResult {
    return { succeeded, reason, startedAt: this.startedAt, endedAt: Date.now(), steps: this.steps };
  }
}

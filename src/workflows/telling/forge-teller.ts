/**
 * Telling the forge how the deployment stands: the newest alone, and one at a time, so that nothing older comes after it.
 * Nothing in here delays or fails a deployment.
 */
import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { ForgeDeployment, ForgeSubject } from '../../contract/activities/forge.js';
import { aboutOf } from '../../contract/deployment.js';
import { type ForgeReport, forgeReportOf } from '../../domain/forge/forge-report.js';
import { authorised } from '../common/authorised.js';
import { endOfThisMoment } from '../common/moment.js';
import { forges } from '../common/policies.js';
import type { Context } from '../run/context.js';

export class ForgeTeller {
  private known: ForgeDeployment | undefined;
  private told = '';
  private telling: Promise<void> | undefined;

  constructor(
    private readonly deployment: Pick<Context, 'input' | 'ledger' | 'vouched'>,
    /** Says on the board what could not be told; `error` is why. */
    private readonly untold: (text: string, error?: unknown) => void,
  ) {}

  /** Something may be another than what the forge shows. */
  changed(): void {
    // What a demo plays is no deployment of the commit.
    if (!this.deployment.input.plan.forge || this.deployment.input.clock === 'virtual') return;
    this.telling ??= CancellationScope.nonCancellable(() => this.tellNewest());
  }

  /** All has been told, or given up: an ending should not be lost with its workflow. */
  async flushed(): Promise<void> {
    await this.telling;
  }

  private async tellNewest(): Promise<void> {
    for (;;) {
      await endOfThisMoment();
      // What an answer lets go on goes on within this moment, too: where it has come to is told, and no place on the way.
      await endOfThisMoment();
      const report = forgeReportOf(this.deployment.ledger);
      const state = JSON.stringify(report);
      if (state === this.told || !this.isDue(report)) break;
      this.told = state;
      await this.tell(report);
    }
    this.telling = undefined;
  }

  /** Before the repository has said which commit is deployed, nobody is told of another one. */
  private isDue({ state }: ForgeReport): boolean {
    const { commit, outcome, runner } = this.deployment.ledger;
    // Until it is admitted it is not known whether anybody's word has to come with the telling.
    if (runner === undefined && outcome === undefined) return false;
    const isKnown = commit !== undefined || this.deployment.input.plan.release.repository === undefined;
    if (!isKnown && outcome !== undefined && this.told === '') {
      this.told = state;
      this.untold(
        `the forge does not show “${state}”: which commit ${this.deployment.input.plan.release.target} is was not known`,
      );
    }
    return isKnown;
  }

  private async tell(report: ForgeReport): Promise<void> {
    const { forge } = this.deployment.input.plan;
    if (!forge) return;
    const { known } = this;
    try {
      const summary = `Tell the forge: ${report.state}, ${report.text}`.slice(0, 200);
      const said = await authorised(forges, this.deployment.vouched).tellForge.executeWithOptions({ summary }, [
        { forge, subject: this.subject(), report, ...(known ? { known } : {}) },
      ]);
      this.known = said.known ?? known;
      if (said.untold !== undefined) this.untold(said.untold);
    } catch (error) {
      if (!isCancellation(error)) this.untold(`the forge does not show “${report.state}”`, error);
    }
  }

  private subject(): ForgeSubject {
    const { input, ledger } = this.deployment;
    const { link } = aboutOf(input, workflowInfo());
    const { deployment, service, commit, startedAt } = ledger;
    const { target } = input.plan.release;
    const about = { deployment, service, ref: commit ?? target, target, startedAt };
    return link.startsWith('http') ? { ...about, link } : about;
  }
}

/** Freezes, deploy windows and times of low traffic: production waits for them, or a person overrides one. */
import { condition } from '@temporalio/workflow';
import type { WeeklyWindow } from '../../contract/plan/windows.js';
import { attestationOf, byWhom, type Fact } from '../../domain/evidence.js';
import type { DecisionRecord, OpenQuestion } from '../../domain/ledger/ledger.js';
import { STEPS } from '../../domain/steps.js';
import { localReads } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';

/** The production phase begins in a deploy window, and never in a freeze. */
export async function awaitDeployWindow(deployment: Deployment): Promise<void> {
  const { windows } = deployment.plan;
  if (!windows || windows.deploy.length + windows.freeze.length === 0) return;
  await deployment.step(STEPS.productionWindow, async ({ step }) => {
    const { deploy: weekly } = windows;
    const fact = await awaitWindow(deployment, { id: step, fact: 'window', name: 'the deploy window', weekly });
    return { summary: fact.text, facts: [fact], evidence: [] };
  });
}

interface Window {
  /** Of the question. */
  id: string;
  /** The fact's name. */
  fact: string;
  /** For people: `the deploy window`. */
  name: string;
  weekly: WeeklyWindow[];
}

/**
 * Waits until the window is open, however long it takes, and looks again when it should be. A held deployment goes on
 * when it is released, if the window is open then.
 * @returns the fact: ok when the window is open, not ok and somebody's decision when it was overridden
 */
export async function awaitWindow(deployment: Deployment, window: Window): Promise<Fact> {
  const { ledger, plan } = deployment;
  const { timeZone = 'UTC', freeze = [], overrideBy = [] } = plan.windows ?? {};
  const { id, fact: name, weekly } = window;
  let question: OpenQuestion | undefined;
  const answered = () => question?.answer !== undefined;
  try {
    for (;;) {
      await condition(() => ledger.held === undefined || answered());
      if (question?.answer) return overridden(window, question, question.answer);
      const opening = await localReads.nextOpening.executeWithOptions({ summary: `Is ${window.name} open?` }, [
        { timeZone, freeze, weekly, at: Date.now() },
      ]);
      if (opening.open) return { name, ok: true, text: `${window.name}: ${opening.text}` };
      const text = `Waits for ${window.name}: ${opening.text}`;
      question ??= deployment.openQuestion({
        kind: 'window',
        id,
        title: window.name,
        text,
        roles: overrideBy,
        moves: ['override'],
      });
      question.text = text;
      deployment.publish();
      if (opening.opensAt === undefined) {
        deployment.notifier.remind(question);
        await condition(answered);
      } else await condition(answered, Math.max(opening.opensAt - Date.now(), 1), { summary: text.slice(0, 200) });
    }
  } finally {
    if (question) deployment.closeQuestion(question);
  }
}

function overridden({ name, fact }: Window, { text }: OpenQuestion, decision: DecisionRecord): Fact {
  const closed = text.replace(/^Waits for [^:]*: /, '');
  return {
    name: fact,
    ok: false,
    text: `${name} overridden ${byWhom(decision)} (${closed})`,
    by: attestationOf(decision),
  };
}

/** Showing what is followed on a whole terminal: drawn each second, whatever has been heard meanwhile. */
import { runbookOf } from '../../../contract/runbook.js';
import { inertValues } from '../../../domain/inert.js';
import type { Ledger } from '../../../domain/ledger/ledger.js';
import { startedWith } from '../../../report/history/started-with.js';
import type { Connected } from '../../../temporal/connection.js';
import type { FoundDeployment } from '../../../temporal/deployments.js';
import { innermost } from '../../../temporal/errors.js';
import { type LiveLook, renderLive, renderUnseen } from '../../rendering/live/live-view.js';
import { latestWatch, type Observed, observed } from '../../rendering/live/observed.js';
import { openScreen } from '../../terminal/screen.js';
import { type Curves, curvesOf } from './curves.js';
import type { Viewer } from './viewer.js';

const DRAWN_EVERY = 1_000;
/** A series may be long: it is read less often than it grows. */
const CURVES_EVERY = 5_000;

export function liveViewer(connected: Connected, found: FoundDeployment): Viewer {
  const { inVirtualTime } = found;
  let look: LiveLook | undefined;
  let nothing = `Looking at ${found.deployment ?? found.workflowId}`;
  const screen = openScreen(() => draw());
  const draw = () =>
    screen.draw(look ? renderLive(look, Date.now(), screen.style()) : renderUnseen(nothing, screen.style()));
  const planned = plannedOf(connected, found);
  const timer = setInterval(draw, DRAWN_EVERY);
  draw();
  return {
    show(view) {
      look = { view, seenAt: Date.now(), inVirtualTime, ...planned(view.ledger) };
      draw();
    },
    unseen({ what, why }) {
      const told = why === undefined ? what : `${what} (${why})`;
      if (look) look = { ...look, unseen: told };
      else nothing = told;
      draw();
    },
    close() {
      clearInterval(timer);
      screen.close();
    },
  };
}

type Planned = Curves & Pick<LiveLook, 'usually'>;

/** What its plan adds, as far as it is known by now: the plan is asked for once, a series now and then. */
function plannedOf(connected: Connected, { workflowId, runId }: FoundDeployment): (ledger: Ledger) => Planned {
  let known: Planned = { curves: new Map() };
  let own: Observed | undefined;
  let due = Number.NEGATIVE_INFINITY;
  let input: ReturnType<typeof startedWith> | undefined;
  const learn = async (ledger: Ledger): Promise<Planned> => {
    try {
      input ??= startedWith(connected, { workflowId, runId });
      const read = await input;
      if (!read) return { curves: new Map(), curvesNote: 'Its plan cannot be read here: nothing is plotted' };
      const plan = inertValues(read.plan);
      const usually = new Map(runbookOf(plan).map((step) => [step.id, step.usually]));
      return { usually, ...(await curvesOf(plan, ledger, own)) };
    } catch (error) {
      input = undefined;
      return { ...known, curvesNote: `Its plan cannot be read: ${innermost(error)}` };
    }
  };
  return (ledger) => {
    const watch = latestWatch(ledger);
    own = watch && observed(own, watch);
    if (performance.now() < due) return known;
    due = Number.POSITIVE_INFINITY;
    void learn(ledger).then((planned) => {
      known = planned;
      due = performance.now() + CURVES_EVERY;
    });
    return known;
  };
}

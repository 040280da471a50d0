/** Faults of the sandbox that the demo can show, and the moment they begin. */
import { needed, watchesOf } from '../contract/plan/parts.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { FAULT_NAMES, type FaultName, type FaultParameters } from '../local/faults.js';

export interface DemoFault {
  name: FaultName;
  /** A watch's or a step's ID: the fault begins with its first activity. */
  at: string;
}

/** Each fault comes from the new code or from the migration, so that the right rollback really cures it. */
export const faultParameters = (name: FaultName, { release, migration }: ResolvedPlan): FaultParameters => {
  const code = { when: { version: release.target } };
  const revision = { when: { revision: needed(migration).revision } };
  const parameters: Record<FaultName, FaultParameters> = {
    errors: { rate: 0.5, ...code },
    latency: { seconds: 11, ...code },
    deadlocks: { per_second: 4, ...revision },
    memory: { mb_per_second: 200, cap_mb: 500, ...code },
    crash: { after_seconds: 3, ...code },
    'lost-rows': { rows: 50, ...code },
    'critical-logs': { per_second: 5, ...code },
    cpu: { cores: 2, ...code },
  };
  return parameters[name];
};

/** A fault or a place for it that the sandbox does not know. */
export class UnknownFault extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** Reads `errors@watch-5m`. Without a place it is the first watch of production. */
export function readFault(text: string, plan: ResolvedPlan): DemoFault {
  const [name = '', at = plan.watches[0]?.id ?? ''] = text.split('@');
  if (!(FAULT_NAMES as readonly string[]).includes(name)) {
    throw new UnknownFault(`"${name}" is no fault of the sandbox`, `Use one of ${FAULT_NAMES.join(', ')}.`);
  }
  const places = watchesOf(plan).map(({ id }) => id);
  if (!places.includes(at) && !/^(staging|production)\.[a-z-]+$/.test(at)) {
    throw new UnknownFault(
      `"${at}" is no place for a fault`,
      `Use one of ${places.join(', ')}, or a step such as production.smoke.`,
    );
  }
  return { name: name as FaultName, at };
}

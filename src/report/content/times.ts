/** Times as a report tells them: in the plan's time zone, wherever the report is made. */
import type { ResolvedPlan } from '../../contract/plan/plan.js';

export interface ReportClock {
  zone: string;
  /** `2025-11-24`. */
  date(at: number): string;
  /** `14:05:30`. */
  time(at: number): string;
  /** Both. */
  stamp(at: number): string;
}

export function clockOf(plan: Pick<ResolvedPlan, 'windows'>): ReportClock {
  const zone = plan.windows?.timeZone ?? 'UTC';
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    ...({ year: 'numeric', month: '2-digit', day: '2-digit' } as const),
    ...({ hour: '2-digit', minute: '2-digit', second: '2-digit' } as const),
  });
  const parts = (at: number) => {
    const found = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    return (...names: Intl.DateTimeFormatPartTypes[]) => names.map((name) => found.get(name));
  };
  const date = (at: number) => parts(at)('year', 'month', 'day').join('-');
  const time = (at: number) => parts(at)('hour', 'minute', 'second').join(':');
  return { zone, date, time, stamp: (at) => `${date(at)} ${time(at)}` };
}

/** When production may be touched. */

/**
 * When production may be touched, by the clocks of a time zone. Dates and times are that zone's own: `2026-12-20T18:00`,
 * `09:00`.
 */
export interface Windows {
  /** IANA name, as `America/Sao_Paulo`. */
  timeZone: string;
  /** Nothing is done to production then, whatever the windows say. */
  freeze: Freeze[];
  /** When the production phase may begin; at any time when there are none. */
  deploy: WeeklyWindow[];
  /** When production may be load-tested (checklist 4.4). */
  lowTraffic: WeeklyWindow[];
  /** Roles that may go on outside a window, with a reason. */
  overrideBy: string[];
}

export interface Freeze {
  title: string;
  from: string;
  to: string;
}

/** The same times each week. */
export interface WeeklyWindow {
  /** The days on which it begins: 1 Monday to 7 Sunday. */
  days: number[];
  from: string;
  /** At most `24:00`. Not after `from`: it ends on the next day. */
  to: string;
}

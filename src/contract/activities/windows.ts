/** Local clocks. */
import type { Freeze, WeeklyWindow } from '../plan/windows.js';

/** Whether a window is open, and when that changes, epoch milliseconds. */
export interface Opening {
  open: boolean;
  /** When it is closed, unless it never opens again. */
  opensAt?: number;
  /** When it is open and closes within two weeks. */
  closesAt?: number;
  /** For people: `opens Mon 09:00 America/Sao_Paulo (in 14 h)`. */
  text: string;
}

export interface WindowActivities {
  /** Local clocks and their changes, which workflow code must not read. Without weekly windows only freezes close. */
  nextOpening(input: {
    timeZone: string;
    freeze: Freeze[];
    weekly: WeeklyWindow[];
    /** The workflow's time. */
    at: number;
  }): Promise<Opening>;
}

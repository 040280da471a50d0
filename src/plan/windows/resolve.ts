/** Freezes, deploy windows and times of low traffic: whether their time zone and their roles are there. */
import type { Windows } from '../../contract/plan/windows.js';
import type { MachineMaps, Resolution as ResolutionOf } from '../core/resolution.js';
import { nearest } from '../core/suggest.js';
import type { AuthoredWindows } from './schema.js';

type Resolution = ResolutionOf<MachineMaps & { windows?: AuthoredWindows }>;

export function resolveWindows(resolution: Resolution): Windows | undefined {
  const { windows } = resolution.sections;
  if (windows === undefined) return undefined;
  const { timeZone, overrideBy } = windows;
  if (!isTimeZone(timeZone)) {
    resolution.report(['windows', 'timeZone'], {
      message: `There is no time zone \`${timeZone}\`; write its IANA name, as America/Sao_Paulo`,
      suggestion: nearest(timeZone, Intl.supportedValuesOf('timeZone')),
    });
  }
  overrideBy.forEach((role, index) => {
    resolution.knows(role, {
      at: ['approvals', 'roles'],
      label: 'role',
      from: ['windows', 'overrideBy', index],
    });
  });
  return windows;
}

/** Offsets such as `-03:00` are no zones: they know no change of clocks. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

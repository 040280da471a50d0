/** The maps of a plan that bindings may replace. */

export const MACHINE_MAPS = ['hosts', 'credentials', 'folders'] as const;

export type MachineMap = (typeof MACHINE_MAPS)[number];

import { showOnForge } from '../../adapters/forge/forges.js';
import type { Patience } from '../../adapters/http/patient-request.js';
import type { ForgeActivities } from '../../contract/activities/forge.js';
import { withHeartbeat } from '../commands/heartbeat.js';

/** @param options `patience`: how long the forge is waited for */
export const createForgeActivities = ({ patience }: { patience?: Patience } = {}): ForgeActivities => ({
  tellForge: ({ forge, ...telling }) => withHeartbeat((signal) => showOnForge(forge, telling, { signal, patience })),
});

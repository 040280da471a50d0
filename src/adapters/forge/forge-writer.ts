/** The port to forges: what the writer of a kind does. `forges.ts` has one for each kind. */
import type { ForgeDeployment, ForgeSubject } from '../../contract/activities/forge.js';
import type { Forge, ForgeKind } from '../../contract/plan/forge.js';
import type { ForgeReport } from '../../domain/forge/forge-report.js';
import type { ForgeApi } from './forge-api.js';

/** A forge of one kind, as the plan names it. */
export type ForgePlace<K extends ForgeKind> = Extract<Forge, { kind: K }>;

export interface Telling {
  subject: ForgeSubject;
  report: ForgeReport;
  known?: ForgeDeployment;
}

/** What a trial has shown. `note`: no more than that nothing speaks against it. */
export interface ForgeTrial {
  ok: boolean;
  text: string;
  advice?: string;
  note?: true;
}

export interface ForgeWriter<K extends ForgeKind> {
  headers(token: string): Record<string, string>;
  /** What people call the place. */
  nameOf(place: ForgePlace<K>): string;
  /**
   * Looks at what is there, and writes what is not. What it cannot finish, another call can.
   * @throws ForgeUnusable
   */
  show(place: ForgePlace<K>, telling: Telling, api: ForgeApi): Promise<ForgeDeployment>;
  /** Whether a deployment could be shown, as far as that is seen without writing anything. @throws ForgeUnusable */
  probe(place: ForgePlace<K>, api: ForgeApi): Promise<ForgeTrial>;
}

/** The name of a service's status on a commit. */
export const statusName = ({ service }: ForgeSubject): string => `surefoot/${service}`;

/** The newest: forges number what they are told. */
export const newest = <T extends { id: number }>(all: readonly T[]): T | undefined =>
  all.toSorted((one, other) => other.id - one.id)[0];

/** What both forges' trials come to. @param name what people call the place */
export const trialOf = (name: string) => ({
  archived: (): ForgeTrial => ({ ok: false, text: `${name}: it is archived, and takes no deployments` }),
  onlyReads: (advice: string): ForgeTrial => ({ ok: false, text: `${name}: the token may only read`, advice }),
  reads: (): ForgeTrial => ({
    ...{ ok: true, note: true },
    text: `${name}: the token may read its deployments; whether it may write them shows only when it does`,
  }),
});

/** A port, and everything that is plugged into it: each adapter is put through every situation. */
import { expect, test } from 'vitest';
import { conforms, type Situations } from './reader.js';

/** What one adapter is put through: here the last three situations are left out by nobody. */
export interface AdapterSuite {
  /** From `src/`. */
  module: string;
  situations: Required<Situations>;
  /** As {@link conforms} takes them. */
  secrets?: string[];
}

/**
 * Registers the suite of every adapter, and a test that none is without.
 * @param adapters the port's registry: who is added there needs a suite here
 */
export function portConforms<Kind extends string>(
  port: string,
  adapters: Readonly<Record<Kind, unknown>>,
  suites: Record<Kind, AdapterSuite>,
): void {
  test(`every ${port} has a suite`, () => {
    expect(Object.keys(suites).sort()).toEqual(Object.keys(adapters).sort());
  });
  for (const [kind, { module, situations, secrets }] of Object.entries<AdapterSuite>(suites))
    conforms(`${module} (${port} ${kind})`, situations, { secrets });
}

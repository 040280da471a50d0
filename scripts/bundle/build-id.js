/** The name of a build: the same code has the same one, wherever and whenever it is built. */
import { createHash } from 'node:crypto';

/**
 * Pure.
 * @param version of the release
 * @param bundles all that workers may run workflows by, with their source maps, which say where they were built
 * @param aside the folder that they were built in, which is `dist` when it is whole
 */
export function buildIdOf(version, bundles, aside) {
  const texts = bundles.map((code) => code.replaceAll(aside, 'dist').replace(/\n\/\/# sourceMappingURL=.*/, ''));
  const hash = createHash('sha256').update(JSON.stringify(texts)).digest('hex');
  return `${version}-${hash.slice(0, 12)}`;
}

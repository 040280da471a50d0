/** Commands of the worker that are asked about one environment: nothing else is filled in. */
import { PLACEHOLDER } from '../../domain/placeholder.js';
import type { Path } from './problems.js';
import type { MachineMaps, Resolution } from './resolution.js';
import { nearest } from './suggest.js';

/** Reports every placeholder of a command but `{environment}`. @param path where its `run` stands */
export function onlyEnvironment(resolution: Resolution<MachineMaps>, run: readonly string[], path: Path): void {
  run.forEach((argument, index) => {
    for (const [written, word = ''] of argument.matchAll(PLACEHOLDER)) {
      if (word === 'environment') continue;
      const suggestion = nearest(word, ['environment']) && '{environment}';
      const message = `\`${written}\` is not filled in here; known: {environment}`;
      resolution.report([...path, index], { message, suggestion });
    }
  });
}

/** Commands of the worker that are asked about one environment: nothing else is filled in. */
import { placeholder } from '../../domain/placeholder.js';
import type { Path } from './problems.js';
import type { MachineMaps, Resolution } from './resolution.js';
import { nearest } from './suggest.js';

/** Reports every placeholder of a command but `{environment}`. @param path where its `run` stands; `more`: others */
export function onlyEnvironment(
  resolution: Resolution<MachineMaps>,
  run: readonly string[],
  path: Path,
  more: readonly string[] = [],
): void {
  const known = ['environment', ...more];
  run.forEach((argument, index) => {
    for (const [written, word = ''] of argument.matchAll(placeholder())) {
      if (known.includes(word)) continue;
      const near = nearest(word, known);
      const suggestion = near && `{${near}}`;
      const list = known.map((name) => `{${name}}`).join(', ');
      const message = `\`${written}\` is not filled in here; known: ${list}`;
      resolution.report([...path, index], { message, suggestion });
    }
  });
}

/** PostgreSQL's programs run without a record, for tests of what is made of their words. */
import type { RunTool } from '../../src/adapters/backup/tool-run.js';
import { endText, runShort } from '../../src/adapters/commands/short-command.js';

const LIMIT = 60_000;

export const runTool: RunTool = async ({ argv, environment, cwd, title }) => {
  const begun = performance.now();
  const { end, stderr, cut } = await runShort({ argv, environment, cwd, limit: LIMIT });
  const how = endText(end, LIMIT);
  return {
    ...(end.kind === 'exited' ? { exitCode: end.code } : {}),
    ...(how === undefined ? {} : { problem: `${title} ${how}` }),
    ...(cut.stderr > 0 ? { notWhole: `${cut.stderr} bytes of its words were not kept` } : {}),
    errors: stderr,
    milliseconds: performance.now() - begun,
  };
};

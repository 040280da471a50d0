/** `command`: a number out of the JSON that a command prints. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Command } from '../../../contract/plan/commands.js';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import { duration, reference, strict, text } from '../../core/basics.js';
import { unnamedFolder, WORKER_FOLDER, workerFolder } from '../../core/command-folder.js';
import { onlyEnvironment } from '../../core/own-placeholders.js';
import { common, ofAnyUnit, type PlannedSource } from './source.js';

const schema = strict({
  ...common,
  source: z.literal('command').describe('A command that prints JSON'),
  command: strict({
    run: z
      .array(text(), { error: 'Write the command as a list of arguments: [./queue_length.sh, "{environment}"]' })
      .min(1, 'The command is empty')
      .describe('Program and arguments; `{environment}` is filled in. No shell reads it, and it runs on the worker'),
    in: reference('folders').optional().describe(WORKER_FOLDER),
    timeout: duration().prefault('5s').describe('Longest time it may take'),
  }).describe('The command'),
  field: text().optional().describe('Where the number is in the JSON, as `queue.length`; all of it when left out'),
});

/** A tick's samples must be there within its time limit. */
const LONGEST_COMMAND = 20_000;

export const commandSource: PlannedSource<SourceOf<'command'>, typeof schema> = {
  schema,
  reading: ofAnyUnit,
  check(resolution, { name, metric }) {
    const path = ['metrics', name, 'command'];
    onlyEnvironment(resolution, metric.command.run, [...path, 'run']);
    if (metric.command.timeout > LONGEST_COMMAND) {
      resolution.report([...path, 'timeout'], 'A tick waits for it: at most 20s');
    }
    workerFolder(resolution, metric.command.in, [...path, 'in']);
  },
  fill(metric, { resolution, environment, place }) {
    const { run, in: folder, timeout } = metric.command;
    const command: Command = { run, on: 'worker', folder: where(), timeout };
    const field = metric.field === undefined ? {} : { field: metric.field };
    const { tools, variables } = place;
    return { kind: 'command', command, environment, tools, variables, window: metric.window, ...field };

    // Reported already by `check`, when there is no such folder.
    function where(): string {
      if (folder === undefined) return unnamedFolder(resolution, ['metrics']);
      const entry = resolution.value('folders', folder);
      return entry === undefined ? '' : resolve(entry.folder, entry.value);
    }
  },
};

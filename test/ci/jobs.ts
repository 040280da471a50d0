/** A job of a pipeline: the script of `ci/`, with the variables that its forge's runner would give it, run as that one runs it. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TEMPLATES, type Template } from './templates.js';

/** A forge that runs jobs. */
export type JobKind = 'github' | 'gitlab';

interface Job {
  /** What the pipeline says to the template. */
  inputs: Record<string, string>;
  /** Variables of the job. */
  variables?: Record<string, string>;
  /** It works in here. */
  folder: string;
  /** What the runner has found on its machine; bash as a rule. */
  shell?: 'bash' | 'sh';
}

export interface JobResult {
  code: number;
  /** What people read of the job. */
  log: string;
  /** The ID that jobs after it have. */
  deployment: string | undefined;
  /** All that the job leaves to those after it. */
  left: string;
}

/** Who has pushed, as the forge calls them. */
export const PUSHED_BY = 'aisha';

/** What a runner puts into variables besides inputs. */
const CONTEXT: Record<string, string> = {
  'github.actor': PUSHED_BY,
  'github.action_path': resolve('ci/github'),
  GITLAB_USER_LOGIN: PUSHED_BY,
};

/** As a runner fills in what a template says of its variables; what an input is, it is whatever stands in it. */
function filledIn({ variables, inputs }: Template, said: Record<string, string>): Record<string, string> {
  const known = (name: string) => CONTEXT[name] ?? '';
  const fill = (text: string): string =>
    text.replaceAll(/\$\{\{ ([\w.-]+) \}\}|\$\[\[ ([\w.-]+) \]\]|\$([A-Z_]+)/g, (_, ...names: string[]) => {
      const name = names.slice(0, 3).find(Boolean) ?? '';
      const input = /^inputs\.(.+)$/.exec(name)?.[1];
      return input === undefined ? known(name) : (said[input] ?? fill(inputs[input]?.default ?? ''));
    });
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, fill(value)]));
}

/** How a runner calls a script (https://docs.github.com/actions: `shell: bash`; https://docs.gitlab.com/runner/shells/). */
const called = (kind: JobKind, shell: 'bash' | 'sh'): string[] => {
  if (shell === 'sh') return ['-e', '-c'];
  return [...(kind === 'github' ? ['--noprofile', '--norc'] : []), '-eo', 'pipefail', '-c'];
};

export function runJob(kind: JobKind, { inputs, variables = {}, folder, shell = 'bash' }: Job): Promise<JobResult> {
  const template = TEMPLATES[kind] as Template;
  mkdirSync(folder, { recursive: true });
  const others = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|SUREFOOT|GITHUB|CI)_?/.test(name));
  const env = {
    ...Object.fromEntries(others),
    ...variables,
    ...filledIn(template, inputs),
    ...(kind === 'github' ? { RUNNER_TEMP: folder, GITHUB_OUTPUT: join(folder, template.output.file) } : {}),
  };
  return new Promise((done) => {
    execFile(shell, [...called(kind, shell), template.script], { cwd: folder, env }, (error, out, err) => {
      const text = readFileSync(join(folder, template.output.file), 'utf8');
      const deployment = new RegExp(`^${template.output.name}=(.*)$`, 'm').exec(text)?.[1];
      const document = readFileSync(join(folder, 'surefoot.json'), 'utf8');
      done({ code: error ? Number(error.code) : 0, log: out + err, deployment, left: text + document });
    });
  });
}

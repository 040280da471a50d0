/** What `ci/` offers to pipelines, as it is written. */
import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';

interface Input {
  description?: string;
  default?: string;
  required?: boolean;
  options?: string[];
}

interface GitLabJob {
  variables: Record<string, string>;
  script: string[];
  allow_failure: { exit_codes: number[] };
}

export interface Template {
  inputs: Record<string, Input>;
  /** Variables of the script, as the template fills them in. */
  variables: Record<string, string>;
  script: string;
  /** Where its `deploymentId` comes out, and under which name. */
  output: { file: string; name: string };
}

const githubFile = readFileSync('ci/github/action.yml', 'utf8');
const gitlabFile = readFileSync('ci/gitlab/surefoot.gitlab-ci.yml', 'utf8');
export const action = parse(githubFile);
export const [spec, jobs] = parseAllDocuments(gitlabFile).map((document) => document.toJS());
export const [job] = Object.values(jobs) as [GitLabJob];
const started = action.runs.steps.find(({ id }: { id?: string }) => id === 'start');

export const TEMPLATES: Record<string, Template> = {
  github: {
    inputs: action.inputs,
    variables: started.env,
    script: started.run,
    output: { file: 'github-output', name: 'deployment' },
  },
  gitlab: {
    inputs: spec.spec.inputs,
    variables: job.variables,
    script: job.script.join('\n'),
    output: { file: 'surefoot.env', name: 'SUREFOOT_DEPLOYMENT' },
  },
};

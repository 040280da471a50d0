/** The files of a first plan: the plan itself, bindings for a trial on this machine, a scenario. A pure function. */
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { withBoth } from '../plan/both-environments.js';
import { readDocument } from '../plan/core/document.js';
import { PlanError } from '../plan/core/problems.js';
import { resolvePlan } from '../plan/resolve.js';
import { readSections } from '../plan/sections.js';
import { composePlan, type Subject, withWanted } from './compose-plan.js';
import { firstUse } from './migrations.js';
import { questionsOf, type SettledBox, settleBoxes } from './settle-boxes.js';
import { type Comments, writeYaml } from './write-yaml.js';

export interface MadeFiles {
  /** Texts by their names in the plan's folder. */
  files: Record<string, string>;
  boxes: SettledBox[];
}

export const PLAN_FILE = 'plan.yaml';
export const BINDINGS_FILE = 'bindings.yaml';
export const SCENARIO_FILE = 'scenarios/all-is-well.yaml';

/** @param document the checklist as the plan names it, where there is one */
export function makeFiles(subject: Subject, document?: string): MadeFiles {
  const sections = composePlan(subject);
  const boxes = settleBoxes(withWanted(subject), resolvedFrom(writeYaml(sections, { head: '' }), PLAN_FILE));
  const value = { ...sections, ...askingFor(boxes, { sections, subject, document }) };
  return {
    files: {
      [PLAN_FILE]: writeYaml(value, planComments(subject, boxes)),
      [BINDINGS_FILE]: bindingsText(subject, sections),
      [SCENARIO_FILE]: scenarioText(value),
    },
    boxes,
  };
}

/**
 * @param file where the text is to stand; its checklist is looked for from there
 * @throws PlanError when it is no plan, as where the checklist holds what no plan takes
 */
export function resolvedFrom(text: string, file: string): ResolvedPlan {
  const { document: written, problems } = readDocument(file, text);
  const document = written && withBoth(written);
  const read = document && readSections(document);
  const outcome = document && read && resolvePlan({ plan: document, sections: read.sections });
  const all = [...problems, ...(read?.problems ?? []), ...(outcome?.problems ?? [])];
  if (outcome?.resolved === undefined || all.length > 0) throw new PlanError(all);
  return outcome.resolved;
}

interface Whole {
  sections: Record<string, unknown>;
  subject: Subject;
  document?: string;
}

function askingFor(boxes: readonly SettledBox[], { sections, subject, document }: Whole): Record<string, unknown> {
  if (document === undefined) return {};
  const roles = Object.keys((sections.approvals as { roles: object }).roles);
  const confirmations: Record<string, Record<string, unknown>> = {};
  for (const { phase, id, title } of questionsOf(boxes, subject.language)) {
    confirmations[phase] = { ...confirmations[phase], [id]: { title, roles } };
  }
  const items = boxes.map(({ id, title, by }) => [id, { title, by: by.length === 1 ? by[0] : by }]);
  return { confirmations, document, items: Object.fromEntries(items) };
}

/** What a team still has to do is found by this word. */
const TODO = 'TODO:';

function planComments({ answers, found, isRepository, paths }: Subject, boxes: readonly SettledBox[]): Comments {
  const asked = boxes.filter(({ isAsked }) => isAsked);
  const above: Record<string, string> = {
    hosts: `${TODO} your own addresses. bindings.yaml has others for a trial on this machine.`,
    release: [
      'What is deployed is said at each start: surefoot start … --target VERSION',
      ...(isRepository ? ['and --branch BRANCH, which must have been merged.'] : []),
    ].join('\n'),
    'commands.deploy': [
      `${TODO} your own script; no shell reads it.`,
      ...(isRepository
        ? ['Where a branch is deployed, hand it "{commit}" too, and say where what runs tells it (health.commit).']
        : []),
    ].join('\n'),
    'commands.logs': `${TODO} a command that prints the latest lines and ends.`,
    'commands.maintenanceOn': `${TODO} your own scripts.`,
    health: `${TODO} whether it answers 200 and JSON with the \`version\` that runs; plans/README.md has other ways.`,
    logs: `${TODO} what no line may hold, as a regular expression (RE2).`,
    metrics: `${TODO} for \`source: scrape\`, the names that your series have: these are the usual ones, and nobody has looked.`,
    criteria: `${TODO} what more must hold. What can't be seen is unknown, and unknown is never healthy.`,
    approvals: `${TODO} your people. Whoever starts a deployment does not sign it off, and nobody for two roles.`,
    smoke: `${TODO} what must work right after the deploy, the path that matters most first.`,
    confirmations: `${TODO} who can answer; now everybody who signs off.`,
    items: [
      `The boxes of the checklist: ${boxes.length - asked.length} of ${boxes.length} rest on facts, and people are asked for ${asked.length}.`,
      `${TODO} look at each; surefoot plan show lists the facts that there are.`,
    ].join('\n'),
  };
  if (found.migrationTool !== undefined) above.migration = `${TODO} ${firstUse(found.migrationTool).advice}`;
  if (paths.rules !== undefined) above.alerts = `From ${paths.rules}. ${TODO} leave out those that need not be on.`;
  const head = [
    `${answers.service}: a first plan, made by \`surefoot init\`. It can be checked and rehearsed as it is:`,
    '',
    `  surefoot plan check ${PLAN_FILE}`,
    `  surefoot rehearse ${PLAN_FILE} --scenario scenarios`,
    '',
    `What is yours to put right is marked ${TODO.replace(':', '')}.`,
  ].join('\n');
  const behind = asked.map(({ id }) => ({ path: ['items', id], comment: `${TODO} a person is asked` }));
  return { head, above, behind };
}

/** Everything on this machine: the application at its own port, staging at the next one. */
function bindingsText({ answers, found, paths }: Subject, sections: Record<string, unknown>): string {
  const port = found.port ?? 8080;
  const local = (name: string): string | undefined => {
    const isStaging = name.startsWith('staging-');
    if (name.endsWith('-api')) return `http://127.0.0.1:${isStaging ? port + 1 : port}`;
    if (name.endsWith('-server')) return 'local:';
    if (!name.endsWith('-database')) return undefined;
    if (name.startsWith('scratch-')) return 'postgresql://postgres@127.0.0.1:5432/postgres';
    return `postgresql://postgres@127.0.0.1:5432/${found.database ?? answers.service}${isStaging ? '_staging' : ''}`;
  };
  const { hosts, credentials, folders } = sections as Record<string, Record<string, string>>;
  const secrets = Object.keys(credentials ?? {}).filter((name) => name.endsWith('-database'));
  const value = {
    surefoot: 1,
    plan: PLAN_FILE,
    hosts: Object.fromEntries(
      Object.keys(hosts ?? {}).flatMap((name) => {
        const here = local(name);
        return here === undefined ? [] : [[name, here]];
      }),
    ),
    ...(secrets.length > 0
      ? { credentials: Object.fromEntries(secrets.map((name) => [name, `file:secrets/${name}`])) }
      : {}),
    ...(folders && 'deployed' in folders ? { folders: { deployed: paths.service } } : {}),
  };
  const head = [
    'The same plan for a trial on this machine:',
    '',
    `  surefoot doctor ${PLAN_FILE} --bindings ${BINDINGS_FILE}`,
    '',
    `${TODO} the ports and databases that you have started.`,
  ].join('\n');
  const above: Record<string, string> = {};
  if (secrets.length > 0) above.credentials = 'Files that hold the passwords alone; keep them out of git.';
  return writeYaml(value, { head, above });
}

function scenarioText({ watches }: Record<string, unknown>): string {
  const ids = (watches as { id: string }[]).map(({ id }) => id);
  const steps = ['production.deploy', 'production.health', 'production.smoke', ...ids];
  const value = {
    scenario: 'The release goes out, answers, and goes on answering',
    plan: `../${PLAN_FILE}`,
    expect: { outcome: 'succeeded', steps: Object.fromEntries(steps.map((id) => [id, 'passed'])) },
  };
  const head = `${TODO} the next one: what must come of it when the release stops answering? docs/rehearsal.md shows how.`;
  return writeYaml(value, { head });
}

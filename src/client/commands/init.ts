/** `surefoot init`: a first plan for a service, from what is there and a few questions. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Answers } from '../../init/compose-plan.js';
import type { FoundFiles } from '../../init/found-files.js';
import type { MadeFiles } from '../../init/make-files.js';
import { PlanError } from '../../plan/core/problems.js';
import { CliError, EXIT, innermost, usageError } from '../../temporal/errors.js';
import pc from '../terminal/colors.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { type AskPerson, withQuestions } from '../terminal/questions.js';

interface Flags {
  yes?: boolean;
  service?: string;
  from?: string;
  folder: string;
  out?: string;
  json?: boolean;
}

export function defineInit(command: Command): void {
  command
    .option('--yes', 'ask nothing: take what is found, and the usual where nothing is')
    .option('--service <NAME>', 'what the service is called (default: as its files have it)')
    .option('--from <FILE.md>', 'the checklist: each of its boxes gets a fact, or a person who is asked')
    .option('--folder <FOLDER>', 'where the service is', '.')
    .option('--out <FOLDER>', 'where the files go (default: `surefoot` in that folder)')
    .option('--json', 'one JSON document on stdout; asks nothing')
    .addHelpText(
      'after',
      `
Reads package.json, docker-compose.yml, openapi.json, settings of a migration tool, Prometheus rules and a Markdown
checklist, as far as they are there. Nothing is written over: exit code 2 where a file is there already.

Examples:
  $ surefoot init
  $ surefoot init --yes --service orders --from docs/release-checklist.md --out deploy`,
    )
    .action(exiting(init));
}

async function init(flags: Flags): Promise<number> {
  // Only this command reads what is around a service: others start without loading it.
  const { alreadyThere, prepare, usualAnswers, writeFiles } = await import('../../init/init.js');
  const { BINDINGS_FILE, PLAN_FILE, SCENARIO_FILE } = await import('../../init/make-files.js');
  const { folder, out = join(folder, 'surefoot') } = flags;
  refuseTaken(alreadyThere([PLAN_FILE, BINDINGS_FILE, SCENARIO_FILE], out));
  const around = await look(flags);
  const usual = usualAnswers(withService(around, flags.service));
  const terminal = { input: process.stdin, output: process.stderr };
  const answers = isAsking(flags) ? await withQuestions(terminal, (ask) => answer(ask, around, usual)) : usual;
  const wrong = wrongWith(answers);
  if (wrong.length > 0) throw usageError(wrong.join('; '), 'Nothing was written: run it again.');
  const made = tryPrepare(() => prepare(around, answers, { folder, out }));
  const written = write(() => writeFiles(made.files, out));
  if (flags.json) printJson({ ok: true, files: written, ...told(around, made) });
  else printSummary(written, { around, made, plan: join(out, PLAN_FILE) });
  return EXIT.good;
}

const isAsking = ({ yes, json }: Flags): boolean =>
  !yes && !json && process.stdin.isTTY === true && process.stdout.isTTY === true;

const withService = (around: FoundFiles, service = around.found.service): FoundFiles => ({
  ...around,
  found: { ...around.found, service },
});

function refuseTaken(taken: readonly string[]): void {
  if (taken.length === 0) return;
  const verb = taken.length === 1 ? 'is' : 'are';
  throw usageError(
    `${taken.join(', ')} ${verb} there already, and nothing is written over`,
    'Name another folder with --out, or move what is there away.',
  );
}

async function look({ folder, from }: Flags): Promise<FoundFiles> {
  const { lookAround } = await import('../../init/found-files.js');
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw usageError(`${folder} is no folder`, 'Name the folder of your service with --folder.');
  }
  try {
    return lookAround(folder, from);
  } catch (error) {
    throw usageError(
      `${from ?? folder} can’t be read: ${innermost(error)}`,
      'Name a Markdown file with boxes: --from.',
    );
  }
}

/** What a plan does not take comes from the checklist or an answer. */
function tryPrepare(work: () => MadeFiles): MadeFiles {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const said = error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw usageError(
      `No plan can be made of this: ${said.join('; ')}`,
      'Put that right in the checklist, or answer otherwise; nothing was written.',
    );
  }
}

function write(work: () => string[]): string[] {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CliError(`The files can’t be written: ${innermost(error)}`, {
      hint: 'Name a folder that can be written, with --out.',
      cause: error,
    });
  }
}

/** @param usual what an empty answer stands for, as far as no other answer changes it */
async function answer(ask: AskPerson, around: FoundFiles, usual: Answers): Promise<Answers> {
  const { usualAnswers } = await import('../../init/init.js');
  const service = await ask('What is the service called?', usual.service);
  const otherwise = usualAnswers(withService(around, service));
  const production = await ask('Where does production answer?', otherwise.production);
  const staging = await ask('Where does staging answer? “none” where there is none.', otherwise.staging ?? 'none');
  const health = await ask('Which path is its health check?', otherwise.health);
  const deploy = await ask('What deploys {version} to {environment}?', otherwise.deploy.join(' '));
  return { service, production, ...(staging === 'none' ? {} : { staging }), health, deploy: deploy.split(/\s+/) };
}

/** Held against what a plan takes before anything is made of it. */
function wrongWith({ service, production, staging, health, deploy }: Answers): string[] {
  const isUrl = (text: string) => /^https?:\/\/[^\s/@]+(\/\S*)?$/.test(text);
  return [
    /^[a-z][a-z0-9-]{0,39}$/.test(service)
      ? []
      : `${service}: a service is named in lower-case letters, digits and "-"`,
    isUrl(production) ? [] : `${production}: write production’s address as https://…`,
    staging === undefined || isUrl(staging) ? [] : `${staging}: write staging’s address as https://…`,
    /^\/\S*$/.test(health) ? [] : `${health}: a path begins with "/"`,
    deploy.some((word) => word.includes('{version}')) ? [] : `${deploy.join(' ')}: holds no {version}`,
  ].flat();
}

function told({ checklist, read, unread }: FoundFiles, { boxes }: MadeFiles) {
  const items = boxes.map(({ id, title, by, isAsked }) => ({ id, title, by, asked: isAsked }));
  const facts = items.filter(({ asked }) => !asked).length;
  return {
    checklist: checklist?.file ?? null,
    read,
    unread,
    boxes: { all: items.length, facts, asked: items.length - facts },
    items,
  };
}

function printSummary(
  written: readonly string[],
  { around, made, plan }: { around: FoundFiles; made: MadeFiles; plan: string },
): void {
  const { checklist, read, unread, boxes } = told(around, made);
  for (const file of written) print(`${pc.green('✓')} ${file}`);
  if (read.length > 0) note(`Taken from ${read.join(', ')}.`);
  for (const { file, reason } of unread) note(`${pc.yellow('not read')}: ${file}: ${reason}`);
  if (checklist !== null) {
    print(`${checklist}: ${boxes.facts} of ${boxes.all} boxes rest on facts; people are asked for ${boxes.asked}.`);
  }
  print(`\nNext: put right what is marked TODO, then\n  surefoot plan check ${plan}\n  surefoot rehearse ${plan}`);
}

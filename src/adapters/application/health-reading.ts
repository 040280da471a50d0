/**
 * One look at an application, in whichever way the plan says that it is seen to be up, told as the usual health check
 * would tell it: status 200 and JSON with `version`, `started_at` and, where the plan says where it stands, `commit`.
 */
import type { HealthReading, Told } from '../../contract/plan/application.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment } from '../../contract/plan/environment.js';
import { inOneLine } from '../../domain/one-line.js';
import { extractor, LONGEST_LINE } from '../../domain/pattern.js';
import { fillPlaceholders } from '../commands/command-line.js';
import { type Given, programVariables } from '../commands/program-variables.js';
import { type CommandEnd, endText, runShort } from '../commands/short-command.js';
import { connectTo } from '../http/connect.js';
import { type HttpAnswer, jsonOf, mediaType, NoAnswer, request } from '../http/http.js';
import { follow } from '../http/json-path.js';

/** Where an application is asked how it is. */
export interface HealthPlace {
  url: string;
  /** As usual when left out. */
  as?: HealthReading;
}

/** An answer as the usual health check gives it; `unsaid`: why a field is not told, for people. */
export type HealthAnswer = HttpAnswer & { unsaid?: Record<string, string> };

export const healthPlace = ({ api, health }: Environment, path: string): HealthPlace => ({
  url: api + path,
  ...(health ? { as: health } : {}),
});

/** Whether one look sees one instance of several: what a command says, it says of all. */
export const isOfOneInstance = ({ as }: HealthPlace): boolean => as?.by === undefined;

type Line = { value: string } | { unknown: string };

/** How one look is made. */
export interface Look {
  /** Milliseconds. */
  timeout: number;
  signal?: AbortSignal;
  /** What commands have said to looks that share it: it holds for all instances. */
  heard?: Map<Told, Promise<Line>>;
}

/** @throws NoAnswer; the signal's reason */
export async function look(place: HealthPlace, by: Look): Promise<HealthAnswer> {
  const { url, as } = place;
  const { timeout, signal } = by;
  if (as?.by === undefined) {
    const headers = { 'cache-control': 'no-cache' };
    const answer = await request({ url, headers, timeout, signal });
    return as === undefined ? answer : translated(answer, as, by);
  }
  const start = performance.now();
  if ('port' in as.by) await reached(new URL(url).hostname, as.by.port, by);
  else await succeeded(as.by.command, { ...by, given: as });
  const milliseconds = performance.now() - start;
  const answer = { status: 200, statusText: 'up', headers: {}, body: '', milliseconds };
  return translated(answer, as, by);
}

/** Everything else that the answer says stays: `in_flight`, `maintenance`. */
async function translated(answer: HttpAnswer, as: HealthReading, by: Look): Promise<HealthAnswer> {
  const { status = 200, expect } = as;
  const isUp = as.by !== undefined || answer.status === status;
  const wrong = isUp ? unmet(answer, expect) : answer.status === 200 ? `instead of ${status}` : undefined;
  if (wrong !== undefined) {
    const statusText = `${answer.statusText} ${wrong}`;
    // A page in place of the answer may be a proxy's or a gateway's: it says nothing of the application.
    if (mediaType(answer.headers['content-type']) === 'text/html') throw new NoAnswer(statusText, NO_LOOK);
    return { ...answer, status: 503, statusText };
  }
  if (!isUp) return answer;
  const usual = jsonOf(answer);
  const fields: Record<string, unknown> = isRecord(usual) ? { ...usual } : {};
  const unsaid: Record<string, string> = {};
  const places: [string, Told | undefined][] = [
    ['version', as.version === 'none' || (as.version && 'runs' in as.version) ? undefined : as.version],
    ['started_at', as.startedAt],
    ['commit', as.commit],
  ];
  for (const [field, place] of places) {
    if (place === undefined) continue;
    const told = await read(answer, place, { ...by, given: as });
    if ('value' in told) fields[field] = told.value;
    else {
      delete fields[field];
      unsaid[field] = told.unknown;
    }
  }
  return { ...answer, status: 200, body: JSON.stringify(fields), unsaid };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with an answer of the expected status. */
function unmet(answer: HttpAnswer, expect: HealthReading['expect']): string | undefined {
  if (expect === undefined) return undefined;
  if ('text' in expect)
    return extractor(expect.text)(beginning(answer)) === undefined ? `without "${expect.text}"` : undefined;
  const [name, said] =
    'field' in expect
      ? [expect.field, follow(jsonOf(answer), expect.field).values[0]]
      : [expect.header, answer.headers[expect.header.toLowerCase()]];
  if (said !== undefined && String(said) === expect.is) return undefined;
  return said === undefined ? `without ${name}` : `with ${name} ${short(String(said))} instead of ${expect.is}`;
}

/** As much as a pattern is looked for in: the answer of a health check is short, and each character costs time. */
const beginning = ({ body }: HttpAnswer): string => body.slice(0, LONGEST_LINE);

const LONGEST = 100;
const short = (text: string): string => inOneLine(text).slice(0, LONGEST);

/** A look whose commands get what the environment's own do. */
type LookByCommand = Look & { given?: Given };

async function read(answer: HttpAnswer, place: Told, by: LookByCommand): Promise<Line> {
  if ('command' in place) {
    const line = by.heard?.get(place) ?? linePrinted(place.command, by);
    by.heard?.set(place, line);
    return line;
  }
  const said =
    'field' in place
      ? follow(jsonOf(answer), place.field).values[0]
      : 'header' in place
        ? answer.headers[place.header.toLowerCase()]
        : extractor(place.text)(beginning(answer));
  if (typeof said === 'number' || (typeof said === 'string' && said.trim() !== '')) return { value: String(said) };
  const where = 'field' in place ? place.field : 'header' in place ? `header ${place.header}` : `"${place.text}"`;
  return { unknown: `no ${where} in the answer` };
}

async function linePrinted(command: Command, by: LookByCommand): Promise<Line> {
  const printed = await runFor(command, by);
  if (!printed.ok) return { unknown: `the command for it ${printed.ending}` };
  const value = printed.stdout.trim();
  return value === '' || /[\r\n]/.test(value) ? { unknown: 'the command for it prints no single line' } : { value };
}

/** @throws the signal's reason */
async function runFor(
  { run, folder, timeout: own }: Command,
  { timeout, signal, given }: LookByCommand,
  values: Record<string, string> = {},
) {
  const limit = Math.min(own, timeout);
  const environment = programVariables(given);
  const ran = await runShort({ argv: fillPlaceholders(run, values), cwd: folder, environment, limit, signal });
  signal?.throwIfAborted();
  return { ...ran, ending: endText(ran.end, limit) };
}

/** The code of a look that came to nothing by itself: it says nothing of the application. */
export const NO_LOOK = 'no look';

/** Shells end with these where a program is not there or may not be run. */
const NOT_RUN = [126, 127];

/** Whether that is the application's word: one that hangs is as silent as an application that does not answer. */
const isItsWord = (end: CommandEnd): boolean =>
  end.kind === 'timed out' || (end.kind === 'exited' && !NOT_RUN.includes(end.code));

/** @throws NoAnswer; the signal's reason */
async function succeeded(command: Command, by: LookByCommand): Promise<void> {
  const { ok, end, ending } = await runFor(command, by);
  if (!ok) throw new NoAnswer(`${command.run[0]} ${ending}`, isItsWord(end) ? 'command' : NO_LOOK);
}

/**
 * Whether a version runs, by the command that the plan names for it (`health.version.runs`).
 * @throws the signal's reason
 */
export async function saysItRuns(
  { as }: HealthPlace,
  version: string,
  by: Look,
): Promise<boolean | { unknown: string }> {
  const reading = as?.version;
  if (!reading || reading === 'none' || !('runs' in reading)) return { unknown: 'no command tells' };
  const { ok, end, ending } = await runFor(reading.runs, { ...by, given: as }, { version });
  if (ok) return true;
  if (end.kind === 'exited' && !NOT_RUN.includes(end.code)) return false;
  return { unknown: `${reading.runs.run[0]} ${ending}` };
}

/** @throws NoAnswer; the signal's reason */
async function reached(host: string, port: number, { timeout, signal }: Look): Promise<void> {
  try {
    await connectTo({ host, port, timeout, signal });
  } catch (error) {
    throw error instanceof NoAnswer ? new NoAnswer(`port ${port}: ${error.message}`, error.code) : error;
  }
}

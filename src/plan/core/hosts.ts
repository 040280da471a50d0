/** Hosts by what they are used for: an API, a database, a server, a receiver of announcements. */
import { resolve } from 'node:path';
import { type Database, type DatabaseTls, type Server, TLS_MODES } from '../../contract/plan/environment.js';
import type { AwsPlace } from '../../contract/plan/providers.js';
import type { Path } from './problems.js';
import type { Resolution } from './resolution.js';

const HOST_NAME = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.+@-]*$/;
const SECRET_PARAMETER = /(token|secret|passw|key|sig|auth)/i;

interface Wanted {
  protocols: string[];
  example: string;
}

const API: Wanted = { protocols: ['http:', 'https:'], example: 'https://api.example.com' };
const DATABASE: Wanted = {
  protocols: ['postgresql:', 'postgres:'],
  example: 'postgresql://user@db.example.com:5432/name',
};
const BACKUPS: Wanted = {
  protocols: ['s3:', 'file:'],
  example: 's3://bucket/prefix?region=sa-east-1", or "file:./backups',
};
const MAIL: Wanted = { protocols: ['smtps:', 'smtp:'], example: 'smtps://user@mail.example.com' };
const SERVER: Wanted = { protocols: ['ssh:', 'local:'], example: 'ssh://user@host:22", or "local:' };

/** Base URL without a trailing slash. */
export function apiUrl(resolution: Resolution, from: { name: string; path: Path }): string {
  const found = url(resolution, from, API);
  if (found === undefined) return '';
  if (found.url.search !== '' || found.url.hash !== '') {
    resolution.report(found.path, 'Is a base URL: leave out what follows "?" or "#"');
  }
  return found.url.href.replace(/\/+$/, '');
}

/** @returns undefined for an empty host: what it is for is off on this machine */
export function receiverUrl(resolution: Resolution, from: { name: string; path: Path }): string | undefined {
  if (isOff(resolution, from)) return undefined;
  const found = url(resolution, from, API);
  if (found === undefined) return undefined;
  const parameter = [...found.url.searchParams.keys()].find((key) => SECRET_PARAMETER.test(key));
  if (parameter !== undefined || found.url.hostname === 'hooks.slack.com') {
    const message = 'This URL is a secret by itself: name it in `credentials`, and write `url` in place of `host`';
    resolution.report(found.path, message);
  }
  return found.url.href;
}

/** Where mail is handed over: `smtps:` begins with TLS, `smtp:` goes over to it by STARTTLS. */
export interface MailServer {
  host: string;
  port: number;
  secure: boolean;
  user?: string;
  /** A file with the authorities that are trusted, in place of the public ones. */
  rootCertificate?: string;
}

/** @returns undefined for an empty host: what it is for is off on this machine */
export function mailServer(resolution: Resolution, from: { name: string; path: Path }): MailServer | undefined {
  const found = isOff(resolution, from) ? undefined : url(resolution, from, MAIL);
  if (found === undefined) return undefined;
  const { protocol, hostname, port, pathname, username, searchParams } = found.url;
  const secure = protocol === 'smtps:';
  const result: MailServer = { host: bare(hostname), port: Number(port || (secure ? 465 : 587)), secure };
  if (!['', '/'].includes(pathname)) resolution.report(found.path, 'Is a mail server: leave out what follows its port');
  const user = decode(username);
  if (user !== '') result.user = user;
  for (const [key, value] of searchParams) {
    if (key === 'root-certificate' && value !== '') result.rootCertificate = resolve(found.folder, value);
    else
      resolution.report(found.path, {
        message: `\`${key}\` is not a parameter of a mail server, or is empty`,
        suggestion: 'root-certificate',
      });
  }
  return result;
}

export function database(resolution: Resolution, from: { name: string; path: Path }): Omit<Database, 'password'> {
  const found = url(resolution, from, DATABASE);
  if (found === undefined) return { host: '', port: 0, name: '', user: '' };
  const name = decode(found.url.pathname.slice(1));
  const user = decode(found.url.username);
  const example = `write for example "${DATABASE.example}"`;
  if (!/^[A-Za-z0-9_][A-Za-z0-9_$.-]*$/.test(name))
    resolution.report(found.path, `Does not name the database; ${example}`);
  if (!USER.test(user)) resolution.report(found.path, `Does not name the user; ${example}`);
  const place = { host: bare(found.url.hostname), port: Number(found.url.port || 5432), name, user };
  return found.url.search === '' ? place : { ...place, tls: tls(resolution, found) };
}

/** libpq's parameters that a database URL may have, and what they are here. */
const TLS_PARAMETERS: Record<string, keyof DatabaseTls> = {
  sslmode: 'mode',
  sslrootcert: 'rootCertificate',
  sslcert: 'certificate',
  sslkey: 'key',
};

/** Files are searched from the folder of the file that the URL stands in. */
function tls(resolution: Resolution, found: { url: URL; path: Path; folder: string }): DatabaseTls {
  const result: Record<string, string> = {};
  for (const [key, value] of found.url.searchParams) {
    const name = Object.hasOwn(TLS_PARAMETERS, key) ? TLS_PARAMETERS[key] : undefined;
    if (name === undefined) {
      const message = `\`${key}\` is no parameter of a database URL here; it has ${Object.keys(TLS_PARAMETERS).join(', ')}`;
      resolution.report(found.path, message);
    } else if (name === 'mode' && !(TLS_MODES as readonly string[]).includes(value)) {
      resolution.report(found.path, `Has an \`sslmode\` that libpq does not know; it has ${TLS_MODES.join(', ')}`);
    } else if (value === '') {
      resolution.report(found.path, `Has an empty \`${key}\`: leave it out`);
    } else {
      const isFile = name !== 'mode' && !(name === 'rootCertificate' && value === 'system');
      result[name] = isFile ? resolve(found.folder, value) : value;
    }
  }
  return result;
}

/** Where dumps are kept: `s3://bucket/prefix?region=…&endpoint=…`, or `file:FOLDER` on the worker's machine. */
export function backupStore(
  resolution: Resolution,
  from: { name: string; path: Path },
): { kind: 'folder'; folder: string } | { kind: 's3'; bucket: string; prefix: string; place: AwsPlace } | undefined {
  const entry = resolution.value('hosts', from.name);
  if (entry?.value.startsWith('file:')) {
    resolution.entry('hosts', from.name, from.path);
    const folder = entry.value.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
    if (folder === '') resolution.report(entry.path, 'Names no folder; write for example "file:./backups"');
    return { kind: 'folder', folder: resolve(entry.folder, folder) };
  }
  const found = url(resolution, from, BACKUPS);
  if (found === undefined) return undefined;
  for (const key of found.url.searchParams.keys()) {
    if (['region', 'endpoint'].includes(key)) continue;
    resolution.report(found.path, `\`${key}\` is not a parameter of an S3 host; it has \`region\` and \`endpoint\``);
  }
  const { searchParams, hostname, pathname } = found.url;
  const region = searchParams.get('region') ?? '';
  if (!/^[a-z0-9-]+$/.test(region))
    resolution.report(found.path, 'Names no region; write for example "s3://bucket/prefix?region=sa-east-1"');
  const endpoint = searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !/^https?:\/\/[^@]+$/.test(endpoint))
    resolution.report(found.path, 'Its `endpoint` is not the URL of an S3 service, as https://minio.example.com:9000');
  return {
    kind: 's3',
    bucket: hostname,
    prefix: decode(pathname).replaceAll(/^\/+|\/+$/g, ''),
    place: endpoint === undefined ? { region } : { region, endpoint },
  };
}

export function server(resolution: Resolution, from: { name: string; path: Path }): Server | undefined {
  const found = url(resolution, from, SERVER);
  if (found === undefined) return undefined;
  if (found.url.protocol === 'local:') {
    if (found.url.href !== 'local:')
      resolution.report(found.path, 'The worker’s own machine is written "local:" and nothing more');
    return { kind: 'local' };
  }
  const result: Extract<Server, { kind: 'ssh' }> = { kind: 'ssh', host: bare(found.url.hostname) };
  const user = decode(found.url.username);
  if (user !== '') {
    if (!USER.test(user)) resolution.report(found.path, 'Holds a user name that SSH would not take');
    result.user = user;
  }
  if (found.url.port !== '') result.port = Number(found.url.port);
  for (const key of found.url.searchParams.keys()) {
    if (key !== 'known-hosts') {
      resolution.report(found.path, {
        message: `\`${key}\` is not a parameter of an SSH host`,
        suggestion: 'known-hosts',
      });
    }
  }
  const knownHosts = found.url.searchParams.get('known-hosts');
  if (knownHosts !== null) result.knownHosts = resolve(found.folder, knownHosts);
  return result;
}

/** Looks up, parses and checks what is common to all hosts. The value itself is never repeated in a message. */
function url(resolution: Resolution, from: { name: string; path: Path }, wanted: Wanted) {
  const entry = resolution.entry('hosts', from.name, from.path);
  if (entry === undefined) return undefined;
  const { path, folder } = entry;
  const example = `write for example "${wanted.example}"`;
  if (entry.value === '') {
    resolution.report(path, `Is empty; ${example}`);
    return undefined;
  }
  const parsed = URL.canParse(entry.value) ? new URL(entry.value) : undefined;
  if (parsed === undefined || /\s/.test(entry.value)) {
    resolution.report(path, `Is not a URL; ${example}`);
    return undefined;
  }
  if (!wanted.protocols.includes(parsed.protocol)) {
    const use = from.path.join('.');
    resolution.report(path, `Is used as \`${use}\` but begins with "${parsed.protocol}"; ${example}`);
    return undefined;
  }
  if (parsed.password !== '') {
    resolution.report(path, 'Holds a password; leave it out and name it in `credentials` as env:NAME or file:PATH');
  }
  const isApi = wanted === API;
  if (isApi && parsed.username !== '') resolution.report(path, 'Holds a user name; leave it out');
  if (parsed.protocol !== 'local:' && !HOST_NAME.test(parsed.hostname)) {
    resolution.report(path, `Does not name a host; ${example}`);
  }
  return { url: parsed, path, folder };
}

/** An empty host: what it is for is off on this machine. */
function isOff(resolution: Resolution, { name, path }: { name: string; path: Path }): boolean {
  if (resolution.value('hosts', name)?.value !== '') return false;
  resolution.entry('hosts', name, path);
  return true;
}

const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, '');

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

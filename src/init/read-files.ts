/** What the files of a service say of it: pure readings of their texts. What a text does not say is left out. */
import { parse } from 'yaml';
import { toolByCommands, toolByPackages, toolBySettings } from './migrations.js';

/** What is known of a service from its files, as far as they say it. */
export interface Found {
  service?: string;
  /** `owner/name` at GitHub. */
  github?: string;
  /** The tool that migrates the database. */
  migrationTool?: string;
  /** Where the application listens on this machine. */
  port?: number;
  /** Name of the PostgreSQL database. */
  database?: string;
  /** Path of the health check. */
  health?: string;
  /** A path that anybody may ask for without parameters. */
  page?: string;
  alerts?: AlertingRule[];
  /** The service's own scripts, as commands of a plan name them. */
  deployScript?: string;
  logsScript?: string;
}

export interface AlertingRule {
  alert: string;
  /** Its threshold, as a plan has it: `> 0.02`. */
  fires: string;
  /** A series of its expression. */
  series: string;
  expression: string;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const mapOf = (value: unknown): Record<string, unknown> => (isMap(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A name as services have it in plans; nothing where no letter is left. */
export function serviceName(words: string): string | undefined {
  const name = words
    .replace(/^@[^/]*\//, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return name === '' ? undefined : name;
}

/** Settings of a migration tool. */
export const readMigrationSettings = (text: string): Found => ({ migrationTool: toolBySettings(text) });

/** `package.json`. @throws when it is no JSON */
export function readPackage(text: string): Found {
  const manifest = mapOf(JSON.parse(text));
  const dependencies = { ...mapOf(manifest.dependencies), ...mapOf(manifest.devDependencies) };
  const repository = textOf(manifest.repository) ?? textOf(mapOf(manifest.repository).url) ?? '';
  return {
    service: serviceName(textOf(manifest.name) ?? ''),
    github: /(?:^|github\.com[/:]|^github:)([\w.-]+\/[\w.-]+?)(?:\.git)?(?:#.*)?$/.exec(repository)?.[1],
    migrationTool: toolByPackages(Object.keys(dependencies)),
  };
}

/** Tags that other programs read are none of ours: nothing is said of them. */
const parseYaml = (text: string): unknown => parse(text, { logLevel: 'error' });

/** `docker-compose.yml`: the service that is built here, and PostgreSQL beside it. @throws when it is no YAML */
export function readCompose(text: string): Found {
  const services = Object.entries(mapOf(mapOf(parseYaml(text)).services)).map(([name, value]) => ({
    name,
    ...mapOf(value),
  })) as { name: string; image?: unknown; build?: unknown; ports?: unknown; environment?: unknown }[];
  const built = services.filter(({ build }) => build !== undefined);
  const own = built.find(({ ports }) => portOf(ports) !== undefined) ?? built[0];
  const postgres = services.find(({ image }) =>
    /(^|\/)(postgres|postgis|timescaledb)(:|$|\/)/.test(textOf(image) ?? ''),
  );
  return {
    service: own && serviceName(own.name),
    port: own && portOf(own.ports),
    database: postgres && (variable(postgres.environment, 'POSTGRES_DB') ?? 'postgres'),
  };
}

/** The first port that is published, on this machine: `8080:80`, `127.0.0.1:8080:80`, `{ published: 8080 }`. */
function portOf(ports: unknown): number | undefined {
  const [first] = listOf(ports);
  const published = isMap(first) ? first.published : /^(?:[\d.]+\.[\d.]+:)?(\d+):/.exec(String(first))?.[1];
  const port = Number(published);
  return port > 0 && port < 65_536 ? port : undefined;
}

/** A variable of a map or of a list of `NAME=value`, where it is a name as it is and nothing to be filled in. */
function variable(environment: unknown, name: string): string | undefined {
  const listed = listOf(environment).map(String);
  const line = listed.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  const value = line ?? textOf(mapOf(environment)[name]);
  return value !== undefined && /^[A-Za-z_][\w-]*$/.test(value) ? value : undefined;
}

const HEALTH = /\/(health|healthz|healthcheck|status|ping|ready|readyz|livez|up)\/?$/i;

/** `openapi.json`: where the health check is, and a page to look at. @throws when it is no JSON */
export function readOpenapi(text: string): Found {
  const paths = Object.entries(mapOf(mapOf(JSON.parse(text)).paths)).flatMap(([path, operations]) => {
    const get = mapOf(operations).get;
    const isPlain = /^\/[\w./-]*$/.test(path);
    return isMap(get) && isPlain ? [{ path, get }] : [];
  });
  const open = paths.filter(({ get }) => {
    const needed = listOf(get.parameters).some((parameter) => mapOf(parameter).required === true);
    return !needed && listOf(get.security).length === 0 && Object.hasOwn(mapOf(get.responses), '200');
  });
  return {
    health: paths.find(({ path }) => HEALTH.test(path))?.path,
    page: open.find(({ path }) => !HEALTH.test(path))?.path,
  };
}

/** Where teams keep scripts of their own: at the top, and in these folders. */
const SCRIPT = /^(?:(?:bin|scripts?|ops|deploy|tools)\/)?(deploy|logs)(?:\.(?:sh|py|mjs|js))?$/;

/** The service's own scripts, by their names: the first of each counts. */
export function readScripts(files: readonly string[]): Found {
  const first = (what: string) => files.find((file) => SCRIPT.exec(file)?.[1] === what);
  const named = (file?: string) => (file === undefined || file.includes('/') ? file : `./${file}`);
  return { deployScript: named(first('deploy')), logsScript: named(first('logs')) };
}

/** A checklist: the commands and addresses that it names. */
export function readCommands(text: string): Found {
  const health = /https?:\/\/[^\s/]+((?:\/[\w.-]+)*\/(?:health|healthz|healthcheck|status|ping|readyz?|livez))\b/.exec(
    text,
  );
  const database = /\bpg_dump\b[^\n]* -d ?([A-Za-z_][\w-]*)/.exec(text)?.[1]?.replace(/_(staging|prod\w*)$/, '');
  return { migrationTool: toolByCommands(text), health: health?.[1], database };
}

/** Prometheus rules: alerts that compare something with a number at their end. @throws when it is no YAML */
export function readRules(text: string): Found {
  const rules = listOf(mapOf(parseYaml(text)).groups).flatMap((group) => listOf(mapOf(group).rules).map(mapOf));
  const alerts = rules.flatMap(({ alert, expr }): AlertingRule[] => {
    const [name, expression] = [textOf(alert), textOf(expr)?.trim()];
    if (name === undefined || expression === undefined) return [];
    const [, comparison, number] = /(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)$/.exec(expression) ?? [];
    const series = /\b[a-zA-Z_:][a-zA-Z0-9:]*_[a-zA-Z0-9_:]+\b(?!\s*\()/.exec(expression)?.[0];
    if (comparison === undefined || series === undefined) return [];
    return [{ alert: name, fires: `${comparison} ${number}`, series, expression }];
  });
  return alerts.length > 0 ? { alerts } : {};
}

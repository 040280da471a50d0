/** The plan's format for editors (JSON Schema) and for people (the reference in plans/README.md), both from zod. */
import { z } from 'zod';
import { endpointCheck } from './application/schema.js';
import { selector } from './metrics/sources/scrape.js';
import { bindingsSchema, planSchema } from './schema.js';

type Json = z.core.JSONSchema.JSONSchema;

/** JSON Schema, draft 7: what the YAML language servers of editors read. */
export function planJsonSchema(): Json {
  return { title: 'Surefoot plan', ...convert(planSchema) };
}

export function bindingsJsonSchema(): Json {
  return { title: 'Surefoot bindings', ...convert(bindingsSchema) };
}

function convert(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7', reused: 'inline' });
}

/** Every key of a plan with what it means, as a Markdown table for each part. */
export function planReference(): string {
  const schema = planJsonSchema();
  const simple: string[] = [];
  const parts: string[] = [];
  for (const [key, part] of children(schema)) {
    const rows = describe(part, '');
    const need = schema.required?.includes(key) ? '' : ' Optional.';
    if (rows.length === 0) simple.push(row(key, part, schema));
    else parts.push(`### \`${key}\`\n\n${part.description ?? ''}.${need}\n\n${table(rows)}`);
  }
  return [table(simple), ...parts, ...shared(schema)].join('\n\n');
}

/** What occurs in many places, told once. */
function shared(schema: Json): string[] {
  const commands = Object.fromEntries(children(schema)).commands ?? {};
  const deploy = Object.fromEntries(children(commands)).deploy ?? {};
  const series = convert(selector);
  return [
    `### A request (\`functional\`, \`smoke\`, \`requests\`, \`http\`)\n\n${table(describe(convert(endpointCheck), '', true))}`,
    `### A command\n\n${table(describe(deploy, ''))}`,
    `### A series (\`of\`, \`to\`, \`histogram\`, \`rate\`, \`gauge\`)\n\n${table(children(series).map(([key, part]) => row(key, part, series)))}`,
  ];
}

const table = (rows: string[]) => ['| Key | | Meaning |', '|---|---|---|', ...rows].join('\n');

/** @param isTold of a request: here, and nowhere else */
function describe(schema: Json, prefix: string, isTold = false): string[] {
  if (isRequest(schema) && !isTold) return [];
  const each = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  if (each !== undefined) return within(each, `${prefix}NAME`);
  if (schema.type === 'array' && typeof schema.items === 'object' && !Array.isArray(schema.items)) {
    return isPlain(schema.items as Json) ? [] : describe(schema.items as Json, `${prefix}[].`);
  }
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants !== undefined) {
    const rows = variants.flatMap((variant) => (typeof variant === 'object' ? describe(variant, prefix) : []));
    return [...new Set(rows)];
  }
  return children(schema).flatMap(([key, part]) => {
    const name = `${prefix}${key}`;
    return [row(name, part, { required: schema.required?.includes(key) ? [name] : [] }), ...nested(part, name)];
  });
}

/** What is asked of the application, with whichever of its keys. */
const isRequest = (schema: Json): boolean => children(schema).some(([key]) => key === 'mayBeEmpty');

/** The keys below a key; commands, requests, selectors and environments are told once, rather than each time. */
function nested(part: Json, name: string): string[] {
  const keys = children(part).map(([key]) => key);
  if (keys.includes('api') && name !== 'both') return [];
  if (keys.includes('run') || keys.includes('labels') || keys.includes('histogram')) return [];
  return describe(part, `${name}.`);
}

const within = (schema: Json, prefix: string): string[] =>
  isPlain(schema) && schema.type !== 'array' ? [] : describe(schema, `${prefix}.`);

const isPlain = (schema: Json): boolean =>
  children(schema).length === 0 && schema.oneOf === undefined && schema.anyOf === undefined;

const children = (schema: Json): [string, Json][] =>
  Object.entries(schema.properties ?? {}).filter((entry): entry is [string, Json] => typeof entry[1] === 'object');

function row(name: string, schema: Json, holder: Json): string {
  const need = holder.required?.includes(name) ? '' : `optional${byDefault(schema)}`;
  const values = schema.enum === undefined ? '' : ` (${schema.enum.map((value) => `\`${String(value)}\``).join(', ')})`;
  return `| \`${name}\` | ${need} | ${(schema.description ?? '').replaceAll('|', '\\|')}${values} |`;
}

const byDefault = (schema: Json): string =>
  schema.default === undefined || typeof schema.default === 'object' ? '' : `, \`${String(schema.default)}\``;

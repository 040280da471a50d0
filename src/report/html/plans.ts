/** The plans that PostgreSQL makes for the application's queries, as the index step kept them. */
import { html, type Markup } from './markup.js';

interface Node {
  'Node Type'?: string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Filter?: string;
  'Total Cost'?: number;
  'Plan Rows'?: number;
  Plans?: Node[];
}

interface Explained {
  name: string;
  sql: string;
  uses: string;
  plans: Partial<Record<'custom' | 'generic', Record<'chosen' | 'usable', Node>>>;
  uselessFor?: string[];
}

export interface IndexEvidence {
  indexes: { name: string; columns: string[]; valid: boolean; ready: boolean; live: boolean; scans: number }[];
  plans: Explained[];
}

/** Reads `STEP/GENERATION/indexes.json`; nothing when it is not what the index step leaves. */
export function readIndexEvidence(text: string): IndexEvidence | undefined {
  try {
    const { indexes, plans } = JSON.parse(text) as IndexEvidence;
    return Array.isArray(indexes) && Array.isArray(plans) ? { indexes, plans } : undefined;
  } catch {
    return undefined;
  }
}

const MODES = { custom: 'for these values', generic: 'for any values' } as const;
const KINDS = { chosen: 'chosen', usable: 'usable (sequential scans disfavoured)' } as const;

export function showIndexes(title: string, { indexes, plans }: IndexEvidence): Markup {
  return html`<h3>${title}</h3>
<table><caption>Indexes</caption><thead><tr><th scope="col">Index</th><th scope="col">Columns</th><th scope="col">Usable</th><th scope="col">Scans</th></tr></thead><tbody>
${indexes.map(({ name, columns, valid, ready, live, scans }) => {
  const usable = valid && ready && live;
  return html`<tr><th scope="row"><code>${name}</code></th><td>${columns.join(', ')}</td><td class="${usable ? 'passed' : 'failed'}">${usable ? 'yes' : 'NO'}</td><td>${scans}</td></tr>\n`;
})}</tbody></table>
${plans.map(showQuery)}`;
}

function showQuery({ name, sql, uses, plans, uselessFor = [] }: Explained): Markup {
  const verdict = uselessFor.length === 0 ? `can use ${uses}` : `CANNOT use ${uses} (${uselessFor.join(', ')})`;
  const shown = (['custom', 'generic'] as const).flatMap((mode) =>
    (['chosen', 'usable'] as const).flatMap((kind) => {
      const plan = plans[mode]?.[kind];
      return plan ? [html`<h5>${KINDS[kind]}, ${MODES[mode]}</h5><pre>${tree(plan).join('\n')}</pre>\n`] : [];
    }),
  );
  return html`<details><summary>${name}: <span class="${uselessFor.length === 0 ? 'passed' : 'failed'}">${verdict}</span></summary><pre>${sql}</pre>
${shown}</details>
`;
}

function tree(node: Node, depth = 0): string[] {
  const on = node['Relation Name'] ? ` on ${node['Relation Name']}` : '';
  const by = node['Index Name'] ? ` by ${node['Index Name']}` : '';
  const cost =
    node['Total Cost'] === undefined ? '' : ` (cost ${node['Total Cost']}, ${node['Plan Rows'] ?? '?'} rows)`;
  const indent = '  '.repeat(depth);
  const conditions = [node['Index Cond'], node.Filter].filter((text) => text !== undefined);
  return [
    `${indent}${depth > 0 ? '→ ' : ''}${node['Node Type'] ?? '?'}${on}${by}${cost}`,
    ...conditions.map((text) => `${indent}    ${text}`),
    ...(node.Plans ?? []).flatMap((child) => tree(child, depth + 1)),
  ];
}

/** Reads the plans that PostgreSQL makes for a query: which one it chooses, and whether it could use an index. */
import type { DatabaseClient } from './postgres.js';

export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Plans?: PlanNode[];
}

export interface QueryPlans {
  /** As the planner decides on the table as it is; a sequential scan is right on a small table. */
  chosen: PlanNode;
  /** With sequential scans disfavoured: what the indexes allow. */
  usable: PlanNode;
}

/** Makes both plans without running the query, in a read-only transaction that is rolled back. */
export async function explain(client: DatabaseClient, sql: string): Promise<QueryPlans> {
  await client.query('begin read only');
  try {
    const chosen = await plan(client, sql);
    await client.query('set local enable_seqscan = off');
    return { chosen, usable: await plan(client, sql) };
  } finally {
    await client.query('rollback');
  }
}

async function plan(client: DatabaseClient, sql: string): Promise<PlanNode> {
  // The extended protocol takes one statement only: nothing can be smuggled in behind the query.
  const query = { text: `explain (format json) ${sql.trim().replace(/;$/, '')}`, queryMode: 'extended' as const };
  const { rows } = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(query);
  const root = rows[0]?.['QUERY PLAN'][0]?.Plan;
  if (!root) throw new Error('EXPLAIN gave no plan');
  return root;
}

/** Every node of a plan; bitmap scans name their index on a child. */
export function nodes(root: PlanNode): PlanNode[] {
  return [root, ...(root.Plans ?? []).flatMap(nodes)];
}

/** Whether a plan uses the index by name, or looks another one up by the same leading column. */
export function usesIndex(root: PlanNode, index: string, leadingColumn: string | undefined): boolean {
  const escaped = leadingColumn?.replaceAll(/[^\w]/g, '\\$&');
  const column = escaped === undefined ? undefined : new RegExp(`(^|\\W)${escaped}(\\W|$)`);
  return nodes(root).some((node) => node['Index Name'] === index || column?.test(node['Index Cond'] ?? ''));
}

/** How the tables are read, in a few words: `Bitmap Heap Scan on plans by ix_plans_status`. */
export function describePlan(root: PlanNode): string {
  const scans = nodes(root).filter((node) => node['Index Name'] ?? node['Relation Name']);
  const texts = scans.map((node) => {
    const [relation, index] = [node['Relation Name'], node['Index Name']];
    return `${node['Node Type']}${relation ? ` on ${relation}` : ''}${index ? ` by ${index}` : ''}`;
  });
  return [...new Set(texts)].join(', ') || root['Node Type'];
}

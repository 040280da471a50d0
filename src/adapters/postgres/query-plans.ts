/** Reads the plans that PostgreSQL makes for a query: which one it chooses, and whether it could use an index. */
import pg from 'pg';
import type { PlannedQuery } from '../../contract/plan/migration.js';
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

/**
 * `custom`: planned for these very values, as the first executions of a prepared statement are. `generic`: planned once
 * for any values, as PostgreSQL may do from the sixth execution on; only for a query that has parameters.
 */
export interface PlansByMode {
  custom: QueryPlans;
  generic?: QueryPlans;
}

/** Makes all plans without running the query, in a read-only transaction that is rolled back. */
export function explainQuery(
  client: DatabaseClient,
  query: Pick<PlannedQuery, 'sql' | 'parameters'>,
): Promise<PlansByMode> {
  const { parameters = [] } = query;
  const sql = query.sql.trim().replace(/;$/, '');
  return client.transaction(async (transaction) => {
    if (parameters.length === 0) return { custom: await bothPlans(transaction, sql) };
    await onlyOne(transaction, `prepare surefoot_query as ${sql}`);
    await transaction.query('savepoint prepared');
    try {
      const values = parameters.map((value) => pg.escapeLiteral(value)).join(', ');
      const inMode = async (mode: string) => {
        await transaction.query(`set local plan_cache_mode = ${mode}`);
        return bothPlans(transaction, `execute surefoot_query (${values})`);
      };
      return { custom: await inMode('force_custom_plan'), generic: await inMode('force_generic_plan') };
    } finally {
      // A prepared statement outlives its transaction, on a connection that others may have next.
      await transaction.query('rollback to savepoint prepared; deallocate surefoot_query');
    }
  });
}

async function bothPlans(client: DatabaseClient, statement: string): Promise<QueryPlans> {
  const chosen = await plan(client, statement);
  await client.query('set local enable_seqscan = off');
  const usable = await plan(client, statement);
  await client.query('set local enable_seqscan = on');
  return { chosen, usable };
}

async function plan(client: DatabaseClient, statement: string): Promise<PlanNode> {
  const { rows } = await onlyOne(client, `explain (format json) ${statement}`);
  const root = rows[0]?.['QUERY PLAN'][0]?.Plan;
  if (!root) throw new Error('EXPLAIN gave no plan');
  return root;
}

/** The extended protocol takes one statement only: nothing can be smuggled in behind the query. */
const onlyOne = (client: DatabaseClient, text: string) =>
  client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>({ text, queryMode: 'extended' } as pg.QueryConfig);

/** Every node of a plan; bitmap scans name their index on a child. */
export function nodes(root: PlanNode): PlanNode[] {
  return [root, ...(root.Plans ?? []).flatMap(nodes)];
}

/**
 * Whether a plan uses the index by one of its names (on partitions it has others), or looks another one up by the same
 * leading column.
 */
export function usesIndex(root: PlanNode, names: string[], leadingColumn: string | undefined): boolean {
  const escaped = leadingColumn?.replaceAll(/[^\w]/g, '\\$&');
  const column = escaped === undefined ? undefined : new RegExp(`(^|\\W)${escaped}(\\W|$)`);
  return nodes(root).some(
    (node) => names.includes(node['Index Name'] ?? '') || column?.test(node['Index Cond'] ?? '') === true,
  );
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

/** What is chosen, and what for any values where that is another. */
export function describePlans({ custom, generic }: PlansByMode): string {
  const [own, any] = [describePlan(custom.chosen), generic && describePlan(generic.chosen)];
  return any === undefined || any === own ? own : `${own} (for any values: ${any})`;
}

/** What an endpoint check says of an answer: shared by those who perform it and those who rely on it. */
import type { EndpointCheck } from './plan/application.js';
import type { ResolvedPlan } from './plan/plan.js';

/** The aspects that a check establishes facts for; `status` always, first. */
export function aspectsOf(check: EndpointCheck): string[] {
  const { structure, each, data, pages, repeat } = check;
  const optional = { structure, each, data, pages, p95: repeat };
  return ['status', ...Object.entries(optional).flatMap(([aspect, wanted]) => (wanted ? [aspect] : []))];
}

/** What is looked at in the API's documentation, by a browser or by a person (checklist 1.6, in its order). */
export const DOCUMENTATION_FACTS = ['loads', 'listed', 'parameters', 'schema', 'example'] as const;

/** What is looked at of the indexes that a migration brings. */
export const indexFacts = ({ indexes }: Pick<ResolvedPlan, 'indexes'>): string[] => [
  'all-present',
  'valid',
  'columns',
  ...(indexes?.total === undefined ? [] : ['total']),
  'plans',
];

/** What a list of checks establishes, in its order. */
export const checkFacts = (checks: readonly EndpointCheck[]): string[] => [
  ...(checks.some(({ login }) => login) ? ['login'] : []),
  ...checks.flatMap((check) => aspectsOf(check).map((aspect) => `${check.id}.${aspect}`)),
];

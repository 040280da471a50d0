/** Workflow IDs, task queue and search attributes: every name that more than one process must agree on. */
import { defineSearchAttributeKey } from '@temporalio/common';

export const TASK_QUEUE = 'surefoot';

/** All workers together, as Temporal knows them: each of its versions is a build. */
export const WORKER_DEPLOYMENT = 'surefoot';

/** Where a runner's own commands wait for it, by the identity in its state folder. */
export const runnerQueue = (identity: string): string => `${TASK_QUEUE}@${identity}`;
/** The identity in the name of its queue. */
export const runnerOf = (queue: string): string => queue.replace(`${TASK_QUEUE}@`, '');

/** The schedule that looks at all deployments from outside, the queue where its looks wait, and their workflow's ID. */
export const WATCHDOG = 'surefoot-watchdog';

/** The lock: one live deployment for each service's production. */
export const deployWorkflowId = (service: string): string => `surefoot/${service}/production`;
export const watchWorkflowId = (deployment: string, watch: string, generation: number): string =>
  `${deployment}/${watch}${generation > 1 ? `-${generation}` : ''}`;
/** The watch that stands while production changes, or people are waited for; a plan's watches have other names. */
export const GUARD = 'guard';
export const reversibilityWorkflowId = (deployment: string, generation: number): string =>
  `${deployment}/reversibility${generation > 1 ? `-${generation}` : ''}`;
export const rollbackWorkflowId = (deployment: string, option: string, generation: number): string =>
  `${deployment}/rollback-${option}${generation > 1 ? `-${generation}` : ''}`;

const DEPLOYMENT_ID = /^(.+)-\d{8}-\d{6}-[0-9a-f]{4}$/;

/** Deployments name folders, on workers and in evidence stores: one level, and nothing that means another place. */
export const isDeploymentName = (deployment: string): boolean => /^[A-Za-z0-9][\w.-]{0,199}$/.test(deployment);

/** The service that a deployment's ID begins with; undefined for what is no such ID. */
export const serviceOf = (deployment: string): string | undefined => DEPLOYMENT_ID.exec(deployment)?.[1];

/** Whether a child (a rollback, a watch) is one of the service's deployments. */
export const isOfService = (childId: string, service: string): boolean =>
  serviceOf(childId.split('/')[0] ?? '') === service;

/** Search attributes are in clear text for whoever may open the Web UI: no secrets, no personal data. */
export const searchAttributes = {
  service: defineSearchAttributeKey('SurefootService', 'KEYWORD'),
  deployment: defineSearchAttributeKey('SurefootDeployment', 'KEYWORD'),
  phase: defineSearchAttributeKey('SurefootPhase', 'KEYWORD'),
  verdict: defineSearchAttributeKey('SurefootVerdict', 'KEYWORD'),
  waitingFor: defineSearchAttributeKey('SurefootWaitingFor', 'KEYWORD'),
  target: defineSearchAttributeKey('SurefootTarget', 'KEYWORD'),
  previous: defineSearchAttributeKey('SurefootPrevious', 'KEYWORD'),
  revision: defineSearchAttributeKey('SurefootRevision', 'KEYWORD'),
};

/** The same for servers and people: name and type as `temporal operator search-attribute create` takes them. */
export const SEARCH_ATTRIBUTES: Record<string, 'Keyword'> = Object.fromEntries(
  Object.values(searchAttributes).map((key) => [key.name, 'Keyword']),
);

/** A text in a query of Temporal's lists. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

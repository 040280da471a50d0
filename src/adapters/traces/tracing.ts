/**
 * OpenTelemetry traces of deployments: a deployment is a trace, a step of it a span, and each attempt of an activity a span
 * within its step. Names, times, outcomes and the types of failures; no texts of plans, commands, logs or people.
 */

import {
  type Attributes,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { EvidencePlace, StepKey } from '../../contract/activities/step.js';
import { serviceOf } from '../../contract/names.js';
import type { Ledger, StepRecord } from '../../domain/ledger/ledger.js';
import { innermostOf, messageOf } from '../../domain/message.js';
import { ChosenIdentifiers, spanOf, traceOf } from './identifiers.js';

/** What the name of a span is made of, and where it stands. */
interface SpanFacts {
  deployment: string;
  /** Unique within the deployment. */
  id: string;
  /** The span that it is a part of, by its `id`; none: it is the trace's first. */
  within?: string;
  name: string;
  from: number;
  to: number;
  failed: boolean;
  attributes: Attributes;
}

/** What workflows publish, as far as it is told here: a deployment's ledger, or the steps of its rollback. */
type Published = Partial<Pick<Ledger, 'deployment' | 'service' | 'steps' | 'startedAt' | 'endedAt' | 'outcome'>>;

const WHOLE = 'deployment';

/** A worker that ends waits no longer than this for a collector, milliseconds. */
const PATIENCE = 5_000;

/** A watch of a day has 1,440 of them: their figures are metrics. */
const UNTOLD = new Set(['sampleMetrics']);

export class Tracing {
  private readonly identifiers = new ChosenIdentifiers();
  private readonly provider: BasicTracerProvider;
  private readonly tracer: Tracer;
  /** By the run of a workflow, until it has ended: of which deployment it is, and which spans of steps were sent. */
  private readonly heard = new Map<string, { deployment: string; sent: Set<string> }>();

  /**
   * @param url of the collector's OTLP over HTTP, with its path
   * @param warn hears of spans that did not arrive
   */
  constructor(
    url: string,
    runner: string,
    private readonly warn: (message: string) => void,
  ) {
    const silent = () => {};
    const options = { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true };
    diag.setLogger({ error: warn, warn, info: silent, debug: silent, verbose: silent }, options);
    this.provider = new BasicTracerProvider({
      idGenerator: this.identifiers,
      resource: resourceFromAttributes({ 'service.name': 'surefoot-worker', 'service.instance.id': runner }),
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: PATIENCE }))],
    });
    this.tracer = this.provider.getTracer('surefoot');
  }

  /** Sends what is left. A collector that is away costs its spans, and nothing else. */
  async close(): Promise<void> {
    await this.provider.shutdown().catch((error: unknown) => this.warn(`spans were lost: ${messageOf(error)}`));
  }

  /** Where workflows publish how they stand: each step is told once it has ended, the deployment at its end. */
  readonly published = (workflow: { workflowId: string; runId: string }, state: unknown): void => {
    const { deployment = deploymentOf(workflow.workflowId), steps, ...ledger } = state as Published;
    if (deployment === undefined || !Array.isArray(steps)) return;
    const { sent } = this.heard.get(workflow.runId) ?? { sent: new Set() };
    this.heard.set(workflow.runId, { deployment, sent });
    for (const step of steps) {
      const id = stepSpan(step.id, step.generation);
      if (step.endedAt === undefined || sent.has(id)) continue;
      sent.add(id);
      this.tell(spanOfStep(deployment, id, step));
    }
    const { startedAt, endedAt, outcome, service } = ledger;
    if (startedAt === undefined || endedAt === undefined || outcome === undefined) return;
    this.heard.delete(workflow.runId);
    const attributes = { 'surefoot.deployment': deployment, 'surefoot.service': service, 'surefoot.outcome': outcome };
    const failed = outcome !== 'succeeded';
    this.tell({ deployment, id: WHOLE, name: 'deployment', from: startedAt, to: endedAt, failed, attributes });
  };

  readonly interceptor = () => ({
    inbound: {
      execute: async <I extends { args: unknown[] }>(input: I, next: (input: I) => Promise<unknown>) => {
        const from = Date.now();
        try {
          const result = await next(input);
          this.tellAttempt(input.args[0], from);
          return result;
        } catch (error) {
          this.tellAttempt(input.args[0], from, error);
          throw error;
        }
      },
    },
  });

  private tellAttempt(input: unknown, from: number, error?: unknown): void {
    const { key, evidence } = (input ?? {}) as { key?: StepKey; evidence?: Partial<EvidencePlace> };
    const { activityId, activityType, attempt, taskQueue, scheduledTimestampMs, workflowExecution } = activityInfo();
    const workflowId = workflowExecution?.workflowId ?? '';
    const known = workflowExecution && this.heard.get(workflowExecution.runId)?.deployment;
    const deployment = key?.deployment ?? evidence?.deployment ?? known ?? deploymentOf(workflowId);
    if (deployment === undefined || UNTOLD.has(activityType)) return;
    this.tell({
      deployment,
      id: `attempt ${workflowId} ${workflowExecution?.runId} ${activityId} ${attempt}`,
      within: key ? stepSpan(key.step, key.generation) : WHOLE,
      name: activityType,
      from,
      to: Date.now(),
      failed: error !== undefined,
      attributes: {
        'surefoot.deployment': deployment,
        'temporal.workflow_id': workflowId,
        'temporal.task_queue': taskQueue,
        'temporal.attempt': attempt,
        'temporal.waited_ms': Math.max(0, from - scheduledTimestampMs),
        ...(error === undefined ? {} : { 'error.type': typeOf(error) }),
      },
    });
  }

  private tell({ deployment, id, within, name, from, to, failed, attributes }: SpanFacts): void {
    const traceId = traceOf(deployment);
    const parent = within === undefined ? undefined : spanOf(deployment, within);
    const context = parent
      ? trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parent, traceFlags: TraceFlags.SAMPLED, isRemote: true })
      : ROOT_CONTEXT;
    this.identifiers.choose(traceId, spanOf(deployment, id));
    const span = this.tracer.startSpan(name, { startTime: from, attributes }, context);
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(to);
  }
}

const stepSpan = (step: string, generation: number): string => `step ${step} ${generation}`;

/** Of a child (a watch, a rollback), which is named after its deployment. */
function deploymentOf(workflowId: string): string | undefined {
  const [name = ''] = workflowId.split('/');
  return serviceOf(name) === undefined ? undefined : name;
}

function spanOfStep(deployment: string, id: string, step: StepRecord): SpanFacts {
  return {
    deployment,
    id,
    within: WHOLE,
    name: step.id,
    from: step.startedAt,
    to: step.endedAt ?? step.startedAt,
    failed: step.state === 'failed',
    attributes: {
      'surefoot.deployment': deployment,
      'surefoot.phase': step.phase,
      'surefoot.generation': step.generation,
      'surefoot.state': step.unknown ? 'unknown' : step.state,
    },
  };
}

/** Its kind: what it says may be anybody's text. */
function typeOf(error: unknown): string {
  const innermost = innermostOf(error);
  if (innermost instanceof ApplicationFailure && innermost.type) return innermost.type;
  return innermost instanceof Error ? innermost.name : 'unknown';
}

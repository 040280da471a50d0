/** Sources that keep history: asked once a tick for all that is due, within a time limit and their rate limits. */
import type { RangeSource } from '../../../contract/plan/metrics.js';
import { formatDuration } from '../../../domain/duration.js';
import type { Sample } from '../../../domain/watch/criteria.js';
import { Deadline } from '../../deadline.js';
import { isSilence, networkMessage } from '../../http/http.js';
import { type Patience, RateLimited } from '../../http/patient-request.js';
import { type Answer, type Grid, gridNow, gridSince, type RequestedMetric, samplesOf } from '../samples/grid.js';
import type {
  MetricFrom,
  MetricReader,
  MetricSourcePort,
  Probe,
  QuestionLimits,
  SampleRequest,
} from './metric-source.js';
import { silentSample } from './single-values.js';

/** Ticks of virtual time come many times a second: what is younger is taken again. Milliseconds. */
const REUSE = 500;

/** The value of a metric at each time. @throws NoAnswer, or an Error that says what the source would not do */
type AskEach<S> = (metric: RequestedMetric<S>, grid: Grid, limits: QuestionLimits) => Promise<Answer>;
/** The same of all metrics of one place with the same times, which share a request. */
type AskTogether<S> = (
  metrics: readonly RequestedMetric<S>[],
  grid: Grid,
  limits: QuestionLimits,
) => Promise<Map<string, Answer>>;

interface RangeQueries<S extends RangeSource> {
  /** How it is asked: each metric by itself, or together. */
  ask: { each: AskEach<S> } | { together: AskTogether<S> };
  /** It works a value out for any instant, not for multiples of the resolution alone. */
  anyInstant?: true;
  probe?(metric: MetricFrom<S>): Probe;
}

export const rangeSource = <S extends RangeSource>(queries: RangeQueries<S>): MetricSourcePort<S> => ({
  open: (patience) => new RangeReader(queries, patience),
  probe: (metric) => queries.probe?.(metric) ?? {},
});

/** `silent`: nothing was heard of the source. */
type Answers = Map<string, Answer> | { error: string; silent?: boolean };

interface Group<S extends RangeSource> {
  grid: Grid;
  metrics: MetricFrom<S>[];
}

/** What this worker remembers of its sources: which want to be left alone, and what they said a moment ago. */
class RangeReader<S extends RangeSource> implements MetricReader<S> {
  private readonly leftAlone = new Map<string, Deadline>();
  private readonly lately = new Map<string, { fresh: Deadline; answers: Promise<Answers> }>();

  constructor(
    private readonly queries: RangeQueries<S>,
    private readonly patience: Patience,
  ) {}

  async sample(metrics: readonly MetricFrom<S>[], request: SampleRequest): Promise<Record<string, Sample[]>> {
    const groups = new Map<string, Group<S>>();
    for (const metric of metrics) {
      const grid = this.due(metric, request);
      if (grid === undefined) continue;
      const key = this.groupOf(metric, request.clock === 'virtual' ? undefined : grid);
      const group = groups.get(key) ?? { grid, metrics: [] };
      group.metrics.push(metric);
      groups.set(key, group);
    }
    const taken = await Promise.all([...groups].map(([key, group]) => this.take(key, group, request)));
    return Object.fromEntries([...metrics.map(({ name }) => [name, [] as Sample[]]), ...taken.flat()]);
  }

  async close(): Promise<void> {
    this.lately.clear();
  }

  private due({ name, source }: MetricFrom<S>, { clock, since, at }: SampleRequest): Grid | undefined {
    return clock === 'virtual' ? gridNow(source, this.queries) : gridSince(source, { since: since[name] ?? at, at });
  }

  /** Metrics that are asked for together. */
  private groupOf({ name, source }: MetricFrom<S>, grid: Grid | undefined): string {
    const alone = 'each' in this.queries.ask ? [name, source] : [];
    return JSON.stringify([source.place, grid ?? [source.resolution, source.delay], ...alone]);
  }

  private async take(key: string, { grid, metrics }: Group<S>, request: SampleRequest): Promise<[string, Sample[]][]> {
    const ask = () => this.ask(metrics, grid, request.signal);
    const answers = await (request.clock === 'virtual' ? this.remembered(key, ask) : ask());
    return metrics.map(({ name }) => {
      const answer: Answer =
        'error' in answers
          ? { values: new Map(), missing: { error: answers.error } }
          : (answers.get(name) ?? { values: new Map(), missing: { error: 'the source did not answer for it' } });
      // A metrics back end knows only wall time.
      const samples =
        request.clock === 'virtual' ? [{ ...only(answer, grid), at: request.at }] : samplesOf(grid, answer);
      if (!('error' in answers && answers.silent)) return [name, samples];
      return [name, samples.map((sample) => silentSample(sample, answers.error))];
    });
  }

  private async remembered(key: string, ask: () => Promise<Answers>): Promise<Answers> {
    const known = this.lately.get(key);
    if (known && !known.fresh.passed) return known.answers;
    const answers = ask();
    this.lately.set(key, { fresh: new Deadline(REUSE), answers });
    // What was cancelled says nothing to the next one.
    answers.catch(() => this.lately.delete(key));
    return answers;
  }

  private async ask(metrics: MetricFrom<S>[], grid: Grid, signal: AbortSignal): Promise<Answers> {
    const place = JSON.stringify(metrics[0]?.source.place);
    const wait = this.leftAlone.get(place)?.left ?? 0;
    if (wait > 0) return { error: new RateLimited(wait).message };
    const { patience } = this;
    const limit = AbortSignal.timeout(patience.whole);
    try {
      return await this.answers(metrics, grid, { signal: AbortSignal.any([signal, limit]), patience });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RateLimited) this.leftAlone.set(place, new Deadline(error.wait));
      if (limit.aborted) return { error: `no answer within ${formatDuration(patience.whole)}`, silent: true };
      return { error: error instanceof Error ? error.message : networkMessage(error), silent: isSilence(error) };
    }
  }

  private async answers(metrics: MetricFrom<S>[], grid: Grid, limits: QuestionLimits): Promise<Map<string, Answer>> {
    const { ask } = this.queries;
    if ('together' in ask) return ask.together(metrics, grid, limits);
    const each = metrics.map(async (metric) => [metric.name, await ask.each(metric, grid, limits)] as const);
    return new Map(await Promise.all(each));
  }
}

/** A virtual grid has moved on when its answer is taken again: its one value is the only one there is. */
function only(answer: Answer, grid: Grid): Sample {
  const [value] = answer.values.values();
  const [reason] = answer.void?.values() ?? [];
  const values = new Map(value === undefined ? [] : [[grid.last, value]]);
  const without = new Map(reason === undefined ? [] : [[grid.last, reason]]);
  const [sample] = samplesOf(grid, { values, missing: answer.missing, void: without });
  return sample as Sample;
}

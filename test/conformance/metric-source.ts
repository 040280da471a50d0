/** What every kind of metric source is put through, by the port: as a worker asks it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Patience } from '../../src/adapters/http/patient-request.js';
import { MetricReaders } from '../../src/adapters/metrics/metric-sources.js';
import type { SampleRequest } from '../../src/adapters/metrics/port/metric-source.js';
import type { MetricKind, SourceOf } from '../../src/contract/plan/metrics.js';
import type { Sample } from '../../src/domain/watch/criteria.js';
import { type Answer, answerOf, conforms, type Situations } from './reader.js';
import { usual } from './sources.js';

interface Look extends Partial<Pick<SampleRequest, 'clock' | 'baselines'>> {
  unit?: string;
  patience?: Patience;
  /** How many ticks, a second apart: what is compared with the tick before needs two. */
  ticks?: number;
  /** Of a source that keeps history: from when to when. */
  span?: { since: number; at: number };
}

/** What the last tick says of one metric of this source: known only where each of its samples has a value. */
export type AskSource<K extends MetricKind> = (source: SourceOf<K>, look?: Look) => Promise<Answer>;

/**
 * Registers one test for each situation. None may be left out: one that cannot come about says why.
 * @param source `kind` as plans name it, `reader` the module that reads it
 * @param situations by the function that asks: there is no other way to a source than its registered reader
 */
export function metricSourceConforms<K extends MetricKind>(
  { kind, reader, secrets }: { kind: K; reader: string; secrets: string[] },
  situations: (ask: AskSource<K>) => Required<Situations>,
): void {
  const ask: AskSource<K> = async (source, look = {}) => {
    if (source.kind !== kind) throw new Error(`the suite of ${kind} asks a source of kind ${source.kind}`);
    const { unit = 'count', patience = usual, clock = 'real', baselines = {}, ticks = 1 } = look;
    const readers = new MetricReaders(patience);
    const { since, at } = look.span ?? { since: 0, at: 0 };
    const { signal } = new AbortController();
    const metrics = [{ name: 'asked', title: 'asked', unit, source }];
    const request = { at, since: { asked: since }, clock, signal, baselines };
    const answer = await answerOf(async () => {
      for (let tick = 1; tick < ticks; tick += 1) {
        await readers.sample(metrics, request);
        await sleep(1_050);
      }
      return (await readers.sample(metrics, request)).asked;
    });
    await readers.close();
    return 'known' in answer ? said(answer.known as Sample[]) : answer;
  };
  conforms(`${reader} (the metric source ${kind})`, situations(ask), { secrets });
}

function said(samples: Sample[]): Answer {
  const without = samples.find(({ kind }) => kind !== 'ok');
  if (samples.length === 0) return { unknown: 'there was no sample' };
  if (without === undefined) return { known: samples.map((sample) => 'value' in sample && sample.value) };
  if (without.kind === 'noData') return { unknown: without.reason };
  return { unknown: without.kind === 'error' ? without.message : 'not a number' };
}

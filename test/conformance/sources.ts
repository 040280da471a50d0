/** What the suites of metric sources share: answers of sources as the conformance suite speaks of them. */
import type { Patience } from '../../src/adapters/http/patient-request.js';
import { type Grid, type Answer as Kept, samplesOf } from '../../src/adapters/metrics/samples/grid.js';
import type { Reading } from '../../src/adapters/metrics/samples/readings.js';
import type { Sample } from '../../src/domain/watch/criteria.js';
import type { TestServer } from '../helpers/server.js';
import { type Answer, answerOf } from './reader.js';

/** Long enough for a machine that is busy. Milliseconds. */
export const usual: Patience = { answer: 10_000, whole: 20_000, pause: 10 };
/** For a source that never answers: nobody wants to wait for it. */
export const hasty: Patience = { answer: 300, whole: 900, pause: 10 };

/** Wants to be left alone for longer than anybody has time. */
export const throttled: TestServer['handle'] = (_, response) =>
  void response.writeHead(429, { 'retry-after': '3600' }).end('{"message":"slower, please"}');

/** More than is read of any answer. */
export const ENDLESS = 20 * 1024 * 1024;

/** Answers with more than anybody reads, in pieces, until nobody listens any more. */
export const endless =
  (piece: string): TestServer['handle'] =>
  (_, response) => {
    let sent = 0;
    const more = () => {
      while (sent < ENDLESS && !response.destroyed) {
        sent += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  };

/** A reading of now. No data is told apart from a value, and not from "none": both are said with their reason. */
export async function readingOf(read: () => Promise<Reading>): Promise<Answer> {
  const answer = await answerOf(read);
  if (!('known' in answer)) return answer;
  const reading = answer.known as Reading;
  return 'value' in reading ? { known: reading.value } : { unknown: reading.noData };
}

/** The samples of a source with a history, one metric at a grid of times: known only where every one is. */
export async function keptOf(grid: Grid, read: () => Promise<Kept | undefined>): Promise<Answer> {
  const answer = await answerOf(async () => (await read()) as Kept);
  if (!('known' in answer)) return answer;
  const samples = samplesOf(grid, answer.known as Kept);
  const without = samples.find(({ kind }) => kind !== 'ok');
  return without === undefined
    ? { known: samples.map((sample) => 'value' in sample && sample.value) }
    : unknown(without);
}

function unknown(sample: Sample): Answer {
  if (sample.kind === 'noData') return { unknown: sample.reason };
  return { unknown: sample.kind === 'error' ? sample.message : 'not a number' };
}

/**
 * Silence: nothing is heard of what is watched. That is its own end, or the network of the one who listens; which of the
 * two, another place shows. Pure.
 */

/** A sample that stands for no answer: refused, timed out, a name that is not found, a connection that is not trusted. */
export interface Silence {
  /** Another place has answered the same worker at that moment: it is not the worker's own network. */
  proven: boolean;
  /** What came instead of an answer, and what was heard of other places. */
  text: string;
}

/** What came of listening to another place. */
export interface HeardElsewhere {
  place: string;
  /** Why nothing was heard; left out where it answered, whatever it said. */
  silent?: string;
}

/** One other place that answers is enough; where there is none, nobody knows whose silence it is. */
export function judgeSilence(text: string, elsewhere: readonly HeardElsewhere[]): Silence {
  const heard = elsewhere.find(({ silent }) => silent === undefined);
  if (heard) return { proven: true, text: `${text}, while ${heard.place} answers` };
  const others = elsewhere.map(({ place, silent }) => `${place} (${silent})`).join(', ');
  return { proven: false, text: `${text}, and nothing else answers this worker either: ${others}` };
}

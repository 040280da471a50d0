/** Requests for load: as little work for each as can be, so that what is measured is the server. */
import type { Client, Dispatcher } from 'undici';
import { errorCode, mediaType } from '../http/http.js';

/** Options of a connection. Our own clock decides about time-outs: undici's would be two, and as coarse as a second. */
export const connectionOptions = (timeout: number): Client.Options => ({
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 4_000,
  connect: { timeout },
});

/**
 * The HTTP status; `timeout`; the code of the error (`ECONNREFUSED`); or `200 text/html`, for an answer of another kind
 * than the first one of that status: a proxy's page in place of the application's answer.
 */
export type RequestOutcome = number | string;

/**
 * Requests in flight that have one time-out in common. They end in the order in which they started, at the latest, so
 * one timer watches them all: a timer for each costs more than the request's own JavaScript.
 */
export class Requests {
  private readonly inFlight = new Set<Exchange>();
  private readonly kinds = new Map<number, string>();
  private timer: NodeJS.Timeout | undefined;

  /** @param timeout milliseconds from the start of a request, the wait for its connection included */
  constructor(private readonly timeout: number) {}

  /** Sends one request; its body is read to the end and dropped. `done` is called once, never before this returns. */
  send(dispatcher: Dispatcher, request: Dispatcher.DispatchOptions, done: Done): void {
    const exchange = new Exchange((outcome, milliseconds) => {
      this.inFlight.delete(exchange);
      done(typeof outcome === 'number' ? this.told(outcome, exchange.kind) : outcome, milliseconds);
    });
    this.inFlight.add(exchange);
    this.timer ??= setTimeout(this.expire, this.timeout);
    dispatcher.dispatch(request, exchange);
  }

  /** Ends the clock. What is in flight is ended by destroying its connection. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private told(status: number, kind: string): RequestOutcome {
    const first = this.kinds.get(status);
    if (first === undefined) this.kinds.set(status, kind);
    return first === undefined || first === kind ? status : `${status} ${kind}`;
  }

  private readonly expire = (): void => {
    // Requests that are sent meanwhile come last, and are seen here too.
    for (const exchange of this.inFlight) {
      const left = exchange.begun + this.timeout - performance.now();
      if (left > 0) {
        this.timer = setTimeout(this.expire, left);
        return;
      }
      exchange.timeOut(this.timeout);
    }
    this.timer = undefined;
  };
}

/** How a request ended, and the milliseconds from its start to then. */
type Done = (outcome: RequestOutcome, milliseconds: number) => void;

class Exchange implements Dispatcher.DispatchHandler {
  readonly begun = performance.now();
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private mediaType = '';
  private isEmpty = true;
  private ended = false;

  constructor(private readonly done: Done) {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // It waited for its connection longer than it may.
    if (this.ended) controller.abort(new Error('timeout'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.status = status;
    this.mediaType = mediaType(headers['content-type']);
  }

  onResponseData(): void {
    this.isEmpty = false;
  }

  /** What came: its media type, and whether it was anything at all. */
  get kind(): string {
    return [this.mediaType, this.isEmpty ? 'empty' : ''].filter(Boolean).join(' ') || 'of no type';
  }

  onResponseEnd(): void {
    this.end(this.status);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // Some errors are told while the request is still being sent.
    queueMicrotask(() => this.end(errorCode(error)));
  }

  timeOut(after: number): void {
    this.end('timeout', after);
    this.controller?.abort(new Error('timeout'));
  }

  private end(outcome: RequestOutcome, milliseconds = performance.now() - this.begun): void {
    if (this.ended) return;
    this.ended = true;
    this.done(outcome, milliseconds);
  }
}

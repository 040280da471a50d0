/** Whether a port takes connections: nothing is said to whoever listens there. */
import { connect } from 'node:net';
import { formatDuration } from '../../domain/duration.js';
import { errorCode, NoAnswer, networkMessage } from './http.js';

export interface ConnectionTrial {
  /** As URLs have it: an address of IPv6 in brackets. */
  host: string;
  port: number;
  /** Milliseconds. */
  timeout: number;
  signal?: AbortSignal;
}

/** @throws NoAnswer; the signal's reason */
export function connectTo({ host, port, timeout, signal }: ConnectionTrial): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, ...(signal && { signal }) });
    const limit = setTimeout(() => {
      socket.destroy(new NoAnswer(`no connection within ${formatDuration(timeout)}`, 'timeout'));
    }, timeout);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => {
      reject(signal?.aborted ? signal.reason : new NoAnswer(networkMessage(error), errorCode(error)));
    });
    socket.once('close', () => clearTimeout(limit));
  });
}

/** Whether there is a way to a receiver: all that can be tried where any request would be a message. */
import { connectTo } from '../http/connect.js';
import { NoAnswer } from '../http/http.js';
import type { ChannelProbe, ChannelTrial } from './channel-notifier.js';

type Means = Pick<ChannelTrial, 'signal' | 'patience'>;

/** Connects, and says nothing. `what` is what people call the receiver, `untried` what this leaves open. */
export async function probeConnection(
  url: string,
  means: Means,
  { what, untried }: { what: string; untried: string },
): Promise<ChannelProbe> {
  if (!URL.canParse(url)) return { ok: false, text: `${what}: its address is no URL`, advice: 'Write it in full.' };
  const { hostname, port, protocol } = new URL(url);
  const number = Number(port || (protocol === 'http:' ? 80 : 443));
  try {
    await connectTo({ host: hostname, port: number, timeout: means.patience.answer, signal: means.signal });
    return { ok: true, note: true, text: `${what}: ${hostname}:${number} can be reached; ${untried}` };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { ok: false, text: `${what}: ${hostname}:${number}: ${error.message}`, advice: CHECK_THE_WAY };
  }
}

/** What to do about a receiver that does not answer. */
export const CHECK_THE_WAY = 'Check the host and the way to it from this machine.';

/** A sample that stands for silence is held against other places, by the same worker and at the same moment. */
import type { Metric } from '../../contract/plan/metrics.js';
import { isOnThisMachine, type SecondPlace, sourceAddress } from '../../contract/second-places.js';
import type { Sample } from '../../domain/watch/criteria.js';
import { type HeardElsewhere, judgeSilence } from '../../domain/watch/silence.js';
import { askHealth } from '../application/health.js';
import { sshVariables } from '../commands/program-variables.js';
import { runShort } from '../commands/short-command.js';
import { readSshFailure, sshCommand } from '../commands/ssh.js';
import { connectTo } from '../http/connect.js';
import { isSilence, NoAnswer } from '../http/http.js';

/** How long other places are listened to, all of them at once, milliseconds. */
const WITHIN = 4_000;

type Samples = Record<string, Sample[]>;

interface Listening {
  metrics: readonly Metric[];
  /** Where the plan has no other place, silence is taken for what the plan says of it. */
  elsewhere: readonly SecondPlace[];
  signal: AbortSignal;
}

/** The same samples, the silent ones with what was heard of other places at that moment. */
export async function heldAgainstOthers(samples: Samples, listening: Listening): Promise<Samples> {
  const silent = listening.metrics.filter(({ name }) => samples[name]?.some(({ silence }) => silence));
  if (silent.length === 0) return samples;
  const { elsewhere } = listening;
  const judged: Samples = { ...samples };
  let listened: Promise<HeardElsewhere[]> | undefined;
  for (const { name, source } of silent) {
    const besides = heardBesides(samples, { ...listening, silent: sourceAddress(source) });
    if (besides.length === 0 && elsewhere.length > 0) listened ??= listenTo(elsewhere, listening.signal);
    const heard = besides.length > 0 ? besides : await listened;
    judged[name] = (samples[name] ?? []).map(({ silence, ...sample }) =>
      silence && heard ? { ...sample, silence: judgeSilence(silence.text, heard) } : sample,
    );
  }
  return judged;
}

/** What else has answered within this very tick, from elsewhere than where it is silent. */
function heardBesides(
  samples: Samples,
  { metrics, silent, elsewhere }: Pick<Listening, 'metrics' | 'elsewhere'> & { silent: string | undefined },
): HeardElsewhere[] {
  if (silent === undefined || elsewhere.length === 0) return [];
  return metrics.flatMap(({ name, title, source }) => {
    const address = sourceAddress(source);
    if (address === undefined || address === silent) return [];
    if (isOnThisMachine(address) && !isOnThisMachine(silent)) return [];
    const answers = samples[name]?.some((sample) => sample.kind === 'ok' && !sample.silence);
    return answers ? [{ place: `where “${title}” is read` }] : [];
  });
}

async function listenTo(places: readonly SecondPlace[], signal: AbortSignal): Promise<HeardElsewhere[]> {
  return Promise.all(
    places.map(async (place) => {
      const silent = await whySilent(place, signal);
      return { place: place.title, ...(silent !== undefined && { silent }) };
    }),
  );
}

/** Whatever it says is an answer. @returns why there is none */
async function whySilent(place: SecondPlace, signal: AbortSignal): Promise<string | undefined> {
  try {
    if (place.kind === 'shell') return await whyNoShell(place, signal);
    if (place.kind === 'address') {
      await connectTo({ host: place.host, port: place.port, timeout: WITHIN, signal });
      return undefined;
    }
    const health = await askHealth(place, WITHIN, signal);
    return isSilence(health) ? (health as NoAnswer).message : undefined;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof NoAnswer ? error.message : 'it could not be asked';
  }
}

type Shell = Extract<SecondPlace, { kind: 'shell' }>;

async function whyNoShell({ server, variables }: Shell, signal: AbortSignal): Promise<string | undefined> {
  const { argv } = sshCommand(server, { words: ['true'], folder: '/', tools: [], variables: {} });
  const ran = await runShort({ argv, cwd: '/', environment: sshVariables({ variables }), limit: WITHIN, signal });
  signal.throwIfAborted();
  if (ran.ok || (ran.end.kind === 'exited' && ran.end.code !== 255)) return undefined;
  return readSshFailure(ran.stderr) === 'command' ? undefined : 'no connection by ssh';
}

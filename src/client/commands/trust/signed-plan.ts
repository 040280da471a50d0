/** Plans that somebody stands for: signed at one command line, and handed in at another by whoever starts it. */
import type { SignedPlan } from '../../../contract/deployment.js';
import { releaseText } from '../../../contract/plan/release-values.js';
import { readTextSync } from '../../../files/bounded-files.js';
import type { LoadedPlan } from '../../../plan/load.js';
import { statementIn } from '../../../policy/open-envelope.js';
import { EXIT, usageError } from '../../../temporal/errors.js';
import { note, print } from '../../terminal/output.js';
import { writeOut } from '../../terminal/write-out.js';
import { type AgreedOptions, checkKnown, foundText, loadReleased, saidOf } from '../release-options.js';
import { sealStatement } from './signing.js';

/** Bytes: what may be sent of one. */
const LARGEST_ENVELOPE = 64_000;

interface SignOptions extends AgreedOptions {
  as: string;
  role: string;
  sign: string;
  out?: string;
}

/** Found out as for a start, so that it is the very same plan. */
export async function signPlan(file: string, options: SignOptions): Promise<number> {
  const { bindings, shorten, as: person, role, sign: key, out } = options;
  const released = await loadReleased(file, { bindings, shorten, release: saidOf(options), production: true });
  checkKnown(released, 'nothing was signed');
  const { plan, found } = released;
  const { service } = plan.resolved;
  if (found.length > 0) note(foundText(found));
  const said = { deployment: '', service, plan: plan.digest, role, person, decision: 'plan' } as const;
  const envelope = await sealStatement(said, key);
  if (out === undefined) print(envelope);
  else await writeOut(out, `${envelope}\n`);
  const where = out === undefined ? '' : `${out}: `;
  note(`${where}${service} ${releaseText(plan.resolved)}, digest ${plan.digest}, signed by ${person} (${role})`);
  return EXIT.good;
}

/** Whether it counts is for the worker's policy to say; what it is of is seen here. @throws CliError exit 2 */
export function readSignedPlan(file: string, { resolved: { service }, digest }: LoadedPlan): SignedPlan {
  let envelope: string;
  let of: ReturnType<typeof statementIn>;
  try {
    envelope = readTextSync(file, LARGEST_ENVELOPE).trim();
    of = statementIn(envelope);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const lack = code === undefined ? 'is no signed plan' : `can't be read (${code})`;
    throw usageError(`${file} ${lack}: nothing was started`, ANEW);
  }
  if (of.decision !== 'plan' || of.service !== service || of.plan !== digest) {
    const signed = of.decision === 'plan' ? `a plan of ${of.service} with the digest ${of.plan}` : `a ${of.decision}`;
    const message = `What ${of.person} has signed in ${file} is ${signed}, and this one is of ${service}, with ${digest}: nothing was started`;
    throw usageError(message, ANEW);
  }
  return { who: of.person, role: of.role, envelope };
}

const ANEW =
  'Have it signed, `surefoot plan sign PLAN --as WHO --role ROLE --sign KEY --out FILE`, with the options of this start.';

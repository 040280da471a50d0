/**
 * Recorded histories of each release, under the present code: whether that could carry on what began then.
 *
 *   npm run histories                  what replay says of each release; fails where histories/releases.json says otherwise
 *   npm run histories -- --record      records those of this release, anew
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import proto from '@temporalio/proto';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';

const { History } = proto.temporal.api.history.v1;
const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(root, 'histories');
const CLAIMS = join(FOLDER, 'releases.json');
const PLAN = join(root, 'plans', 'orders-node.yaml');
/** A deployment in which all is well, and one with each rollback: what a release decides, in its order. */
const SCENARIOS = [
  'scenarios/orders-node/all-is-well.yaml',
  'scenarios/orders-node/errors-take-the-code-back.yaml',
  'scenarios/orders-node/somebody-chooses-another-way-back.yaml',
  'histories/the-migration-alone.yaml',
].map((file) => join(root, file));
const SHIPPED_BUNDLE = { codePath: join(root, 'dist', 'workflow-bundle.js') };

/** What the releases are said to be: `hotfix-compatible`, or `drain`. */
export const claims = () => JSON.parse(readFileSync(CLAIMS, 'utf8'));

const fileOf = (release) => join(FOLDER, `${release}.json.br`);

/** The histories of a release, each with its workflow's ID. */
export const recorded = (release) =>
  JSON.parse(brotliDecompressSync(readFileSync(fileOf(release))).toString()).map(({ workflowId, history }) => ({
    workflowId,
    history: History.fromObject(asBytes(history)),
  }));

/**
 * Goes through them once more under a bundle.
 * @returns what the release is under it, with what did not fit
 */
export async function judge(histories, workflowBundle = SHIPPED_BUNDLE) {
  // In `dist`, as is the bundle: this is what is shipped.
  const { SILENT_SINKS } = await import('../dist/src/contract/sinks.js');
  const misfits = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle, sinks: SILENT_SINKS },
    histories,
  )) {
    if (error) misfits.push(`${workflowId}: ${error.message.split('\n')[0]}`);
  }
  return { verdict: misfits.length === 0 ? 'hotfix-compatible' : 'drain', misfits };
}

async function record() {
  const { Client, Connection } = await import('@temporalio/client');
  const { rehearse } = await import('../dist/src/rehearsal/rehearse.js');
  const { loadScenarios } = await import('../dist/src/rehearsal/scenario/scenario.js');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const rehearsals = await rehearse(loadScenarios(SCENARIOS, PLAN), { jobs: 1 });
  try {
    const failed = rehearsals.results.filter(({ differences }) => differences.length > 0);
    if (failed.length > 0) throw new Error(`not as expected: ${failed.map(({ title }) => title).join(', ')}`);
    const connection = await Connection.connect({ address: rehearsals.address });
    const client = new Client({ connection });
    const all = [];
    for await (const { workflowId, runId } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      all.push({ workflowId, history: asText(History.toObject(history, { longs: String, bytes: String })) });
    }
    await connection.close();
    all.sort((one, other) => (one.workflowId < other.workflowId ? -1 : 1));
    const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
    const packed = brotliCompressSync(JSON.stringify(all), { params: quality });
    writeFileSync(fileOf(version), packed);
    writeFileSync(CLAIMS, `${JSON.stringify({ ...claims(), [version]: 'hotfix-compatible' }, null, 2)}\n`);
    console.log(`${all.length} histories of ${version}, ${Math.ceil(packed.length / 1024)} KB`);
  } finally {
    await rehearsals.stop();
  }
}

/**
 * Payloads as text, which packs well. Where and by whom it was recorded is nobody's business, and would make each recording
 * another one.
 */
const asText = (history) =>
  walk(history, (key, value) => {
    if (NOWHERE.includes(key)) return '';
    if (typeof value !== 'string') return undefined;
    return key === 'data' ? { text: anonymous(Buffer.from(value, 'base64').toString()) } : anonymous(value);
  });

const NOWHERE = ['identity', 'stackTrace'];

const anonymous = (text) => text.replaceAll(root, '/surefoot/').replaceAll(`${process.pid}@${hostname()}`, 'worker');

const asBytes = (history) =>
  walk(history, (key, value) => {
    return key === 'data' && value?.text !== undefined ? Buffer.from(value.text).toString('base64') : undefined;
  });

/** A copy, with what `change` has another value for. */
function walk(value, change) {
  if (Array.isArray(value)) return value.map((each) => walk(each, change));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, each]) => [key, change(key, each) ?? walk(each, change)]);
  return Object.fromEntries(entries);
}

async function check() {
  for (const [release, claim] of Object.entries(claims())) {
    const { verdict, misfits } = await judge(recorded(release));
    console.log(`${release}: ${verdict}`);
    for (const misfit of misfits) console.log(`  ${misfit}`);
    if (verdict === claim) continue;
    console.error(`histories/releases.json says that ${release} is ${claim}: say ${verdict} there.`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
  await (process.argv.includes('--record') ? record() : check());
}

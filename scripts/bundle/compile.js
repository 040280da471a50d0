/**
 * Keeps what V8 makes of the bundle in a folder while a command is carried out: what is not called is not compiled.
 *
 *   node scripts/bundle/compile.js FOLDER [PLACE]     PLACE: where the folder will be
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder = 'dist', place = folder] = process.argv.slice(2);
const from = pathToFileURL(resolve(folder, 'src/client/bundle.js')).href;
const { COMPILED, compileBundle, evaluateBundle } = await import(from);

/** A Temporal that can nothing: the command gets as far as its first question, and is refused. */
const UNIMPLEMENTED = '12';
const server = createServer().on('stream', (stream) => {
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNIMPLEMENTED };
  stream.respond(headers, { endStream: true });
});
await once(server.listen(0, '127.0.0.1'), 'listening');
process.env.TEMPORAL_ADDRESS = `127.0.0.1:${server.address().port}`;

const script = compileBundle(resolve(place, 'asking-bundle.cjs'));
const { runAsking } = evaluateBundle(script);
const codes = [await runAsking(['status', '--help']), await runAsking(['status', 'none'])];
if (codes.join() !== '0,3') throw new Error(`the bundle's commands end with ${codes.join()}`);
writeFileSync(COMPILED, script.createCachedData());
server.close();
process.exitCode = 0;

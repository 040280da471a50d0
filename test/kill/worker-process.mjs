// The built worker as a process of its own, reached through the wire that kills it. Its people are asked over HTTP.
// With `forgetful` it is a build that is broken on purpose: whenever it starts, it has forgotten what it has begun.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runWorker } from '../../dist/src/worker.js';

const { address, state, people, forgetful } = JSON.parse(process.argv[2] ?? '{}');

if (forgetful) {
  const files = readdirSync(state, { recursive: true }).map(String);
  for (const file of files) if (file.endsWith('started.json')) rmSync(join(state, file));
}

// A sweep that was killed takes its workers with it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, 2_000).unref();

await runWorker({
  connection: { address },
  namespace: 'default',
  state,
  allowVirtualTime: true,
  answer: async (question) => {
    const answer = await fetch(people, { method: 'POST', body: JSON.stringify(question) });
    if (!answer.ok) throw new Error(await answer.text());
  },
  logLevel: 'warn',
});

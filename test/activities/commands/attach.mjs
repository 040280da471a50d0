// A worker in small: attaches to the step of a folder, prints how it ended. Started, and killed, by recorder.test.ts.
// Usage: node attach.mjs COMPILED_RECORDER FOLDER PROGRAM [WORD…]
const [compiled, folder, ...argv] = process.argv.slice(2);
const { runRecorded } = await import(compiled);
const end = await runRecorded(folder, {
  command: { argv, cwd: '/', host: 'local', timeout: 60_000 },
  environment: process.env,
  heartbeat: { heartbeat: () => {}, signal: new AbortController().signal, stops: () => false },
});
console.log(JSON.stringify(end));

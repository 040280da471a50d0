/** Each bench is a program of its own in dist/bench, with the project's sources in it and packages as they are. */
const PROGRAMS = [
  'all',
  'start-cost',
  'load-generator',
  'reaction',
  'approval',
  'scale',
  'scale-worker',
  'history',
  'verification',
  'console',
];

export default {
  input: Object.fromEntries(PROGRAMS.map((name) => [name, `bench/${name}.ts`])),
  platform: 'node',
  // What it puts in place of a syntax it carries with it, and is no package here.
  external: (id) => /^[^./]/.test(id) && !id.startsWith('@oxc-project/runtime'),
  output: { dir: 'dist/bench', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
};

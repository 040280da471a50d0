/**
 * The layers: what each holds and may import. `imports.js` holds the code against them; docs/architecture.md shows them.
 *
 *   node scripts/checks/layers.js [--write]     whether the docs show them as they are; `--write` makes them
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { fileURLToPath } from 'node:url';
import { finish } from './source.js';

/** What reads Markdown. */
const MARKDOWN = [
  'mdast',
  'mdast-util-from-markdown',
  'mdast-util-gfm',
  'micromark-core-commonmark',
  'micromark-extension-gfm',
];

/**
 * `layers` by name, `packages` by name or beginning (`true` is any, Node's own included) but for those of `except`.
 * `later`: only by `import()`, so that a command that does not need a worker does not load one.
 */
export const LAYERS = {
  domain: {
    holds: 'pure rules: criteria, verdicts, approvals, the choice of a rollback, migration tools, the ledger',
    layers: [],
    packages: ['re2js'],
  },
  files: {
    holds: 'files as they are read: none beyond its limit, and neither pipes nor devices',
    layers: [],
    packages: ['node:'],
  },
  contract: {
    holds: 'what crosses processes: messages, names, error types, the resolved plan',
    layers: ['domain'],
    packages: ['@temporalio/common', '@temporalio/workflow'],
  },
  workflows: {
    holds: 'the order of things, and waiting',
    layers: ['domain', 'contract'],
    packages: ['@temporalio/workflow'],
  },
  plan: {
    holds: 'a plan file: schema, resolving, digest',
    layers: ['domain', 'contract', 'files'],
    packages: ['zod', 'yaml', 'node:', ...MARKDOWN],
  },
  policy: {
    holds: 'whose word counts for what: the policy file, envelopes, and whether an act may be done',
    layers: ['domain', 'contract', 'plan'],
    packages: ['zod', '@simplewebauthn/server', '@levischuck/tiny-cbor', 'jose', 'node:'],
  },
  adapters: {
    holds: 'one kind of outside world a file: commands, ssh, PostgreSQL, git, HTTP, metrics',
    layers: ['domain', 'contract', 'files'],
    packages: true,
    except: ['@temporalio/workflow', '@temporalio/worker'],
  },
  activities: {
    holds: 'steps: probe, act, verify',
    layers: ['domain', 'contract', 'files', 'adapters', 'plan', 'policy'],
    packages: true,
    except: ['@temporalio/workflow', '@temporalio/worker'],
  },
  encryption: {
    holds: 'payloads and failures encrypted and bound to their places, the codec endpoint',
    layers: ['contract', 'files'],
    packages: ['node:', '@temporalio/client', '@temporalio/common', '@temporalio/proto', '@temporalio/workflow'],
  },
  local: {
    holds: 'this machine: folders, ports, processes, downloads, a Temporal server of its own',
    layers: [],
    packages: true,
    except: ['@temporalio/workflow', '@temporalio/worker'],
  },
  temporal: {
    holds: 'deployments as others than the worker reach them: a connection, finding one, its ledger; builds',
    layers: ['domain', 'contract', 'files', 'encryption', 'local'],
    packages: true,
    except: ['@temporalio/workflow', '@temporalio/worker'],
  },
  report: {
    holds:
      'what a deployment’s history and evidence say, as a page, as the checklist, as data; and whether a report is true',
    layers: ['domain', 'contract', 'files', 'plan', 'policy', 'encryption', 'local', 'temporal'],
    packages: true,
    except: ['@temporalio/workflow', '@temporalio/worker'],
  },
  console: {
    holds: 'the web pages on which people see deployments and decide, and who has signed in there',
    layers: ['domain', 'contract', 'plan', 'policy', 'adapters', 'encryption', 'local', 'temporal', 'report'],
    packages: true,
    except: ['@temporalio/workflow', '@temporalio/worker'],
  },
  watchdog: {
    holds:
      'looks at deployments from outside of them, by the server’s own word, and tells people and forges; acts on nothing',
    layers: ['domain', 'contract', 'plan', 'policy', 'adapters', 'activities', 'encryption', 'temporal'],
    packages: true,
    except: ['@temporalio/workflow', '@temporalio/worker'],
  },
  worker: {
    holds: 'the only place where everything meets',
    layers: [
      'domain',
      'contract',
      'plan',
      'policy',
      'adapters',
      'activities',
      'encryption',
      'local',
      'temporal',
      'report',
      'rehearsal',
      'watchdog',
      'files',
    ],
    packages: true,
  },
  init: {
    holds: 'a first plan from what a service’s folder holds and what people answer',
    layers: ['domain', 'contract', 'files', 'plan'],
    packages: ['yaml', 'node:'],
  },
  doctor: {
    holds: 'tries what a plan will need, changes nothing',
    layers: ['domain', 'contract', 'plan', 'adapters', 'activities'],
    packages: true,
    except: ['@temporalio/workflow', '@temporalio/worker'],
  },
  releases: {
    holds: 'what a start leaves open: which release it is of, and when it begins; changes nothing',
    layers: ['domain', 'contract', 'plan', 'adapters', 'activities'],
    packages: ['node:'],
  },
  rehearsal: {
    holds: 'simulated worlds, virtual time, scenarios and their expectations',
    layers: ['domain', 'contract', 'plan', 'adapters', 'activities', 'local'],
    packages: true,
  },
  backtest: {
    holds: 'recorded samples under the plan’s present rules',
    layers: ['domain', 'contract', 'files'],
    packages: ['node:'],
  },
  demo: {
    holds: 'the shipped plan carried out in the sandbox, with stand-in people and a fault',
    layers: [
      'domain',
      'contract',
      'plan',
      'policy',
      'adapters',
      'encryption',
      'local',
      'temporal',
      'report',
      'console',
      'worker',
      'sandbox',
    ],
    packages: true,
  },
  client: {
    holds: 'the command line',
    layers: ['domain', 'contract', 'files', 'plan', 'policy', 'encryption', 'local', 'temporal', 'report'],
    later: ['worker', 'console', 'rehearsal', 'releases', 'init', 'demo', 'doctor', 'backtest', 'sandbox'],
    packages: true,
    except: ['@temporalio/worker'],
  },
  sandbox: {
    holds: 'PostgreSQL and the target on this machine, for the demo and for trying things',
    layers: ['domain', 'contract', 'plan', 'encryption', 'local'],
    packages: true,
    except: ['@temporalio/workflow'],
  },
};

/** Where a layer is that is not a folder of src. */
const PLACES = { worker: 'src/worker.ts', sandbox: 'sandbox/local' };

const packagesOf = ({ packages, except = [] }) => {
  if (packages === true) return [except.length > 0 ? `libraries but ${except.map(quote).join(' and ')}` : 'libraries'];
  return packages.map((name) => (name === 'node:' ? 'Node' : quote(name)));
};

const quote = (text) => `\`${text}\``;

/** The table as Markdown, its columns aligned. */
export function layersTable() {
  const rows = Object.entries(LAYERS).map(([name, layer]) => {
    const later = (layer.later ?? []).length > 0 ? [`by \`import()\` only: ${layer.later.join(', ')}`] : [];
    const allowed = [...layer.layers, ...packagesOf(layer), ...later].join(', ');
    return [quote(PLACES[name] ?? `src/${name}`), layer.holds, allowed || 'nothing else'];
  });
  const all = [['Folder', 'What it holds', 'May import'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...body] = all.map(line);
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}

const [FROM, TO] = ['<!-- layers: made by scripts/checks/layers.js --write -->\n\n', '\n\n<!-- end of layers -->'];

function check(write) {
  const file = 'docs/architecture.md';
  const path = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), file);
  const text = readFileSync(path, 'utf8');
  const [start, end] = [text.indexOf(FROM), text.indexOf(TO)];
  if (start < 0 || end < start) return finish([`${file}:1: the marks around the table of layers are gone`]);
  const made = text.slice(0, start) + FROM + layersTable() + text.slice(end);
  if (write) writeFileSync(path, made);
  const line = text.slice(0, start).split('\n').length;
  const problem = `${file}:${line}: the layers are others by now: node scripts/checks/layers.js --write`;
  finish(
    write || made === text ? [] : [problem],
    `${file} shows the ${Object.keys(LAYERS).length} layers as they are.`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) check(process.argv.includes('--write'));

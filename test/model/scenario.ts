/** What runs are made of: the plan, what goes wrong by itself, and what is done to a deployment that is under way. */
import fc from 'fast-check';
import { DECISIONS, type DecisionKind } from '../../src/domain/ledger/decision-kinds.js';
import { MINUTE, type PlanChoices } from './short-plan.js';
import { ANOTHER, BASE, type Circumstances, type Failing, type Trouble } from './world.js';

/** How something is sent: by itself, or in the very task in which the workflow hears of what happens next. */
export interface Way {
  via: 'signal' | 'update';
  racing: boolean;
}

export interface Approve extends Way {
  act: 'approve';
  who: string;
  role: string;
  digest: 'current' | 'short' | 'void' | 'plan' | 'none';
  signed: 'well' | 'badly' | 'by-another' | 'not';
}

/** An answer that the question takes, by somebody who may give it. */
export interface Answer extends Way {
  act: 'answer';
  question: number;
  move: number;
  who: number;
}

export interface Decide extends Way {
  act: 'decide';
  kind: DecisionKind;
  who: string;
  role: string;
  why?: string;
  /** Which of the open questions it names. */
  subject?: number;
  option?: string;
  revision?: string;
}

export interface Garbage extends Way {
  act: 'garbage';
  to: string;
  content: unknown;
}

export type Act =
  | Approve
  | Answer
  | Decide
  | Garbage
  | { act: 'garbage-to-monitor'; signal: string; content: unknown }
  /** Nobody serves the runner of its commands, for so many events; where it is left out, until people see to it. */
  | { act: 'lose-runner'; back?: number }
  | { act: 'restart-workers' | 'move-target' | 'change-proof' | 'cancel' | 'terminate-rollback' | 'terminate-monitor' };

export interface Scenario {
  plan: PlanChoices;
  circumstances: Circumstances;
  /** What happens at the same moment is heard of in one workflow task. */
  together: boolean;
  /** Monitors continue as new at each tick. */
  longHistories: boolean;
  /** The step that finds its runner gone. */
  misses?: string;
  /** The question that is waited for before anything is done. */
  from?: string;
  /** Each after so many events; in between, people do their part. */
  acts: { after: number; act: Act }[];
  /** What people choose where they have a choice, and how long activities take. */
  whims: number[];
}

/** A deployment in which all goes well, but for these. */
export const calm = ({
  plan,
  ...circumstances
}: { plan?: Partial<PlanChoices> } & Partial<Circumstances> = {}): Scenario => ({
  plan: {
    ...{
      signed: false,
      maintenance: true,
      migratesFirst: false,
      asks: false,
      restart: false,
      window: false,
      loadTest: false,
      overrideWithin: 0,
    },
    ...{ otherwise: 'continue', gate: 'ask', ...plan },
  },
  circumstances: {
    ...{ failing: [], troubles: [], reversible: 'yes', written: false, browser: true, failingRollbacks: 0, closed: 0 },
    ...{ slow: {}, newCode: 'answers', deaf: false, fresh: false, blind: 'nobody', stubborn: 0, ...circumstances },
  },
  ...{ together: true, longHistories: false, acts: [], whims: [1] },
});

const NAMES = ['ana.souza', 'bruno.lima', 'carla.mendes', 'diego.alves', 'elisa.rocha', 'fabio.nunes', 'gabriela.dias'];
const FITTING = [
  ...[
    ['bruno.lima', 'backend-team'],
    ['bruno.lima', 'tech-lead'],
    ['carla.mendes', 'backend-team'],
    ['ana.souza', 'tech-lead'],
  ],
  ...[
    ['elisa.rocha', 'qa'],
    ['elisa.rocha', 'devops'],
    ['diego.alves', 'devops'],
    ['fabio.nunes', 'qa'],
  ],
  ...[
    ['gabriela.dias', 'product-owner'],
    ['helena.costa', 'product-owner'],
  ],
];
const who = fc.constantFrom(...NAMES, 'helena.costa', 'mallory');
const role = fc.constantFrom('tech-lead', 'backend-team', 'devops', 'qa', 'product-owner', 'intern');
const why = fc.option(fc.string({ maxLength: 20 }), { nil: undefined });
const option = fc.option(fc.constantFrom('full', 'code', 'migration', 'restore'), { nil: undefined });
const revision = fc.option(fc.constantFrom('base', BASE, ANOTHER), { nil: undefined });
const via = fc.constantFrom('signal', 'update');
const way = { via, racing: fc.boolean() };
const others = DECISIONS.filter((kind) => kind !== 'approve');

/** Any JSON, and what looks right at first sight. */
const json = fc.jsonValue({ maxDepth: 2 });
const content = fc.oneof(
  json,
  fc.record(
    {
      ...{ who: fc.oneof(who, json), role: fc.oneof(role, json), kind: fc.oneof(fc.constantFrom(...DECISIONS), json) },
      ...{
        why: json,
        digest: json,
        signature: json,
        option: json,
        revision: json,
        subject: json,
        title: json,
        text: json,
      },
      criterion: fc.oneof(fc.constantFrom('consider-cpu', 'rollback-errors', '__proto__'), json),
    },
    { requiredKeys: [] },
  ),
  fc.record({ criterion: fc.constantFrom('consider-cpu', '__proto__'), title: fc.string(), text: fc.string() }),
);

const digest = fc.constantFrom('current', 'current', 'short', 'void', 'plan', 'none');
const signed = fc.constantFrom('well', 'well', 'badly', 'by-another', 'not');
const able = { who: fc.constant('diego.alves'), role: fc.constant('devops'), why: fc.constant('because') };

const approve = fc.record({ act: fc.constant('approve'), who, role, digest, signed, ...way }) as fc.Arbitrary<Act>;

/** By somebody who has the role. */
const fitting = fc
  .record({ as: fc.constantFrom(...FITTING), digest, signed, ...way })
  .map(({ as: [name = '', held = ''], ...rest }) => ({
    act: 'approve',
    who: name,
    role: held,
    ...rest,
  })) as fc.Arbitrary<Act>;

const act = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(approve, fitting) },
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant('answer'), question: fc.nat(3), move: fc.nat(3), who: fc.nat(7), ...way }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ act: fc.constant('decide'), kind: fc.constantFrom(...others), who, role, why, option, revision, ...way },
      subject: fc.option(fc.nat(3), { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ act: fc.constant('decide'), ...able, ...way },
      ...{ kind: fc.constantFrom('hold', 'hold', 'hold', 'resume', 'abort', 'rollback'), option, revision },
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ act: fc.constant('garbage'), content, ...way },
      to: fc.constantFrom(...DECISIONS, 'concernRaised', 'concernSettled', 'concernRaised', 'somethingElse'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('garbage-to-monitor'),
      signal: fc.constantFrom('concernDismissed', 'somethingElse'),
      content,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('lose-runner'), back: fc.option(fc.nat(40), { nil: undefined }) }),
  },
  ...['restart-workers', 'move-target', 'change-proof', 'terminate-rollback', 'terminate-monitor', 'cancel'].map(
    (name) => ({
      weight: name === 'restart-workers' ? 2 : 1,
      arbitrary: fc.constant({ act: name }),
    }),
  ),
) as fc.Arbitrary<Act>;

/** The steps and activities of each stage that scenarios let fail. */
const FAIL_BEFORE = [
  ...['admit', 'prerequisites.tools', 'staging.deploy', 'staging.migration', 'sampleMetrics', 'tell', 'sealSeries'],
  ...['staging.indexes', 'staging.functional'],
  ...['proposal', 'verifySignature', 'preparation.notices', 'nextOpening', 'checkClock', 'readRevision', 'countRows'],
  ...[
    'production.backup',
    'prerequisites.production',
    'production.before',
    'production.maintenance-on',
    'stop.maintenance-off',
  ],
];
const FAIL_AFTER = [
  ...['sealSeries of watch-5m', 'sealSeries of watch-1h', 'sealSeries of guard'],
  ...['production.deploy', 'production.health', 'production.migration', 'production.indexes', 'production.smoke'],
  ...['production.maintenance-off', 'production.restart', 'countStored', 'sampleMetrics', 'tell', 'storedRevision'],
  ...['rollback-full.downgrade', 'rollback-full.deploy', 'rollback-code.health', 'rollback.maintenance-off'],
  ...['rollback.maintenance-on', 'rollback.maintenance-first', 'staging.reversibility.downgrade-from-previous'],
];
/** Steps of production that its runner carries out. */
const BY_RUNNER = ['before', 'backup', 'maintenance-on', 'migration', 'deploy', 'logs', 'maintenance-off'];
/** These are put to people, while production is watched. */
const ASKED_IN_WATCH = ['watch.database', 'watch-1h.index-use', 'watch.report', 'production', 'closing.state'];

const failingOf = (what: string[]): fc.Arbitrary<Failing> =>
  fc.record({
    what: fc.constantFrom(...what),
    how: fc.constantFrom('facts', 'command', 'unknown', 'not begun', 'error'),
  });

const troubleOf = (watches: string[]): fc.Arbitrary<Trouble> =>
  fc.record({
    watch: fc.constantFrom(...watches),
    tick: fc.integer({ min: 1, max: 3 }),
    metric: fc.constantFrom('errors', 'latency', 'cpu'),
    says: fc.constantFrom('breach', 'breach', 'breach', 'nothing', 'error', 'notANumber'),
    lasts: fc.integer({ min: 1, max: 3 }),
  });

const anything: fc.Arbitrary<Scenario['acts']> = fc.array(fc.record({ after: fc.nat(60), act }), { maxLength: 8 });

function scenarioOf(parts: {
  failing: fc.Arbitrary<Failing[]>;
  troubles: fc.Arbitrary<Trouble[]>;
  acts: fc.Arbitrary<Scenario['acts']>;
  from?: string;
}): fc.Arbitrary<Scenario> {
  const { failing, troubles, acts, from } = parts;
  return fc.record({
    plan: fc.record({
      ...{
        signed: fc.boolean(),
        maintenance: fc.boolean(),
        migratesFirst: fc.boolean(),
        asks: fc.boolean(),
        restart: fc.boolean(),
        window: fc.boolean(),
        loadTest: fc.boolean(),
      },
      overrideWithin: fc.constantFrom(0, 5 * MINUTE),
      otherwise: fc.constantFrom('continue', 'rollback'),
      gate: fc.constantFrom('rollback', 'ask'),
    }),
    circumstances: fc.record({
      ...{ failing, troubles, written: fc.boolean(), browser: fc.boolean() },
      newCode: fc.constantFrom('answers', 'answers', 'fails-on-old-schema'),
      slow: fc.constantFrom({}, {}, { 'production.deploy': 4 * MINUTE }, { 'production.migration': 5 * MINUTE }),
      reversible: fc.constantFrom('yes', 'yes', 'loses-data', 'not-at-all'),
      failingRollbacks: fc.constantFrom(0, 0, 0, 1, 2),
      closed: fc.constantFrom(0, 1, 2, -1),
      stubborn: fc.constantFrom(0, 0, 1, 2),
      deaf: fc.constantFrom(false, false, false, true),
      fresh: fc.constantFrom(false, false, false, true),
      blind: fc.oneof(
        { weight: 4, arbitrary: fc.constant('nobody') },
        {
          weight: 1,
          arbitrary: fc.constantFrom('look', 'look-differs', 'migration', 'migration-differs', 'release'),
        },
      ),
    }),
    together: fc.boolean(),
    longHistories: fc.boolean(),
    misses: fc.oneof(
      { weight: 2, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...BY_RUNNER).map((step) => `production.${step}`) },
    ),
    ...{ acts, from: fc.constant(from) },
    whims: fc.array(fc.nat(11), { minLength: 5, maxLength: 17 }),
  }) as fc.Arbitrary<Scenario>;
}

const failing = fc.array(failingOf([...FAIL_BEFORE, ...FAIL_AFTER]), { maxLength: 3 });

/** Anything from the start on. */
export const onTheWay = scenarioOf({
  failing,
  troubles: fc.array(troubleOf(['soak', 'watch-5m', 'watch-1h', 'guard']), { maxLength: 2 }),
  acts: anything,
});

/** People sign off, or what looks like it, and the release moves. */
export const atSignOffs = scenarioOf({
  failing: fc.array(failingOf(['proposal', 'verifySignature', 'preparation.notices', 'tell', 'nextOpening']), {
    maxLength: 1,
  }),
  troubles: fc.constant([]),
  from: 'sign-offs',
  acts: fc.array(
    fc.record({
      after: fc.constantFrom(0, 0, 0, 1, 2, 5),
      act: fc.oneof(
        { weight: 6, arbitrary: fitting },
        { weight: 2, arbitrary: approve },
        { weight: 1, arbitrary: fc.constantFrom<Act>({ act: 'move-target' }, { act: 'change-proof' }) },
        { weight: 1, arbitrary: act },
      ),
    }),
    { maxLength: 14 },
  ),
});

/** Production has just changed, and its metrics and people's decisions come thick and fast. */
export const inProduction = scenarioOf({
  failing: fc
    .tuple(fc.array(failingOf(FAIL_AFTER), { maxLength: 1 }), fc.array(failingOf(ASKED_IN_WATCH), { maxLength: 3 }))
    .map((lists) => lists.flat()),
  troubles: fc.array(troubleOf(['watch-5m', 'watch-1h', 'watch-1h', 'guard', 'guard']), { maxLength: 3 }),
  from: 'communication',
  acts: fc.array(fc.record({ after: fc.nat(25), act }), { maxLength: 8 }),
});

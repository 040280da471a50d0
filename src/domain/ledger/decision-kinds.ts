/** The kinds of decisions that people can make, each told once: what it means, what it answers, what it has to say. */

/** What people can be asked. */
export const QUESTION_KINDS = [
  'approvals',
  'confirmation',
  'step-failed',
  'outcome-unknown',
  'concern',
  'watch-unknown',
  'window',
  'rollback-choice',
  'rollback-failed',
  'runner-not-served',
] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

export interface DecisionDefinition {
  /** What it does, in a few words without a capital. */
  help: string;
  /** Questions that it answers. */
  answers: readonly QuestionKind[];
  /** It may have to say which question, step or criterion it is about. */
  namesSubject?: true;
  /** What the sender is told who gives no reason, for a kind that needs one. */
  asksWhy?: string;
  /** What else it has to be given, as it is typed. */
  wants?: string;
  /** It ends the way forward. */
  stops?: true;
  example: { who: string; role: string; subject?: string; digest?: string; to?: string; why?: string; option?: string };
}

const define = <Kind extends string>(kinds: Record<Kind, DecisionDefinition>) => kinds;

export const DECISION_KINDS = define({
  approve: {
    help: 'sign off for a role',
    answers: ['approvals'],
    example: { who: 'fabio.nunes', role: 'qa', digest: 'the twelve characters that the board shows' },
  },
  reject: {
    help: 'refuse the sign-off and stop the deployment',
    answers: ['approvals'],
    asksWhy: 'say why it is rejected',
    stops: true,
    example: { who: 'fabio.nunes', role: 'qa', why: 'the Swagger page shows an old schema' },
  },
  confirm: {
    help: 'confirm what only a person can know',
    answers: ['confirmation', 'outcome-unknown', 'rollback-choice'],
    namesSubject: true,
    example: { who: 'diego.alves', role: 'devops', subject: 'infrastructure' },
  },
  hold: {
    help: 'hold before the next step',
    answers: [],
    example: { who: 'diego.alves', role: 'devops', why: 'an incident elsewhere' },
  },
  resume: {
    help: 'go on after a hold, or carry on despite a concern',
    answers: ['concern'],
    namesSubject: true,
    example: { who: 'diego.alves', role: 'devops' },
  },
  retry: {
    help: 'run the failed step once more',
    answers: ['step-failed', 'outcome-unknown', 'watch-unknown', 'rollback-failed'],
    namesSubject: true,
    example: { who: 'diego.alves', role: 'devops', subject: 'staging.health' },
  },
  skip: {
    help: 'go on without the failed step',
    answers: ['confirmation', 'step-failed', 'outcome-unknown', 'watch-unknown', 'rollback-failed'],
    namesSubject: true,
    asksWhy: 'say why it is skipped',
    example: { who: 'diego.alves', role: 'devops', subject: 'staging.logs', why: 'known noise, see ticket 12' },
  },
  // Going on outside a window is neither a confirmation nor a skip.
  override: {
    help: 'go on outside a freeze, deploy or low-traffic window',
    answers: ['window'],
    namesSubject: true,
    asksWhy: 'say why the window is overridden',
    example: { who: 'ana.souza', role: 'tech-lead', why: 'the fix cannot wait for Monday' },
  },
  // A question for it is closed by whoever serves the runner again, too: it is an answer that nobody has to give.
  move: {
    help: 'run the commands on another runner, when theirs is gone for good, or all of it on another build',
    answers: ['runner-not-served'],
    asksWhy: 'say why it is moved',
    wants: '--to RUNNER',
    example: { who: 'diego.alves', role: 'devops', to: '0123456789abcdef', why: 'the machine is gone for good' },
  },
  abort: {
    help: 'stop; production is rolled back when it has changed',
    answers: [],
    asksWhy: 'say why it is aborted',
    stops: true,
    example: { who: 'diego.alves', role: 'devops', why: 'the release is postponed' },
  },
  rollback: {
    help: 'roll production back',
    answers: ['outcome-unknown', 'rollback-choice', 'rollback-failed'],
    namesSubject: true,
    asksWhy: 'say why production is rolled back',
    stops: true,
    example: { who: 'diego.alves', role: 'devops', why: 'customers report errors', option: 'full' },
  },
});

export type DecisionKind = keyof typeof DECISION_KINDS;

/** In the order in which they are offered. */
export const DECISIONS = Object.keys(DECISION_KINDS) as DecisionKind[];

/** What the Web UI's dialogs of signals and updates say: the meaning, and an input to copy. */
export function signalHelp(kind: DecisionKind): string {
  const { help, example } = DECISION_KINDS[kind];
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}. Input: ${JSON.stringify(example)}`;
}

/** What the console's pages say, of looks that a test has made: no server, no Temporal. */
import { describe, expect, test } from 'vitest';
import { CONSOLE_ICON } from '../../src/console/assets/icon.js';
import { CONSOLE_SCRIPT } from '../../src/console/assets/script.js';
import { CONSOLE_STYLE } from '../../src/console/assets/style.js';
import { headlineOf, rowHeadline } from '../../src/console/headline.js';
import type { DeploymentLook } from '../../src/console/look.js';
import { answeredPage, confirmationPage, decisionPage } from '../../src/console/pages/decision-page.js';
import { deploymentPage } from '../../src/console/pages/deployment-page.js';
import { deploymentsPage, wantedRows } from '../../src/console/pages/deployments-page.js';
import { framed, problemPage } from '../../src/console/pages/frame.js';
import { historyPage } from '../../src/console/pages/history-page.js';
import { enrolledPage, passkeyPage } from '../../src/console/pages/passkey-page.js';
import { evidencePage } from '../../src/console/pages/proof-part.js';
import { signingPage } from '../../src/console/pages/signing-page.js';
import { waitingPage } from '../../src/console/pages/waiting-page.js';
import { watchPage } from '../../src/console/pages/watches-part.js';
import { sayableOf } from '../../src/console/saying.js';
import { consoleWords, languageAsked, type PageLanguage } from '../../src/console/words/language.js';
import type { Decision, Ledger, WatchRecord } from '../../src/domain/ledger/ledger.js';
import { NOT_PROVEN } from '../../src/domain/rollback/reversibility.js';
import { CliError } from '../../src/temporal/errors.js';
import { ledgerWith, questionWith, START, stepWith } from '../client/ledgers.js';
import { askingWith, FIGURES, listedWith, lookWith, NOW, signOffs } from './looks.js';

const EVIL = '</main><script>alert(1)</script><img src=x onerror="alert(2)">\'"&';
const words = consoleWords('en');
const failure = new CliError('No worker answers', { hint: 'Start one.' });
const unserved = {
  queue: 'surefoot',
  state: 'nobody' as const,
  workers: 0,
  text: 'nobody serves surefoot',
  advice: 'Start one.',
};

const watchWith = (parts: Partial<WatchRecord>): WatchRecord => {
  const criterion = { tier: 'rollback' as const, verdict: 'unknown' as const, samples: 60, unit: '%', rule: '> 10 %' };
  return {
    ...{ id: 'watch-1h', workflowId: 'w', title: 'Watch', startedAt: START, ticks: 60, samples: 120 },
    criteria: [
      { ...criterion, id: 'errors', title: 'Errors', unknown: 0, worst: 1 },
      { ...criterion, id: 'memory', title: 'Memory', unknown: 30 },
    ],
    ...parts,
  };
};

/** Every page of a deployment about which there is much to say, and those of no deployment. */
function everyPage(language: PageLanguage): Record<string, string> {
  const asking = askingWith({ canSignIn: true, signedIn: { person: 'rui', name: 'Rui', roles: ['qa'] } }, language);
  const said = consoleWords(language);
  const samples = [1, 2, 3, 30].map((value, index) => ({ at: START + index * 1_000, kind: 'ok' as const, value }));
  const missing = { at: START + 4_000, kind: 'noData' as const, reason: 'x' };
  const limit = { title: 'Erros', rule: '> 10 %', comparison: '>' as const, threshold: 10, firedAt: START + 3_000 };
  const plot = {
    id: 'p',
    title: 'Erros',
    unit: '%',
    span: [START, START + 5_000] as const,
    limits: [limit],
    clock: String,
  };
  const monitor = watchWith({ title: 'Observar' });
  const steps = [stepWith({ state: 'failed', reason: 'x' }), stepWith({ phase: 'approval', state: 'running' })];
  const production = { codeDeployed: true, migrated: true, maintenance: true, backup: { location: 'l', sha256: 's' } };
  const decided = {
    kind: 'hold' as const,
    who: 'rui',
    role: 'qa',
    at: NOW,
    via: 'update' as const,
    accepted: true,
    reason: '',
  };
  const ledger: Partial<Ledger> = {
    steps,
    production,
    monitors: [monitor],
    decisions: [decided],
    refusedBefore: 2,
    untold: ['x'],
    unkept: ['x'],
  };
  const look = lookWith({ ...ledger, questions: [signOffs({ title: 'x', text: 'x' })] }, { unanswered: failure });
  const planned = {
    ...look.planned,
    view: { watches: [{ monitor, plots: [{ ...plot, samples: [...samples, missing] }] }], loads: [], indexes: [] },
  };
  const busy = { ...look, planned } as DeploymentLook;
  const beginsAt = NOW + 3_600_000;
  const beginning = lookWith({ steps: [], beginsAt });
  const over = lookWith({ ...ledger, outcome: 'rollback-failed', endedAt: NOW });
  const viewer = { canSignIn: true, ...(asking.signedIn ? { signedIn: asking.signedIn } : {}) };
  const context = { look: busy, sayable: sayableOf(busy, 'sign-offs', viewer), asking };
  const form = new URLSearchParams({ answer: 'approve', speaker: 'rui/qa', why: 'x' });
  const decision: Decision = { kind: 'approve', who: 'rui', role: 'qa', digest: 'x', why: 'x' };
  const rows = [busy, beginning].map(({ ledger: of }) => ({
    listed: listedWith({ deployment: of.deployment, outcome: 'running', endedAt: undefined }),
    ledger: of,
  }));
  const all = { rows: [...rows, { listed: listedWith({ archived: true }) }], unknown: ['x'] };
  const figures = { services: new Map([['shop', FIGURES]]), all: FIGURES, notes: ['x'] };
  const enrolled = { who: { person: 'rui', name: 'Rui', roles: [] }, origin: 'https://a.test', at: NOW };
  const made = { ...enrolled, credential: 'c', key: 'k', fingerprint: 'SHA256:f' };
  const contents = {
    deployments: deploymentsPage(all, {}, asking),
    waiting: waitingPage(all, undefined, askingWith({}, language)),
    history: historyPage(figures, 90, asking),
    'no history': historyPage({ ...figures, services: new Map() }, 90, asking),
    deployment: deploymentPage(busy, asking),
    'a deployment that has yet to begin': deploymentPage(beginning, asking),
    'a deployment that is over': deploymentPage(over, asking),
    'a deployment without its plan': deploymentPage(lookWith(ledger, { planned: undefined }), asking),
    evidence: evidencePage(busy, 1, asking),
    watch: watchPage(busy, 1, asking),
    decision: decisionPage(context),
    'a decision that lacks something': decisionPage(context, { form, lacks: ['answer', 'person', 'reason', 'runner'] }),
    confirmation: confirmationPage(context, { decision, form }),
    answer: answeredPage(decision, { isTaken: true, text: 'x' }, asking),
    passkey: passkeyPage({ begun: { known: ['SHA256:f'], options: '{}' }, refused: 'x' }, asking),
    'a passkey elsewhere': passkeyPage(
      { begun: { known: [], elsewhere: ['https://a.test'] }, refused: undefined },
      asking,
    ),
    'a passkey of nobody': passkeyPage({ begun: undefined, refused: undefined }, asking),
    'what a passkey is to sign': signingPage(
      { toSign: { decision, options: '{}', page: '/', orSignIn: true }, refused: 'x' },
      asking,
    ),
    'a passkey that is made': enrolledPage(made, asking),
  };
  const framedOnes = Object.entries(contents).map(([name, content]) => [
    name,
    content ? framed(content, asking).text : '',
  ]);
  const problems = Object.entries(said.problems).map(([name, problem]) => [
    name,
    problemPage(problem, { asking }).text,
  ]);
  return Object.fromEntries([...framedOnes, ...problems]);
}

/** What our English words say, and the Portuguese ones do not: whole texts, and what stands between the values of others. */
function englishTexts(): string[] {
  const pieces = (words: unknown): string[] => {
    if (typeof words === 'string') return [words];
    if (typeof words === 'function') return String(words(...Array(words.length).fill('\0'))).split('\0');
    return Object.values(words as object).flatMap(pieces);
  };
  const portuguese = pieces(consoleWords('pt-BR')).join('\n');
  const found = pieces(words).map((text) => text.replace(/^\W+|\W+$/g, ''));
  return [...new Set(found)].filter((text) => /\w{2}/.test(text) && !portuguese.includes(text));
}

/** Outside of what is marked as English: one word as a text of its own, several anywhere. */
function saysSo(page: string, text: string): boolean {
  const ours = page.replaceAll(/<(?!html)(\w+)[^>]* lang="en"[^>]*>.*?<\/\1>/gs, '');
  return text.includes(' ') ? ours.includes(text) : ours.includes(`>${text}<`);
}

describe('how a deployment stands', () => {
  test('before its time it says when it begins, and no phase is told as reached', () => {
    const [soon, late] = [NOW + 9 * 3_600_000, NOW - 60_000].map((beginsAt) => lookWith({ steps: [], beginsAt }));
    if (!soon || !late) throw new Error('there are two');
    const begins = { tone: 'calm', state: 'Begins at 2025-11-24 22:00 UTC', next: words.next.hasYetToBegin };
    expect(headlineOf(soon, askingWith())).toEqual(begins);
    const listed = listedWith({ outcome: 'running', endedAt: undefined });
    expect(rowHeadline({ listed, ledger: soon.ledger }, askingWith())).toEqual(begins);
    const page = deploymentPage(soon, askingWith()).main.text;
    expect(page).not.toContain('<details class="phase"');
    expect(page).toContain(`Prerequisites <span class="soft">${words.deployment.notReached}`);
    const row = deploymentsPage({ rows: [{ listed, ledger: soon.ledger }], unknown: [] }, {}, askingWith()).main.text;
    expect(row).not.toContain('data-since');
    const silent = { listed: { ...listed, beginsAt: NOW + 9 * 3_600_000 }, unanswered: 'no worker' };
    expect(rowHeadline(silent, askingWith())).toMatchObject({ tone: 'doubt', state: begins.state });
    expect(headlineOf(late, askingWith())).toEqual({
      ...{ tone: 'doubt', state: 'Was to begin at 2025-11-24 12:59 UTC', next: words.next.hasNotBegun },
    });
    const unsure = { ...late, services: [{ ...unserved, state: 'unknown' as const }] };
    expect(headlineOf(unsure, askingWith()).next).toBe(words.next.notSure(unserved.text));
  });

  test('a question outweighs whatever runs beside it, and names whose answer is missing', () => {
    const approvals = [{ role: 'qa', who: 'rui', at: START, digest: 'a' }];
    const steps = [stepWith({ phase: 'approval', state: 'running' })];
    expect(headlineOf(lookWith({ questions: [signOffs()], approvals, steps }), askingWith())).toEqual({
      tone: 'asks',
      state: 'Waiting for dba',
      next: 'Answer: Sign-offs',
    });
  });

  test('nobody has to do anything only as far as it is known that somebody does the work', () => {
    const steps = [stepWith({ state: 'running' })];
    expect(headlineOf(lookWith({ steps }), askingWith()).next).toContain('nobody has to do anything');
    const unknown = { ...unserved, state: 'unknown' as const, text: 'the server did not say' };
    for (const more of [{ services: [unserved] }, { services: [unknown] }, { unanswered: failure }]) {
      const { tone, next } = headlineOf(lookWith({ steps }, more), askingWith());
      expect(tone).toBe('doubt');
      expect(next).not.toContain('nobody has to do anything');
    }
  });

  test('one that was ended from outside is bad, and says what production was left in', () => {
    const production = { codeDeployed: true, migrated: false, maintenance: true };
    const found = { workflowId: 'w', runId: 'r', running: false, status: 'TERMINATED' };
    const look = lookWith({ production }, { found });
    expect(headlineOf(look, askingWith())).toMatchObject({ tone: 'bad', state: 'Ended from outside (terminated)' });
    expect(deploymentPage(look, askingWith()).main.text).toContain('maintenance mode was turned on');
  });

  test('a rollback that failed is not called over: what was left is looked at first', () => {
    const look = lookWith({ outcome: 'rollback-failed', endedAt: NOW });
    expect(headlineOf(look, askingWith())).toMatchObject({ tone: 'bad', next: words.next.lookFirst });
  });
});

describe('the page of a deployment', () => {
  const page = (...look: Parameters<typeof lookWith>) => deploymentPage(lookWith(...look), askingWith()).main.text;

  test('whatever a deployment says of itself is text', () => {
    const text = page({
      title: EVIL,
      reason: EVIL,
      questions: [questionWith({ title: EVIL, text: EVIL, roles: [EVIL] })],
      steps: [stepWith({ title: EVIL, reason: EVIL, state: 'failed' })],
      untold: [EVIL],
      unkept: [EVIL],
    });
    expect(text).not.toMatch(/<script|<img|onerror="/);
  });

  test('the running step counts on, and beside it stands how long it usually takes', () => {
    const text = page({ phase: 'staging', steps: [stepWith({ state: 'running', startedAt: NOW - 90_000 })] });
    expect(text).toMatch(/data-since="\d+">1 min 30 s<\/span>, usually 5 min/);
  });

  test('what nobody knows the end of is unknown, not failed', () => {
    const text = page({ phase: 'staging', steps: [stepWith({ state: 'failed', unknown: true })] });
    expect(text).toContain('</span> unknown</span>');
  });

  test('the way back that was not tried is unknown, and so is a cost that nothing says', () => {
    const production = {
      codeDeployed: true,
      migrated: true,
      maintenance: false,
      backup: { location: 'l', sha256: 's' },
    };
    const text = page({ production });
    expect(text).toContain('whether the way back works is unknown');
    expect(text).toContain('How long taking back the backup would take is unknown');
    expect(page({ production: { ...production, restoreEstimate: 240_000 } })).toContain(
      'Taking back the backup would take about 4 min.',
    );
  });

  test('a proof of the way back that has not ended yet says nothing about it', () => {
    const text = page({ eligibility: NOT_PROVEN });
    expect(text).toContain('whether the way back works is unknown');
    expect(text).not.toMatch(/Staging has (not )?shown/);
    const reasons = ['the downgrade lost rows'];
    expect(page({ eligibility: { migration: false, code: true, reasons } })).toContain('the downgrade lost rows');
  });

  test('in virtual time it is as late as the deployment says, and no time counts on', () => {
    const steps = [
      stepWith({ state: 'passed', startedAt: NOW, endedAt: NOW + 86_400_000 }),
      stepWith({ id: 'sign-offs', phase: 'approval', startedAt: NOW + 80_000_000 }),
    ];
    const text = deploymentPage(lookWith({ steps }, { inVirtualTime: true }), askingWith()).main.text;
    expect(text).toContain('for 1 h 46 min');
    expect(text).not.toContain('class="count"');
  });

  test('what a watch that runs has found no breach of is not well yet, and unknown only where it was not seen', () => {
    const running = watchWith({});
    const text = page({ monitors: [running] });
    expect(text).toContain('<span class="undecided">no breach seen</span> <span>Errors');
    expect(text).toContain('<span class="unknown">unknown</span> <span>Memory');
    const ended = page({ monitors: [watchWith({ verdict: 'unknown', endedAt: NOW })] });
    expect(ended).not.toContain('no breach seen');
    const endedEarly = page({ monitors: [watchWith({ verdict: 'breached', endedAt: NOW })] });
    expect(endedEarly).toContain('<span class="undecided">no breach seen: 1</span>');
  });

  test('of a watch that is over it says how many criteria stand how, and which not well', () => {
    const [errors, memory] = watchWith({}).criteria;
    if (!errors || !memory) throw new Error('a watch has two criteria here');
    const criteria = [{ ...errors, verdict: 'healthy' as const }, memory];
    const text = page({ monitors: [watchWith({ verdict: 'unknown', endedAt: NOW, criteria })] });
    expect(text).toContain('<span class="healthy">healthy: 1</span>');
    expect(text).not.toContain('Errors');
    expect(text).toContain('Memory');
  });

  test('after a rollback that failed it still says what another way back would cost', () => {
    const production = {
      codeDeployed: true,
      migrated: true,
      maintenance: true,
      restoreEstimate: 240_000,
      backup: { location: 'l', sha256: 's' },
    };
    const trigger = { kind: 'step' as const, step: 'production.smoke', text: 'the smoke tests failed' };
    const rollback = { option: 'full' as const, workflowId: 'w', trigger, reasons: [], startedAt: START, steps: [] };
    const cost = 'Taking back the backup would take about 4 min.';
    expect(page({ production, rollback: { ...rollback, succeeded: false, reason: 'the script failed' } })).toContain(
      cost,
    );
    expect(page({ production, rollback: { ...rollback, succeeded: true } })).not.toContain(cost);
  });

  test('without its plan it says what is not known, rather than that there is none', () => {
    const text = page({}, { planned: undefined });
    expect(text).toContain(words.deployment.planUnknown);
    expect(text).not.toContain('<h2 id="items-h">');
  });

  test('one that nobody answers for says that it is told by its history', () => {
    expect(page({}, { unanswered: failure })).toContain('This is what its history says.');
  });

  test('each evidence stands with its sha256', () => {
    const { text } = evidencePage(lookWith(), 1, askingWith()).main;
    expect(text).toContain(`<code>${'e'.repeat(64)}</code>`);
  });

  test('however much there is of it, its first view is less than 100 KB, and so are those of its other pages', () => {
    const samples = Array.from({ length: 5_000 }, (_, at) => ({ at: START + at, kind: 'ok' as const, value: at % 97 }));
    const plots = Array.from({ length: 25 }, (_, index) => ({
      ...{ id: `plot-${index}`, title: 'A metric', unit: 'ms', span: [START, START + 5_000] as const, samples },
      ...{ limits: [], clock: String },
    }));
    const evidence = Array.from({ length: 1_000 }, (_, index) => ({
      ...{ path: `production.migration/1/${index}.log`, title: 'Output', bytes: 4_000, sha256: 'e'.repeat(64) },
    }));
    const monitors = [watchWith({})];
    const look = lookWith({ questions: [signOffs()], monitors });
    if (!look.planned) throw new Error('the plan is known here');
    look.planned.view.watches = monitors.map((monitor) => ({ monitor, plots }));
    look.planned.document.evidence = evidence;
    const asking = askingWith();
    const pages = [
      deploymentPage(look, asking),
      watchPage(look, 1, asking),
      evidencePage(look, 1, asking),
      decisionPage({ look, sayable: sayableOf(look, 'sign-offs', { canSignIn: false }), asking }),
    ];
    const withIt = CONSOLE_STYLE.length + CONSOLE_SCRIPT.length + CONSOLE_ICON.length;
    for (const each of pages) expect(each && framed(each, asking).text.length + withIt).toBeLessThan(100_000);
    expect(evidencePage(look, 10, asking).main.text).toContain('>production.migration/1/0.log<');
  });
});

describe('the list', () => {
  const rows = Array.from({ length: 1_000 }, (_, index) => ({
    listed: listedWith({
      deployment: `shop-${index}`,
      service: index % 2 ? 'shop' : 'orders',
      startedAt: START + index,
      target: `v${index}`,
    }),
  }));
  const page = (query: string) =>
    deploymentsPage({ rows, unknown: ['a torn archive'] }, wantedRows(new URLSearchParams(query)), askingWith()).main
      .text;
  const shown = (text: string) => [...text.matchAll(/href="\/deployments\/(shop-\d+)"/g)].map(([, name]) => name);

  test('of a thousand shows the newest fifty in less than 100 KB, and a way to the others', () => {
    const text = page('');
    expect(shown(text)).toHaveLength(50);
    expect(shown(text)[0]).toBe('shop-999');
    expect(text.length).toBeLessThan(100_000);
    expect(shown(page('page=2'))[0]).toBe('shop-949');
    expect(shown(page('page=999'))).toHaveLength(50);
  });

  test('is searched by words, service and outcome, together', () => {
    expect(shown(page('search=V77')).sort()).toEqual([
      'shop-77',
      ...Array.from({ length: 10 }, (_, i) => `shop-77${i}`),
    ]);
    expect(shown(page('search=v77&service=shop'))).toHaveLength(6);
    expect(shown(page('outcome=aborted'))).toEqual([]);
  });

  test('says what is not among them', () => {
    expect(page('')).toContain('a torn archive');
  });

  test('of one that has not answered it is not said that it waits for nobody', () => {
    const silent = { listed: listedWith({ outcome: 'running', endedAt: undefined }), unanswered: 'no worker' };
    const { main } = deploymentsPage({ rows: [silent], unknown: [] }, {}, askingWith());
    expect(main.text).toContain('Whom it waits for is not known: no worker');
  });
});

describe('what waits', () => {
  const waits = (role: string, deployment: string) => ({
    listed: listedWith({ deployment, outcome: 'running', endedAt: undefined }),
    ledger: ledgerWith({ deployment, questions: [questionWith({ roles: [role] })] }),
  });
  const rows = [waits('qa', 'one'), waits('dba', 'two')];
  const shown = (role: string | undefined, ...parts: Parameters<typeof askingWith>) =>
    [
      ...waitingPage({ rows, unknown: [] }, role, askingWith(...parts)).main.text.matchAll(
        /deployments\/(\w+)\/decide/g,
      ),
    ].map(([, name]) => name);

  test('is what the roles of who has signed in may answer; without signing in, everybody’s or a role’s', () => {
    expect(shown(undefined)).toEqual(['one', 'two']);
    expect(shown('dba')).toEqual(['two']);
    expect(shown('dba', { canSignIn: true, signedIn: { person: 'rui', name: 'Rui', roles: ['qa'] } })).toEqual(['one']);
  });

  test('is not nothing where a deployment has not answered', () => {
    const silent = { listed: listedWith({ outcome: 'running', endedAt: undefined }), unanswered: 'no worker' };
    const { text } = waitingPage({ rows: [silent], unknown: [] }, undefined, askingWith()).main;
    expect(text).not.toContain(words.waiting.nothing);
    expect(text).toContain(words.waiting.nothingKnown);
    expect(text).toContain('no worker');
  });
});

test('what a passkey is to sign stands on its page whole', () => {
  const said = { who: 'rui', role: 'qa', deployment: 'shop-1', why: 'it breaks' };
  const page = (decision: Decision): string => {
    const toSign = { decision, options: '{}', page: '/', orSignIn: false };
    return signingPage({ toSign, refused: undefined }, askingWith()).main.text;
  };
  const back = page({ ...said, kind: 'rollback', option: 'migration', revision: 'a1b2c3' });
  for (const part of ['Roll back', 'the migration', 'a1b2c3', 'it breaks', 'shop-1', 'rui says so as qa'])
    expect(back).toContain(part);
  expect(page({ ...said, kind: 'move', to: '0123456789abcdef' })).toContain('0123456789abcdef');
  expect(page({ ...said, kind: 'approve', digest: 'd'.repeat(64) })).toContain('d'.repeat(64));
  expect(back).not.toContain('name="instead"');
});

test('a figure that is not known says so, and of how many it leaves some out', () => {
  const figures = { services: new Map([['shop', FIGURES]]), all: FIGURES, notes: ['one is not counted'] };
  const { text } = historyPage(figures, 90, askingWith()).main;
  expect(text).toContain('<td data-name="Lead time">unknown (unknown of 6)</td>');
  expect(text).toContain('<td data-name="Time to restore">10 min (unknown of 1)</td>');
  expect(text).toContain('one is not counted');
});

describe('languages', () => {
  test.each([
    ['pt-BR,pt;q=0.9,en;q=0.8', 'pt-BR'],
    ['de, en;q=0.5, pt;q=0.7', 'pt-BR'],
    ['pt;q=0, en', 'en'],
    ['', 'en'],
    ['fr', 'en'],
  ])('a browser that asks for "%s" is answered in %s', (asked, language) => {
    expect(languageAsked(asked)).toBe(language);
  });

  const texts = englishTexts();

  test.each(Object.entries(everyPage('pt-BR')))('%s in Portuguese has no English words of ours', (_, page) => {
    expect(texts.filter((text) => saysSo(page, text))).toEqual([]);
  });

  test('in English they do have them', () => {
    const pages = Object.values(everyPage('en'));
    expect(texts.filter((text) => pages.some((page) => saysSo(page, text))).length).toBeGreaterThan(100);
  });

  test('a page in Portuguese says so, and has no English words of ours', () => {
    const asking = askingWith({}, 'pt-BR');
    const { text } = framed(deploymentPage(lookWith({ questions: [signOffs()] }), asking), asking);
    expect(text).toContain('<html lang="pt-BR">');
    for (const each of Object.values(words.deployment)) {
      if (typeof each === 'string' && each.includes(' ')) expect(text).not.toContain(`>${each}<`);
    }
  });
});

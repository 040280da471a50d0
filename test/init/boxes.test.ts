/** What boxes rest on, by their words alone. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fileOf } from '../../src/contract/plan/parts.js';
import { loadPlan } from '../../src/plan/load.js';
import { FILES, initialize } from './written.js';

const REFERENCE = 'plans/eduautismo-checklist.pt.md';

/** A service with all files that there may be, but for alerts where they are not what it is about. */
const settled = (checklist: string, without: string[] = []) => {
  const files = Object.fromEntries(Object.entries(FILES).filter(([name]) => !without.includes(name)));
  return initialize({ ...files, 'checklist.md': checklist }).boxes;
};
const factsOf = (checklist: string) =>
  settled(checklist).flatMap(({ title, by, isAsked }) => (isAsked ? [] : [`${title} -> ${by.join(' ')}`]));
const inFixture = (name: string) => readFileSync(`test/fixtures/checklists/${name}.md`, 'utf8');

test('of the first checklist, each box that rests on facts rests on the steps that the shipped plan has for it', () => {
  const shipped = new Map(loadPlan('plans/eduautismo-performance.yaml').resolved.items.map((item) => [item.id, item]));
  const boxes = settled(readFileSync(REFERENCE, 'utf8'));
  const onFacts = boxes.filter(({ isAsked }) => !isAsked);
  const wrong = onFacts.filter(({ id, title, by }) => {
    const item = shipped.get(id);
    const steps = new Set(by.map((fact) => fact.split('/')[0]));
    // Where the shipped plan looks twice, once will do to begin with.
    return item?.title !== title || !item.by.some(({ step }) => steps.has(step));
  });
  expect(wrong).toEqual([]);
  expect([onFacts.length, boxes.length]).toEqual([55, 117]);
});

test('a limit that a box states is the one that it rests on', () => {
  const { plan } = initialize({ ...FILES, 'checklist.md': readFileSync(REFERENCE, 'utf8') });
  const { watches, soak, backup, migration, review } = loadPlan(plan).resolved;
  const rules = [...(soak ? [soak] : []), ...watches].flatMap(({ id, criteria }) =>
    criteria.map(({ title, metric, breach }) => `${id}: ${title}: ${metric} ${breach.comparison} ${breach.threshold}`),
  );
  expect(rules).toEqual(
    expect.arrayContaining([
      'soak: Taxa de erro < 1%: error-rate >= 1',
      'watch-5m: Min 5: Taxa de erro < 0.1%: error-rate >= 0.1',
      'watch-1h: Latência P95 < 2000ms: latency-p95 >= 2000',
      'watch-1h: Taxa de sucesso > 99%: success-rate <= 99',
      'watch-24h: Latência média mantida < 1s: latency-mean >= 1000',
    ]),
  );
  const day = 24 * 3_600_000;
  expect({
    retention: fileOf({ backup })?.retention,
    within: migration?.within,
    passRate: review?.tests.passRate,
  }).toEqual({
    retention: 30 * day,
    within: 30_000,
    passRate: 98.4,
  });
});

describe('checklists as others write them: what rests on facts, each looked at by hand', () => {
  test('the release of a web service', () => {
    expect(factsOf(inFixture('saas-release'))).toMatchInlineSnapshot(`
      [
        "All changes are merged into \`main\` -> prerequisites.repository/merged",
        "CI is green: unit and integration tests pass -> prerequisites.review/tests",
        "Code review done for every pull request of the milestone -> prerequisites.review/reviewed",
        "Migrations were tested on staging -> staging.migration/ran staging.migration/heads staging.migration/leftovers staging.migration/schema",
        "Migrations are backwards compatible, so that the old release keeps serving -> staging.reversibility/previous-code",
        "Database backup taken -> production.backup/created production.backup/readable production.backup/contents production.backup/restored",
        "The previous version is known, in case we have to go back -> prerequisites.repository/previous",
        "Deployed to staging -> staging.deploy/ran",
        "\`/healthz\` returns 200 -> staging.health/status",
        "No new errors in the logs -> staging.logs/ran staging.logs/logs",
        "Error rate below 0.5% -> soak/error-rate-0-3-1",
        "P95 < 400ms -> soak/latency-p95-0-3-2",
        "Sign-off: tech lead -> sign-offs/tech-lead",
        "Sign-off: QA -> sign-offs/qa",
        "Sign-off: product manager -> sign-offs/product-owner",
        "Backup completed successfully -> production.backup/created production.backup/readable production.backup/contents production.backup/restored",
        "Deployed to production -> production.deploy/ran",
        "Migrations have run without errors -> production.migration/ran production.migration/heads production.migration/leftovers production.migration/schema",
        "Health check is green -> production.health/status",
        "The service reports the new version -> production.health/version",
        "Smoke tests pass -> production.smoke/answers.status",
        "Error rate < 1% -> watch-1h/error-rate-0-6-1",
        "P95 < 600ms -> watch-1h/latency-p95-0-6-2",
        "No errors in the logs -> watch-1h/logs",
        "Service is still up and reachable -> watch-1h/up",
        "Alerts for error rate > 2% are enabled -> preparation.alerts/ErrorRate",
      ]
    `);
  });

  test('a box that says of a release that it runs rests on what answers, and not on the deploy alone', () => {
    expect(
      factsOf(
        '# Release\n\n## Staging\n\n- [ ] Deployed on staging, answers with the new release\n\n' +
          '## Production\n\n- [ ] Production runs the release\n- [ ] The release notes say what runs\n',
      ),
    ).toEqual([
      'Deployed on staging, answers with the new release -> staging.deploy/ran staging.health/version',
      'Production runs the release -> production.health/version',
    ]);
  });

  test('the release of a server by its project, in numbered and starred lists', () => {
    expect(factsOf(inFixture('open-source-server'))).toMatchInlineSnapshot(`
      [
        "Maintenance mode is enabled -> production.maintenance-on/ran",
        "Take a dump of the database -> production.backup/created production.backup/readable production.backup/contents production.backup/restored",
        "Deploy to production finished without errors -> production.deploy/ran",
        "Database schema version is the head of this release -> production.migration/revision",
        "Log output of the migration shows no warnings -> production.migration/warnings",
        "Maintenance mode is disabled -> production.maintenance-off/ran",
        "CPU below 80 % -> watch-30m/cpu-0-3-1",
        "No deadlocks in the database -> watch-30m/deadlocks",
        "No slow queries -> watch.database/slow-queries",
        "Success rate above 99 % -> watch-30m/success-rate-0-3-5",
      ]
    `);
  });

  test('a pull request that is deployed when it is merged', () => {
    expect(factsOf(inFixture('pull-request-deploy'))).toMatchInlineSnapshot(`
      [
        "Tests pass -> prerequisites.review/tests",
        "Migration is reversible (downgrade tried) -> staging.reversibility/downgrade staging.reversibility/schema-restored staging.reversibility/upgrade-again",
        "Credentials for staging are valid -> prerequisites.staging/credentials",
        "Snapshot of the database created -> production.backup/created production.backup/readable production.backup/contents production.backup/restored",
        "Backup is stored off-site -> production.backup/stored",
        "Backup retention is 14 days -> production.backup/retention",
        "Deployment completed -> production.deploy/ran",
        "App is up and running -> production.health/status production.health/version",
        "Run smoke tests -> production.smoke/answers.status",
        "Monitor error rate: < 1 % -> watch-1h/error-rate-0-3-1",
        "Check the logs for errors -> watch-1h/logs",
      ]
    `);
  });
});

test('a line in bold that says when heads the boxes below it', () => {
  const boxes = settled(inFixture('times-in-bold'));
  expect(
    boxes.map(({ title, place, by, isAsked }) => `${place}: ${title}${isAsked ? '' : ` -> ${by.join(' ')}`}`),
  ).toMatchInlineSnapshot(`
    [
      "prerequisites: All tests pass -> prerequisites.review/tests",
      "prerequisites: All tests pass locally",
      "prerequisites: Code is reviewed and approved -> prerequisites.review/reviewed prerequisites.review/approved",
      "production: Deploy to production -> production.deploy/ran",
      "production: Mark the deployment successful",
      "watch: Health check OK, right version",
      "watch: Check the error rate (<1%) -> watch-5m/error-rate-0-1-7",
      "watch: Tail the logs for errors",
      "watch: P95 < 2s -> watch-4h/latency-p95-0-1-9",
      "watch: Review the deployment success rate",
      "production: No error in the logs -> production.logs/ran production.logs/logs",
    ]
  `);
  expect(boxes.map(({ id }) => id).slice(0, 2)).toEqual(['0.1.1', '0.1.2']);
});

test.each([
  ['it is done by people', 'Notify the team that the deployment has completed'],
  ['it is a plan', 'Plan for a rollback of the migration is tested'],
  ['only a part of it is known', 'Deployment completed, and caches are warm'],
  ['it is about something else', 'Backup of uploaded files is taken nightly'],
  ['its limit is on the wrong side', 'Error rate > 1 %'],
  ['it has two limits', 'Error rate < 1 % and P95 < 2 s'],
  ['its limit has no unit', 'P95 < 400'],
  ['it is about two places', 'Deployed to staging and production'],
  ['it leads to a sign-off', 'Ask QA for their sign-off'],
  ['it is of a pull request alone', 'PR approved by the tech lead, who wrote none of it'],
  ['it is to page people later', 'Alert on error rate > 7 %'],
  ['it is looked at by people', 'Review the deployment success rate'],
  ['it is said of a deployment', 'Mark the deployment successful'],
  ['it is of one machine', 'All tests pass locally'],
  ['it takes more than one to approve', 'Code is reviewed and approved by two people'],
])('a person is asked where %s', (_, title) => {
  for (const heading of ['Before', 'Sign-off', 'Staging', 'Production', 'Monitoring after the deploy']) {
    const [box] = settled(`# ${heading}\n\n- [ ] ${title}\n- [ ] a\n- [ ] b\n`);
    expect(box).toMatchObject({ title, isAsked: true });
  }
});

test('what stands under a heading about rollback is no proof of the deployment', () => {
  const text =
    '# Production\n\n## Rollback\n\n### Deploy\n\n- [ ] Deployed to production\n- [ ] Health check is green\n- [ ] a\n';
  expect(settled(text).map(({ by }) => by)).toEqual(Array(3).fill(['during-and-after/confirmed']));
});

test('facts that the plan does not have are asked of people', () => {
  const text = '# Before\n\n- [ ] PR approved\n- [ ] Merged to main\n- [ ] Migrations are reversible\n';
  const none = initialize({ 'checklist.md': text }).boxes;
  expect(none.map(({ isAsked }) => isAsked)).toEqual([true, true, true]);
  const all = initialize({ ...FILES, 'checklist.md': text }).boxes;
  expect(all.map(({ isAsked }) => isAsked)).toEqual([false, false, false]);
});

test('alerts are those of the rules: by name and limit, or all of them', () => {
  const text =
    '# Alerts\n\n- [ ] Alert: error rate > 2%\n- [ ] Alerta de latência P95 > 3s\n- [ ] Alerts are configured\n- [ ] Alert: error rate > 5%\n';
  expect(settled(text).map(({ by }) => by)).toEqual([
    ['preparation.alerts/ErrorRate'],
    ['preparation.alerts/Latency-P95'],
    ['preparation.alerts/ErrorRate', 'preparation.alerts/Latency-P95'],
    ['before-production/confirmed'],
  ]);
});

// One attempt of an activity of the built worker, in a process of its own that can be killed.
// Usage: node attempt.mjs backups|restore STATE INPUT
import { MockActivityEnvironment } from '@temporalio/testing';

const [which, state, input] = process.argv.slice(2);
const activities = {
  backups: async () =>
    (await import('../../../dist/src/activities/backup/backups.js')).createBackupActivities({ state }).backUpDatabase,
  restore: async () =>
    (await import('../../../dist/src/activities/backup/restore.js')).createRestoreActivities({ state }).restoreDatabase,
};
await new MockActivityEnvironment().run(await activities[which](), JSON.parse(input));

/**
 * What the workflows ask of the world. Each interface is implemented by one file in `src/activities`;
 * workflows import these types only. Every input is plain data without secrets.
 */
import type { AccessActivities, AdmissionActivities, PrerequisiteActivities } from './admission.js';
import type { AlertActivities } from './alerts.js';
import type { DocumentationActivities, HttpActivities, LoadActivities } from './application.js';
import type { ArchiveActivities } from './archive.js';
import type { BackupActivities, CommandBackupActivities, RestoreActivities } from './backup.js';
import type { CommandActivities } from './commands.js';
import type { ForgeActivities } from './forge.js';
import type { SampleActivities, TrendActivities } from './metrics.js';
import type { PeopleActivities } from './notify.js';
import type { OwnCheckActivities } from './own-checks.js';
import type { DatabaseActivities, IndexActivities, VerificationActivities } from './postgres.js';
import type { ApprovalActivities, ReviewActivities } from './review.js';
import type { WindowActivities } from './windows.js';

export type Activities = AdmissionActivities &
  ApprovalActivities &
  PrerequisiteActivities &
  ReviewActivities &
  AccessActivities &
  AlertActivities &
  ArchiveActivities &
  BackupActivities &
  CommandBackupActivities &
  RestoreActivities &
  DatabaseActivities &
  IndexActivities &
  CommandActivities &
  HttpActivities &
  DocumentationActivities &
  LoadActivities &
  SampleActivities &
  TrendActivities &
  OwnCheckActivities &
  PeopleActivities &
  ForgeActivities &
  VerificationActivities &
  WindowActivities;

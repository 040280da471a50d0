/** The catalogue of failure types that cross the boundary between activities, workflows and clients. */
export const FailureType = {
  /** This worker must not run this deployment: digest, clock. Not retryable. */
  Refused: 'Refused',
  /** A command ended with a non-zero code. Not retryable: a person decides. */
  CommandFailed: 'CommandFailed',
  /** A command was started and nobody can know how it ended, or it is at work still. Not retryable: a person decides. */
  OutcomeUnknown: 'OutcomeUnknown',
  /** The runner cannot do its part: its disk is full or read-only, its records do not hold. Not retryable: a person decides. */
  RunnerFailed: 'RunnerFailed',
  /** The runner's policy, or what its worker is for, does not let it be done: nothing was begun. Not retryable: a person decides. */
  NotAuthorised: 'NotAuthorised',
  /** A precondition does not hold (another revision than expected, a lock held by somebody else). Not retryable. */
  PreconditionFailed: 'PreconditionFailed',
  /** A secret reference points nowhere. Not retryable. */
  SecretMissing: 'SecretMissing',
  /** Where a secret is kept nobody answered, or did not let the worker see: whether it is there is unknown. Retryable when nobody answered. */
  SecretUnknown: 'SecretUnknown',
  /** A step's facts do not hold. */
  StepFailed: 'StepFailed',
  /** A decision that cannot be taken now; carried by the update's rejection. */
  DecisionRefused: 'DecisionRefused',
} as const;
export type FailureType = (typeof FailureType)[keyof typeof FailureType];

/** Temporal's own word, in a cancellation's details, for an activity that no worker has in hand at that moment. */
export const NOT_IN_HAND = 'ACTIVITY_ID_NOT_STARTED';

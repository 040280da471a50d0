/** A runner's name: made once, kept in its state folder, and a part of its queue's name. */

export const isRunnerIdentity = (text: string): boolean => /^[0-9a-f]{16}$/.test(text);

/** Whether it is this runner's own queue. */
export const isQueueOf = (queue: string, identity: string): boolean => queue.endsWith(`@${identity}`);

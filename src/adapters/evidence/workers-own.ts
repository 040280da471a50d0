/** The worker's own variables, as against those of plans: what it proves itself by. */

/** What the worker itself is known by: a plan that named it would have it sent to whatever host the plan names. */
const OWN_VARIABLES = /^(SUREFOOT_PAYLOAD_KEYS|TEMPORAL_.*|VAULT_TOKEN)$/;

/** Whether a variable is one that the worker itself is known by: no plan reads it, and no program is given it. */
export const isWorkersOwn = (name: string): boolean =>
  OWN_VARIABLES.test(name) || payloadKeyReferences().includes(`env:${name}`);

/** Where the keys of payloads are, as `SUREFOOT_PAYLOAD_KEYS` names them: `ID=env:NAME` or `ID=file:PATH`, with commas. */
export const payloadKeyReferences = (): string[] =>
  (process.env.SUREFOOT_PAYLOAD_KEYS ?? '').split(',').map((each) => each.slice(each.indexOf('=') + 1).trim());

import { randomBytes } from 'node:crypto';

/** A new deployment's ID: `eduautismo-20251124-115100-4f3a`, in UTC. */
export function newDeploymentId(service: string, now = new Date()): string {
  const [date, time] = now.toISOString().slice(0, 19).replace(/[-:]/g, '').split('T');
  return `${service}-${date}-${time}-${randomBytes(2).toString('hex')}`;
}
